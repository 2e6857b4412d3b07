"""What can be found, by stable code.

Owns the table of codes: how severe each one is and what it means, in English and Chinese
(``docs/format.md`` prints it). Refuses degrees: a code has one severity, wherever it is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from types import MappingProxyType
from typing import Final

MOST_PER_CODE: Final = 200
"""Findings of one code that are listed; the rest is counted in one ``more_findings``."""


@unique
class Severity(StrEnum):
    """How bad a finding is, mildest first."""

    INFO = "info"
    EXPLAINED = "explained"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says to people."""

    severity: Severity
    english: str
    chinese: str


_I, _E, _B = Severity.INFO, Severity.EXPLAINED, Severity.BROKEN

CODES: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        # How a chain's file is put together.
        "too_large": Meaning(_B, "larger than the format allows; not read", "超过格式上限, 未读取"),
        "line_malformed": Meaning(
            _B, "a line that is no signed record and that nothing explains", "无法解释的损坏行"
        ),
        "line_foreign": Meaning(
            _B, "a line that belongs to no place in this chain", "不属于本链条的行"
        ),
        "line_repeated": Meaning(_B, "a line that stands in the file twice", "重复出现的行"),
        "line_moved": Meaning(_B, "a line that stands out of its order", "顺序被调换的行"),
        "line_missing": Meaning(_B, "one or more lines are missing here", "此处缺少记录"),
        "lines_unchecked": Meaning(
            _I,
            "signatures that cannot be checked, as the line naming their key is damaged",
            "因密钥所在行受损而无法核对签名的行",
        ),
        "chain_broken": Meaning(
            _B, "a signed line that names another predecessor or number", "签名行的前后衔接不符"
        ),
        "torn_line": Meaning(
            _E,
            "a line torn by a crash, named by the record after it",
            "中断造成的残行, 已有记录说明",
        ),
        "torn_tail": Meaning(
            _E, "the file ends within a line: its writer was interrupted", "文件末行未写完"
        ),
        # Who signed.
        "certificate": Meaning(
            _B,
            "the certificate was not issued by this bureau for this use",
            "证书非本单位签发或用途不符",
        ),
        "statement": Meaning(
            _B, "the device's key does not vouch for the chain key", "设备密钥未为链条密钥背书"
        ),
        "wrong_device": Meaning(_B, "signed for another device", "属于另一台设备"),
        "signature": Meaning(_B, "the signature does not fit the line", "签名与内容不符"),
        "record_invalid": Meaning(
            _B, "a signed record whose fields are not the format's", "记录字段不符合格式"
        ),
        "certificate_period": Meaning(
            _I, "signed outside the certificate's period", "签名时间不在证书有效期内"
        ),
        # The order of a session.
        "not_opened": Meaning(
            _B, "the journal does not begin with its open record", "缺少开始记录"
        ),
        "out_of_place": Meaning(
            _B,
            "a signed record where the order of a session has no place for it",
            "记录出现在不应出现之处",
        ),
        "attest_missing": Meaning(
            _B, "the device's key did not attest this record", "缺少设备密钥的确认"
        ),
        "attest_mismatch": Meaning(
            _B, "an attestation of another record than the one before it", "确认记录与前一行不符"
        ),
        "unattested": Meaning(
            _E, "closed, but interrupted before the attestation", "已关闭, 但确认前发生中断"
        ),
        "interrupted": Meaning(
            _E, "the vault was interrupted here and went on", "此处证据库中断后恢复"
        ),
        "resume_mismatch": Meaning(
            _B, "a resumption that names other remains than there are", "恢复记录与实际残留不符"
        ),
        "closed_early": Meaning(
            _E, "the session was closed by an interruption", "本次记录因中断而关闭"
        ),
        "not_closed": Meaning(_E, "the journal has no close record yet", "日志尚未关闭"),
        "close_mismatch": Meaning(
            _B, "the close record does not add up to the segments before it", "关闭记录与片段不符"
        ),
        # Time.
        "time_backwards": Meaning(_B, "time goes back within one boot", "时间倒退"),
        "time_inconsistent": Meaning(
            _B, "wall clock and running clock do not agree within one start", "时钟前后不一致"
        ),
        "clock_step": Meaning(_I, "the wall clock was stepped; stamps went on", "系统时间曾被调整"),
        "time_unsure": Meaning(_I, "the time was not calibrated", "时间未校准"),
        # Media.
        "segment_order": Meaning(
            _B, "a segment with the wrong number, name or counts", "片段编号或计数不符"
        ),
        "tick_order": Meaning(
            _B, "a tick of the wrong file, or one that goes back", "进度记录不符"
        ),
        "pts_gap": Meaning(_B, "frames are missing that nothing explains", "画面缺失且无说明"),
        "pts_overlap": Meaning(_B, "frames stand twice without a resumption", "画面重复且无说明"),
        "overlap": Meaning(_I, "frames sent again after a resumption", "恢复后重发的画面"),
        "gap": Meaning(_E, "a signed gap in the recording", "有签名说明的断点"),
        "doubt": Meaning(
            _I,
            "sound whose time is signed as less certain than 5 ms",
            "部分声音的时间误差可能超过 5 毫秒, 已签名说明",
        ),
        "doubt_reversed": Meaning(
            _B, "a doubt of sound that ends before it begins", "声音时间说明的起止颠倒"
        ),
        "frames_dropped": Meaning(_E, "frames known to have been dropped", "已知丢帧"),
        "segment_cut": Meaning(
            _E, "the recorder was lost; the vault ended the segment", "录制中断, 由证据库收尾"
        ),
        "orphan": Meaning(
            _E, "a file that a crash left unfinished, named as found", "中断留下的未完成文件"
        ),
        # Files.
        "missing_file": Meaning(_B, "a signed file is not there", "缺少文件"),
        "unreadable_file": Meaning(_B, "a signed file cannot be read", "文件无法读取"),
        "file_truncated": Meaning(_B, "a file is shorter than what was signed", "文件被截短"),
        "file_extended": Meaning(_B, "a file is longer than what was signed", "文件被加长"),
        "file_altered": Meaning(
            _B, "a file's bytes are not those that were signed", "文件内容被改动"
        ),
        "digest_conflict": Meaning(
            _B, "signed records disagree about the bytes of a file", "签名记录之间对文件的描述矛盾"
        ),
        "not_sealed": Meaning(
            _B, "not an age file to exactly two X25519 recipients", "文件未按规定加密封存"
        ),
        "unsigned_file": Meaning(
            _B, "a file in the place of evidence that nobody signed", "无人签名的证据文件"
        ),
        "unjudged_file": Meaning(
            _I, "a file whose record is damaged or missing", "因记录受损而无法判断的文件"
        ),
        "open_segment": Meaning(
            _E, "the file that was being written when the journal ends", "日志结束时正在写入的文件"
        ),
        "stray_file": Meaning(_I, "a file that is no part of the evidence", "不属于证据的文件"),
        # Witnesses.
        "journal_truncated": Meaning(
            _B, "the journal was closed, and its end has been cut off", "日志结尾被截去"
        ),
        "journal_differs": Meaning(
            _B, "another journal than the one that was closed", "日志与设备台账或回执所载不符"
        ),
        "also_differs": Meaning(
            _I,
            "device log or receipt confirm that the journal was changed",
            "台账或回执佐证日志被改动",
        ),
        "head_unknown": Meaning(
            _B, "the journal follows a device log line that is not there", "日志所接台账行不存在"
        ),
        "log_foreign": Meaning(_B, "the device log of another device", "台账属于另一台设备"),
        "log_differs": Meaning(
            _B, "the device log says something else of this session", "台账对本次记录的描述不符"
        ),
        "session_unlisted": Meaning(
            _E, "the device log ends before this session's line", "台账尚无本次记录"
        ),
        "counter_gap": Meaning(
            _B, "a session is missing between two of the device log", "台账中缺少一次记录"
        ),
        "session_gone": Meaning(
            _B,
            "the device log names a session that is not there and was not released",
            "台账所载的记录不在卡上, 且未经释放",
        ),
        "session_misplaced": Meaning(
            _B, "a folder that bears another session's name", "文件夹名与其中的记录不符"
        ),
        "session_unentered": Meaning(
            _B,
            "a session that the device would have entered in its log long ago",
            "设备早应登记而台账未登记的记录",
        ),
        "receipt_unrecorded": Meaning(
            _B, "another receipt than the device log names", "回执与台账所载的不是同一份"
        ),
        "word_differs": Meaning(
            _B,
            "rulebook or assignment are older than, or other than, what the device adopted",
            "办法或配发文件比设备已采用的旧, 或与之不同",
        ),
        "receipt_invalid": Meaning(_B, "not a receipt of this bureau", "回执无效"),
        "receipt_foreign": Meaning(
            _B, "the receipt of another device, session or kind", "回执属于另一次记录"
        ),
        "receipt_differs": Meaning(
            _B, "the receipt names other bytes than the journal", "回执与日志不符"
        ),
        "receipt_incomplete": Meaning(_B, "the receipt does not name every file", "回执未列全文件"),
        # Policy.
        "rulebook_invalid": Meaning(_B, "not a rulebook signed as the root asks", "办法文件无效"),
        "rulebook_foreign": Meaning(_B, "a rulebook for other devices", "办法文件不适用于本设备"),
        "rulebook_differs": Meaning(
            _B, "another rulebook than the session was opened under", "办法文件与开始记录不符"
        ),
        "rulebook_expired": Meaning(
            _I, "the rulebook was not in its period", "办法文件不在有效期内"
        ),
        "announcement_unknown": Meaning(
            _B, "an announcement that the rulebook does not know", "告知内容与办法文件不符"
        ),
        "recipients_differ": Meaning(
            _B, "sealed to other recipients than the rulebook's", "加密对象与办法文件不符"
        ),
        # Disclosure.
        "count_backwards": Meaning(_B, "a lifetime number that does not go up", "终身计数没有递增"),
        "preflight_absent": Meaning(_I, "no check before use is on record", "没有使用前检查记录"),
        "preflight_late": Meaning(
            _I, "the check before use was made after the press", "按下录制键后才完成使用前检查"
        ),
        "preflight_old": Meaning(
            _I, "the check before use was older than the rulebook allows", "使用前检查已过有效期"
        ),
        "preflight_warned": Meaning(
            _I, "the check before use found something", "使用前检查有提示事项"
        ),
        "preflight_unknown": Meaning(
            _B, "a check before use that the device log does not hold", "台账中没有所指的使用前检查"
        ),
        "nonce_unknown": Meaning(
            _B, "a challenge that the device log does not hold", "台账中没有所指的对接询问"
        ),
        "follows": Meaning(_I, "it goes on with a session that ended before", "接续前一次记录"),
        "previous_differs": Meaning(
            _B, "the session it goes on with is another in the device log", "所接续的记录与台账不符"
        ),
        "prompt_overlaps": Meaning(
            _I, "a prompt began while the announcement was playing", "提示音与告知重叠"
        ),
        "disclosure_verified": Meaning(
            _I, "the announcement was played and heard", "告知已播放并经核实"
        ),
        "disclosure_unverified": Meaning(
            _I, "the announcement was not proven to be heard", "告知未经核实"
        ),
        "disclosure_missing": Meaning(_I, "no announcement is on record", "没有告知记录"),
        # A signed compliance report; ``evidence.compliance.document`` judges it.
        "report_invalid": Meaning(
            _B, "not a compliance report that this bureau signed", "不是本单位签名的合规报告"
        ),
        "report_differs": Meaning(
            _B, "the report says something else than the bureau signed", "报告内容与单位签名的不符"
        ),
        "report_foreign": Meaning(
            _B, "the report is on another recording", "报告不是关于这次记录的"
        ),
        "more_findings": Meaning(
            _I, "further findings of a code were only counted", "其余同类从略"
        ),
    }
)
"""Every code with its severity and its meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was found.

    Attributes:
        code: A key of ``CODES``.
        session: Session id; None where it could not be learnt.
        record: ``i`` of the record, or of the place where one is missing; None where none is meant.
        file: The file it is about: the chain's own for findings about lines.
        second: Whole seconds since the session was opened; None where that cannot be said.
        detail: For people, in English.
    """

    code: str
    session: str | None = None
    record: int | None = None
    file: str | None = None
    second: int | None = None
    detail: str = ""

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return CODES[self.code].severity


class Findings:
    """What was found so far: bounded, whatever a hostile file holds."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._counts: Counter[str] = Counter()

    def add(
        self,
        code: str,
        detail: str = "",
        *,
        record: int | None = None,
        file: str | None = None,
        second: int | None = None,
    ) -> None:
        """Take one finding."""
        self._counts[code] += 1
        if self._counts[code] <= MOST_PER_CODE:
            self._found.append(
                Finding(code=code, record=record, file=file, second=second, detail=detail)
            )

    def broken(self) -> bool:
        """Whether anything so far is broken."""
        return any(CODES[code].severity is Severity.BROKEN for code in self._counts)

    def extend(self, other: Findings) -> None:
        """Take the findings of a part."""
        self._found.extend(other._found)
        self._counts.update(other._counts)

    def listed(self) -> list[Finding]:
        """All of them, worst first, in the order of their records."""
        folded = [
            Finding(code="more_findings", detail=f"{count - MOST_PER_CODE} more of {code}")
            for code, count in self._counts.items()
            if count > MOST_PER_CODE
        ]
        return sorted([*self._found, *folded], key=_rank)


_ORDER = {Severity.BROKEN: 0, Severity.EXPLAINED: 1, Severity.INFO: 2}


def _rank(finding: Finding) -> tuple[int, str, int, str, int, str]:
    return (
        _ORDER[finding.severity],
        finding.file or "",
        -1 if finding.record is None else finding.record,
        finding.code,
        -1 if finding.second is None else finding.second,
        finding.detail,
    )
