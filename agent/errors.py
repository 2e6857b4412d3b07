"""What can go wrong in the recorder's mind, by stable code.

Owns the agent's errors and their wording for officers. Refuses recovery: who catches one decides.
"""

from __future__ import annotations

from evidence.errors import DiagnosedError

_DIAGNOSES = {
    "settings": "设备配置文件有误, 请交管理人员重新配发",
    "protocol": "设备内部通信异常, 已自动重连",
    "vault": "证据库异常, 请停止使用并报告",
    "storage": "存储空间不足, 请放回底座移交后再用",
    "no_key": "签名密钥不可用, 请交管理人员",
    "no_store": "存储介质无法写入, 请停止使用并报告",
    "custody": "本机已停用、未指定使用人, 或本次使用人不在使用名单内, 请交管理人员",
    "plan_malformed": "执法计划文件无效, 请联系管理人员",
    "plan_size": "执法计划文件过大, 请联系管理人员",
    "plan_signature": "执法计划不是本单位签发, 已拒收",
    "plan_device": "执法计划不适用于本机, 已拒收",
    "plan_expired": "执法计划已过期, 已拒收",
    "plan_changed": "同一编号的执法计划内容不一致, 已拒收",
    "plan_room": "执法计划已满, 请联系管理人员",
    "no_rulebook": "本单位办法无效, 请交管理人员",
    "recording": "正在记录, 不能重复开始",
    "no_session": "当前没有正在进行的记录",
    "receipt": "回执核验未通过, 不释放空间",
    "link": "无法连接采集工作站, 将自动重试",
    "not_authorised": "采集工作站拒绝本机身份, 请交管理人员重新配发",
    "packet_size": "采集工作站消息服务配置过小, 无法传输, 请联系管理人员",
    "tls_key": "本机网络证书不可用, 请交管理人员重新配发",
    "client_version": "传输程序库版本不符, 请交管理人员重新安装",
    "desk_absent": "采集工作站接收程序未运行, 将自动重试",
    "desk_silent": "采集工作站没有应答, 将自动重试",
    "desk_refused": "采集工作站拒绝接收, 请联系管理人员",
    "undocked": "已离开底座, 传输停止, 再次对接后继续",
    "stopped": "对接程序正在停止",
    "unreadable": "本机文件无法读取或已损坏, 请停止使用并报告",
    "clip": "告知语音文件缺失或被改动",
    "no_body": "模拟机身没有运行, 请先执行 recorder run, 或加 --start",
    "field_test": "现场检测不能进行",
    "field_no_vault": "证据库没有运行, 请先启动 (systemctl start recorder-vault), 或加 --start",
    "field_attached": "记录进程正在运行, 请先停止 (systemctl stop recorder-session)",
    "field_recording": "正在记录或有未结束的记录, 不能进行现场检测",
    "field_unsigned": "本机未能签署检测报告, 请停止使用并报告",
    "field_resume": "没有可以继续的断电检测, 请重新进行 recorder field-test",
    "field_forged": "检测报告核验未通过, 不是本单位记录仪签署的原件",
    "field_step": "没有这个检测项目, 见 recorder field-test --list",
    "not_fake": '控制台只用于模拟机身 (board = "fake")',
    "capture": "录音录像程序异常, 正在重新启动",
    "mux": "录音录像写入异常, 正在重新启动",
}


class AgentError(DiagnosedError):
    """Something on the device did not go as it has to."""

    code = "agent"
    wordings = _DIAGNOSES


class SettingsError(AgentError):
    """``device.toml`` is missing or wrong."""

    code = "settings"


class ProtocolError(AgentError):
    """Another process said something that is not in the protocol."""

    code = "protocol"


class VaultError(AgentError):
    """The vault cannot go on; its process ends and is started again."""

    code = "vault"


class RefusedError(AgentError):
    """The vault will not do what was asked; nothing was begun."""

    code = "refused"


class ReceiptRefusedError(AgentError):
    """A receipt that does not fit what the vault holds."""

    code = "receipt"


class LinkError(AgentError):
    """The connection to the bureau failed."""

    code = "link"


class ClipError(AgentError):
    """An announcement's clip is missing or not the one the rulebook names."""

    code = "clip"


class ConsoleError(AgentError):
    """There is no fake body that could be shown."""

    code = "no_body"


class FieldTestError(AgentError):
    """The field test cannot be made, or not be signed."""

    code = "field_test"


class UndockedError(AgentError):
    """The recorder was lifted off the cradle."""

    code = "undocked"


class StoppedError(AgentError):
    """The process was asked to end."""

    code = "stopped"


class UnreadableError(AgentError):
    """A sealed file on the device is not what its journal says."""

    code = "unreadable"
