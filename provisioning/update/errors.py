"""What is refused about an update at the desk, by stable code.

Owns the codes and their wording for clerks. Refuses recovery: nothing was changed.
"""

from __future__ import annotations

from provisioning.errors import ProvisioningError

_DIAGNOSES = {
    "update_source": "升级包来源文件夹不符合要求",
    "update_bundle": "升级包文件夹不可用，未作改动",
    "update_signer": "该密钥不是现行签名根文件中的密钥",
    "update_unsigned": "升级包缺少签署",
    "update_refused": "设备将拒绝该升级包，未作改动",
    "update_older": (
        "升级包序号不大于已发布的序号，未作改动；请用更大的序号重新制作、双签名后再发布"
    ),
    "update_published": "已发布升级的登记无法读取，未作改动；请从备份恢复该文件",
}


class UpdateError(ProvisioningError):
    """An update that is refused; nothing was changed."""

    code = "update_bundle"
    wordings = _DIAGNOSES
