"""What can go wrong while a bureau prepares devices, by stable code.

Owns provisioning's errors and their wording for clerks. Refuses recovery: a refused command has
changed nothing.
"""

from __future__ import annotations

from evidence.errors import DiagnosedError

_DIAGNOSES = {
    "bureau": "这不是一个可用的单位文件夹",
    "bureau_conflict": "该文件夹已为另一单位或以其他参数建立，未作改动",
    "device_id": "设备编号不符合要求",
    "board": "未知的硬件类型",
    "enrolled": "该编号已配发给另一台设备，未作改动",
    "revoked": "该设备已注销，不能再使用原编号配发",
    "unknown_device": "登记簿中没有该设备",
    "clip": "告知语音文件缺失或被改动",
    "policy": "本单位办法的修改不被接受",
    "ledger": (
        "配发台账核验不通过，未作任何改动，在恢复之前一切办理停止；"
        "下一步：运行 provision audit，它列出断在哪一行、用哪一份备份恢复、之后要补办什么"
        "（管理人员手册第十章）"
    ),
    "settings": "参数不符合要求",
    "passphrases": "根密钥口令不符合要求：三把密钥各一句，每句至少 12 个字符，互不相同",
    "passphrases_differ": "两次输入的口令不一致，未作改动；请重新运行同一条命令，再输入一遍",
    "disk": "磁盘已满或无法写入，请腾出空间后重新运行同一条命令",
    "rotation": "签名根文件未更换",
    "pending": "上次更换签名根文件中途停止，请先运行 provision root rotate 完成它",
    "backup": "备份文件无法使用，未作改动",
}


class ProvisioningError(DiagnosedError):
    """A command that is refused; nothing was changed."""

    code = "provisioning"
    wordings = _DIAGNOSES


class BureauError(ProvisioningError):
    """The folder is no bureau, or an unusable one."""

    code = "bureau"


class BureauConflictError(ProvisioningError):
    """The folder is another bureau, or the same one founded with other values."""

    code = "bureau_conflict"


class DeviceIdError(ProvisioningError):
    """Not a device id, or one that the desk itself uses."""

    code = "device_id"


class BoardError(ProvisioningError):
    """No such board."""

    code = "board"


class EnrolledError(ProvisioningError):
    """The id, or the key, is already somebody else's."""

    code = "enrolled"


class RevokedError(ProvisioningError):
    """The device was revoked."""

    code = "revoked"


class UnknownDeviceError(ProvisioningError):
    """The registry has no such device."""

    code = "unknown_device"


class ClipError(ProvisioningError):
    """An announcement's clip is missing, or not the one its digests name."""

    code = "clip"


class PolicyError(ProvisioningError):
    """A change of the rulebook that is not accepted."""

    code = "policy"


class LedgerError(ProvisioningError):
    """The provisioning ledger does not verify."""

    code = "ledger"


class SettingsError(ProvisioningError):
    """A value that cannot stand in a settings file, or one that contradicts it."""

    code = "settings"


class PassphrasesError(ProvisioningError):
    """Passphrases that protect nothing, or nobody to ask for them."""

    code = "passphrases"


class PassphrasesDifferError(PassphrasesError):
    """A new passphrase was typed in two ways: nobody would know which one protects the key."""

    code = "passphrases_differ"


class DiskError(ProvisioningError):
    """The medium is full or cannot be written; what was begun is finished by the same command."""

    code = "disk"


class RotationError(ProvisioningError):
    """A root document that may not follow the one in force."""

    code = "rotation"


class PendingError(ProvisioningError):
    """Another command was cut short and has to be finished first."""

    code = "pending"


class BackupError(ProvisioningError):
    """A backup that cannot be made, or not be restored."""

    code = "backup"
