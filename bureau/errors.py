"""What can go wrong at the desk, by stable code.

Owns the bureau's errors and their wording for clerks. Refuses recovery: who catches one decides.
"""

from __future__ import annotations

from evidence.errors import DiagnosedError

_DIAGNOSES = {
    "settings": "单位配置文件有误，请重新运行 provision init",
    "unknown_device": "设备未在本单位登记，不予接收",
    "revoked_device": "设备证书已注销或设备已停用，不予接收",
    "registry": "设备登记文件有误，请重新登记该设备",
    "refused": "传输内容不符合约定，不予接收",
    "device_log": "设备台账核验未通过，已转入隔离区",
    "journal": "记录日志核验未通过，已转入隔离区",
    "quarantined": "该记录已在隔离区，请由管理人员处理",
    "busy": "采集工作站已在运行，同一单位目录只能运行一个",
    "receipts": "回执簿有误，暂停签发回执",
    "ledger": "管理台账无法读写",
    "no_session": "查无此记录",
    "no_identity": "解密身份文件不可用",
    "open": "记录无法打开",
    "out": "导出目录不可用",
    "plan_file": "计划文件有误",
    "plan_activity": "事项代码不在事项表中",
    "plan_officers": "执法人员人数或信息不符合本单位办法",
    "plan_time": "计划的起止时间不正确",
    "plan_number": "计划序号不可用",
    "plan_device": "计划中的设备未在本单位登记或已停用",
    "plan_nobody": "计划中的设备尚未配发给任何人，未登记也未签发；请先配发",
    "plan_roster": (
        "计划中的执法人员都不在该设备的使用名单内，记录仪不会提供这份计划，未登记也未签发；"
        "请先把其中一人列入名单，或改发给他们可以使用的设备"
    ),
    "plan_missing": "计划内容不完整",
    "plan_again": "该计划已存在",
    "plan_book": "计划簿有误",
    "no_plan": "查无此计划",
    "time": "日期或时间格式不正确",
    "explain": "说明内容不完整",
    "docking": "须写明处理人和处理意见",
    "no_docking": "查无此次对接，或没有待处理的异常",
    "report": "记录无法评定",
    "no_rulebook": "本单位没有该记录所依据的办法，无法评定",
    "broker": "消息服务（mosquitto）无法启动",
    "link": "无法连接消息服务",
}


class BureauError(DiagnosedError):
    """Something at the receiving desk did not go as it has to."""

    code = "bureau"
    wordings = _DIAGNOSES


class SettingsError(BureauError):
    """``bureau.toml`` is missing or wrong."""

    code = "settings"


class UnknownDeviceError(BureauError):
    """A device that this bureau has not enrolled, or no longer accepts."""

    code = "unknown_device"


class RegistryError(BureauError):
    """A registry entry that cannot be read."""

    code = "registry"


class RefusedError(BureauError):
    """A message that asks for what the desk does not do; trying again does not help."""

    code = "refused"


class BusyError(BureauError):
    """Another intake works on the same bureau folder."""

    code = "busy"


class ReceiptBookError(BureauError):
    """The book of receipts is not one chain; nothing more is signed until a person has looked."""

    code = "receipts"


class LedgerError(BureauError):
    """The ledger's database cannot be read or written."""

    code = "ledger"


class AccessError(BureauError):
    """A session that cannot be opened."""

    code = "open"


class PlanningError(BureauError):
    """A session plan that cannot be made, found or sent."""

    code = "plan_book"


class WrittenTimeError(BureauError):
    """A day or a time that nobody could have meant."""

    code = "time"


class ExplanationError(BureauError):
    """An explanation that says nothing, or of nothing."""

    code = "explain"


class DockingError(BureauError):
    """A docking that cannot be settled."""

    code = "docking"


class BrokerError(BureauError):
    """Mosquitto is missing, does not start, or does not listen."""

    code = "broker"


class LinkError(BureauError):
    """The broker cannot be reached, or does not accept the desk."""

    code = "link"


class ReportError(BureauError):
    """A session cannot be judged by the rules."""

    code = "report"
