"""Why a recorder is not taken in, by stable code.

Owns the wording for clerks; the recorder says the same codes in words for whoever holds it. Refuses
recovery: a refused request has changed nothing.
"""

from __future__ import annotations

from typing import Final

from provisioning.errors import ProvisioningError

_DIAGNOSES: Final = {
    "admission": "设备的申请未被接受",
    "malformed": "设备的申请无效",
    "claim_unknown": "没有为该设备登记领取码，或领取码不符；请重新生成种子（provision seed）",
    "claim_late": "领取码已过期（24 小时）；请重新生成种子（provision seed）",
    "claim_used": "领取码已被另一台设备使用：请停止配发并查明种子去向",
    "claim_serial": "设备的序列号与登记的不符，请核对实物",
    "claim_board": "设备的硬件类型与登记的不符，请核对实物",
    "serial": "该序列号已属于另一台设备，请核对实物",
    "capability": "设备的配置低于登记的要求",
    "keys": "申请中的密钥已属于另一台设备",
    "digits": "六位数字与设备的不一致，未予登记",
    "medium": "存储盘无法读写，或没有该设备的申请文件",
    "seed": "该文件夹里的种子属于另一台设备，未作改动",
    "list": "名单文件无法使用：须为 UTF-8 或 GB18030 编码的 CSV，首行为九个列名",
    "person": "该执法证号在名册中是另一姓名或部门，请核对，或用 provision person add --update 更新",
    "approver": "批准人不在名册中，或不是主要负责人；请先 provision person add",
    "listen": "无法在该地址和端口上等待设备",
}


class AdmissionError(ProvisioningError):
    """A request, or what leads to one, that is refused."""

    code = "admission"
    wordings = _DIAGNOSES
