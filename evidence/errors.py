"""What can be wrong with a record, by stable code.

Owns the error hierarchy of the shared format and its wording for people. Refuses judgement: whether
an error is a crime or a power cut is for ``evidence.verify``.
"""

from __future__ import annotations

_DIAGNOSES = {
    "malformed": "内容格式不正确, 不予接受",
    "limit": "内容超过允许的大小或层数, 不予接受",
    "signature": "签名无效, 内容可能被改动",
    "certificate": "证书不是本单位签发或用途不符",
    "record": "记录字段缺失或不符合格式",
    "rulebook": "本单位办法文件无效",
    "receipt": "回执无效, 不得释放空间",
    "wire": "传输消息不符合约定",
    "key": "签名密钥不可用",
    "storage": "存储介质写入失败",
}


class EvidenceError(Exception):
    """Something that claims to be evidence is not what it has to be.

    Args:
        detail: The cause and, where there is one, the next step, in one English sentence.
    """

    code = "evidence"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def diagnosis(self) -> str:
        """The error in Chinese, for officers and clerks."""
        return f"{_DIAGNOSES.get(self.code, '未知错误')} ({self.code}: {self.detail})"


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
    """A rulebook or root document that must not be adopted."""

    code = "rulebook"


class ReceiptError(EvidenceError):
    """A receipt that permits nothing."""

    code = "receipt"


class WireError(EvidenceError):
    """A message between recorder and bureau that breaks the protocol."""

    code = "wire"


class KeyUnusableError(EvidenceError):
    """A signing key that is missing, unreadable or of the wrong kind."""

    code = "key"


class StoreError(EvidenceError):
    """A durable file that could not be written."""

    code = "storage"
