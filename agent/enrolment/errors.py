"""Why a recorder is not enrolled, by stable code.

Owns the wording for whoever holds the recorder, of its own refusals and of the desk's. Refuses
recovery: every refusal leaves a folder from which the next run goes on.
"""

from __future__ import annotations

from agent.errors import AgentError

_DIAGNOSES = {
    "enrolment": "未能完成登记",
    "seed": "种子文件缺失或无效, 请由管理人员重新生成 (provision seed)",
    "body": "读不到本机硬件序列号",
    "foreign": "本机文件夹属于另一台设备或另一单位, 未作改动",
    "unreachable": "无法连接登记工作站, 请检查网络, 并请管理人员运行 provision enrol --listen",
    "stranger": "对方不是种子所指的单位, 已断开, 请停止使用并报告",
    "answer": "登记应答无效, 未采用",
    "no_request": "本机没有待答复的申请, 请先运行 recorder enrol --to",
    "no_answer": "存储盘上没有给本机的应答文件",
    "medium": "存储盘无法读写",
    "malformed": "登记工作站认为申请无效",
    "keys": "本机密钥已属于另一台设备, 请停止使用并报告",
    "claim_unknown": "领取码不符或尚未登记, 请由管理人员重新生成种子",
    "claim_late": "领取码已过期 (24 小时), 请由管理人员重新生成种子",
    "claim_used": "领取码已被使用, 请停止使用并报告",
    "claim_serial": "序列号与登记的不符, 请交管理人员核对",
    "claim_board": "硬件类型与登记的不符, 请交管理人员核对",
    "serial": "该序列号已属于另一台设备, 请交管理人员核对",
    "capability": "本机配置低于本单位要求, 请交管理人员",
    "enrolled": "该编号已配发, 密钥不同, 请交管理人员核对",
    "revoked": "该编号已注销, 请由管理人员换用新编号",
    "digits": "六位数字不一致或未经确认, 请重试; 仍不一致请停止使用并报告",
    "busy": "登记工作站正忙, 请稍后重试",
    "bureau": "登记工作站的单位文件夹不可用, 请交管理人员",
}


class EnrolmentRefusedError(AgentError):
    """The recorder was not enrolled, or not yet."""

    code = "enrolment"
    wordings = _DIAGNOSES
