"""What can be wrong with a record, by stable code.

Owns the error hierarchy of the shared format and its wording for people. Refuses judgement: whether
an error is a crime or a power cut is for ``evidence.verify``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

_DIAGNOSES = {
    "malformed": "内容格式不正确, 不予接受",
    "limit": "内容超过允许的大小或层数, 不予接受",
    "signature": "签名无效, 内容可能被改动",
    "certificate": "证书不是本单位签发或用途不符",
    "record": "记录字段缺失或不符合格式",
    "rulebook": "本单位办法文件无效",
    "policy_malformed": "办法传送文件格式不正确",
    "policy_size": "办法传送文件超过允许的大小",
    "policy_root": "签名根文件不被接受（不是本单位的，或不是由现有密钥换发的）",
    "policy_rulebook": "办法签名不足或内容不符合规定",
    "policy_device": "办法不是发给本机的",
    "policy_older": "办法版本比本机见过的旧",
    "policy_changed": "办法版本相同而内容不同",
    "policy_expired": "办法已过有效期",
    "policy_clip": "告知语音缺失，或与办法所载不符",
    "update_malformed": "升级包清单格式不正确",
    "update_signature": "升级包签名不足, 不是本单位批准的",
    "update_older": "升级包版本不高于本机用过的版本, 已拒绝",
    "update_base": "本机现有版本过低或未按版本安装, 不能直接升级",
    "update_early": "升级包尚未生效",
    "update_expired": "升级包已过有效期",
    "update_incomplete": "升级包不完整, 尚缺文件",
    "update_changed": "升级包文件与清单不符, 已拒绝",
    "update_busy": "正在记录或有未移交的记录, 暂不升级",
    "receipt": "回执无效, 不得释放空间",
    "plan_malformed": "执法计划格式不正确",
    "plan_size": "执法计划超过允许的大小",
    "plan_signature": "执法计划不是本单位签发",
    "plan_device": "执法计划不是发给本机的",
    "plan_expired": "执法计划已过期",
    "plan_changed": "已有同编号而内容不同的执法计划",
    "plan_room": "本机执法计划已满",
    "plan_particulars": "执法计划的事项、对象、地点或人员信息不完整或不符合格式",
    "assignment_malformed": "配发文件格式不正确",
    "assignment_size": "配发文件超过允许的大小",
    "assignment_signature": "配发文件不是本单位签发",
    "assignment_device": "配发文件不是发给本机的",
    "assignment_older": "配发文件比本机现有的旧",
    "enrolment": "配发申请或应答无效",
    "challenge": "对接询问、应答或校时内容无效",
    "wire": "传输消息不符合约定",
    "key": "签名密钥不可用",
    "passphrase": "口令不对",
    "storage": "存储介质写入失败",
}


class DiagnosedError(Exception):
    """An error with a stable code and a wording for people; the root of each package's own family.

    Attributes:
        code: Stable, for machines and for the table of wordings.
        detail: The cause and, where there is one, the next step, in one English sentence.
        wordings: Of each code what it means, in Chinese.

    Args:
        detail: See above.
        code: A more precise code than the class's.
    """

    code = "error"
    wordings: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code

    def wording(self) -> str:
        """What the code means, in Chinese."""
        return self.wordings.get(self.code, "未知错误")

    def diagnosis(self) -> str:
        """The error in Chinese, for officers and clerks."""
        return f"{self.wording()}（{self.code}: {self.detail}）"


class EvidenceError(DiagnosedError):
    """Something that claims to be evidence is not what it has to be."""

    code = "evidence"
    wordings = _DIAGNOSES


class MalformedError(EvidenceError):
    """Bytes that do not parse as what they claim to be."""

    code = "malformed"


class LimitError(MalformedError):
    """Too large or too deep to be read safely."""

    code = "limit"


class SignatureError(EvidenceError):
    """A signature that does not verify under the key it has to."""

    code = "signature"


class CertificateError(EvidenceError):
    """A certificate that was not reached from the pinned bureau CA, or is for another purpose."""

    code = "certificate"


class RecordError(EvidenceError):
    """A record whose fields are missing, unknown or out of range."""

    code = "record"


class RulebookError(EvidenceError):
    """A rulebook or root document that must not be adopted.

    Args:
        detail: The cause, in one English sentence.
        code: Where it came to a recorder, which kind: see ``evidence.rulebook.adoption``.
    """

    code = "rulebook"

    def __init__(self, detail: str, code: str = "rulebook") -> None:
        super().__init__(detail)
        self.code = code


class ReceiptError(EvidenceError):
    """A receipt that permits nothing."""

    code = "receipt"


class AssignmentError(EvidenceError):
    """An assignment that is not taken.

    Args:
        detail: The cause, in one English sentence.
        code: Which kind: ``assignment_malformed``, ``assignment_size``, ``assignment_signature``,
            ``assignment_device`` or ``assignment_older`` (its number is not above the one held).
    """

    code = "assignment_malformed"

    def __init__(self, detail: str, code: str = "assignment_malformed") -> None:
        super().__init__(detail)
        self.code = code


class EnrolmentError(EvidenceError):
    """An enrolment's request or answer that proves nothing."""

    code = "enrolment"


class ChallengeError(EvidenceError):
    """A challenge, an answer or a time that proves nothing."""

    code = "challenge"


class PlanError(EvidenceError):
    """A session plan that is not taken.

    Args:
        detail: The cause, in one English sentence.
        code: Which kind: ``plan_malformed``, ``plan_size``, ``plan_signature``, ``plan_device``,
            ``plan_expired``, ``plan_changed`` (another plan had that id), ``plan_room`` (as many
            are held as there are numbers) or ``plan_particulars``.
    """

    code = "plan_malformed"

    def __init__(self, detail: str, code: str = "plan_malformed") -> None:
        super().__init__(detail)
        self.code = code


class WireError(EvidenceError):
    """A message between recorder and bureau that breaks the protocol."""

    code = "wire"


class KeyUnusableError(EvidenceError):
    """A signing key that is missing, unreadable or of the wrong kind."""

    code = "key"


class PassphraseError(KeyUnusableError):
    """The passphrase does not open the key."""

    code = "passphrase"


class StoreError(EvidenceError):
    """A durable file that could not be written."""

    code = "storage"
