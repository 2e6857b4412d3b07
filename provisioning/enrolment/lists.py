"""The list of a batch (``devices.csv``), as a spreadsheet saves it.

Owns its encodings, its columns and what a cell may say. Refuses by row, all rows at once, in words
a clerk can act on; the numbers are those that the spreadsheet shows. Whether a bureau can do what
the list says is not its business.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evidence.ids import is_device_id
from evidence.plan import CERTIFICATE_NUMBER
from provisioning.custody.days import is_day
from provisioning.custody.lines import LONGEST_NAME, is_name
from provisioning.custody.moves.people import tidy
from provisioning.enrolment.errors import AdmissionError

COLUMNS: Final[Mapping[str, str]] = {
    "设备编号": "device",
    "型号": "model",
    "序列号": "serial",
    "部门": "department",
    "使用人": "name",
    "执法证号": "certificate",
    "批准人": "approver",
    "批准文号": "document",
    "批准日期": "date",
}
"""Column → field of ``Row``; in any order."""

MAX_BYTES: Final = 1024 * 1024
MOST_ROWS: Final = 2_000

_FIRST_ROW: Final = 2
_SERIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DAY = re.compile(r"(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})日?")


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row.

    Attributes:
        row: As the spreadsheet numbers it; the header is 1.
        text: Cause and next step, in Chinese.
    """

    row: int
    text: str

    def __str__(self) -> str:
        """As a clerk reads it."""
        return f"第 {self.row} 行：{self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One device that is to come, and who is to have it.

    Attributes:
        row: As the spreadsheet numbers it.
        device: 设备编号.
        model: 型号, as it is on the delivery note.
        serial: 序列号: the only hardware that may have this id.
        department: 部门.
        name: 使用人.
        certificate: 执法证号.
        approver: 批准人, by name.
        document: 批准文号.
        date: 批准日期, ``2026-11-21``.
    """

    row: int
    device: str
    model: str
    serial: str
    department: str
    name: str
    certificate: str
    approver: str
    document: str
    date: str


def read_list(path: Path) -> tuple[list[Row], list[RowError]]:
    """The rows that can be understood, and what is wrong with the others.

    Raises:
        AdmissionError: ``list``: the file as a whole cannot be read: its encoding, its header.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise AdmissionError(f"{path}: {error.strerror}", code="list") from error
    if len(content) > MAX_BYTES:
        raise AdmissionError(f"{path} is larger than {MAX_BYTES} bytes", code="list")
    return parse_list(decode(content))


def decode(content: bytes) -> str:
    """The text of a list: UTF-8 with or without its mark, else GB18030.

    Raises:
        AdmissionError: ``list``: it is neither.
    """
    if b"\0" in content:
        raise AdmissionError("save the list as CSV in UTF-8 or GB18030, not UTF-16", code="list")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AdmissionError("the list is neither UTF-8 nor GB18030", code="list")


def parse_list(text: str) -> tuple[list[Row], list[RowError]]:
    """See ``read_list``."""
    try:
        table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise AdmissionError(f"the list is no CSV: {error}", code="list") from error
    fields = _header(table[0] if table else [])
    if len(table) - 1 > MOST_ROWS:
        raise AdmissionError(f"at most {MOST_ROWS} devices at once", code="list")
    rows, errors = [], []
    for number, cells in enumerate(table[1:], _FIRST_ROW):
        if not any(map(tidy, cells)):
            continue
        found = list(_wrong(cells, fields))
        errors += [RowError(number, wrong) for wrong in found]
        if not found:
            rows.append(_row(number, _cells(cells, fields)))
    return _unique(rows, errors)


def _header(cells: Sequence[str]) -> list[str]:
    names = [tidy(cell) for cell in cells]
    missing = [name for name in COLUMNS if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown or len(names) != len(COLUMNS):
        told = f"missing {'、'.join(missing) or '-'}; unknown {'、'.join(unknown[:5]) or '-'}"
        raise AdmissionError(f"the first row names the columns: {told}", code="list")
    return [COLUMNS[name] for name in names]


def _cells(cells: Sequence[str], fields: Sequence[str]) -> dict[str, str]:
    return {field: tidy(cell) for field, cell in zip(fields, cells, strict=True)}


def _wrong(cells: Sequence[str], fields: Sequence[str]) -> Iterator[str]:
    """Everything that is wrong with a row by itself."""
    if len(cells) != len(fields):
        yield f"有 {len(cells)} 列，应为 {len(fields)} 列；内容含逗号时请加引号"
        return
    held = _cells(cells, fields)
    yield from (f"{title}为空" for title, field in COLUMNS.items() if not held[field])
    if held["device"] and not is_device_id(held["device"]):
        yield f"设备编号 {held['device'][:40]!r} 应为 3 至 32 位大写字母、数字和连字符"
    if held["serial"] and _SERIAL.fullmatch(held["serial"]) is None:
        yield f"序列号 {held['serial'][:40]!r} 只能含字母、数字、点、连字符和下划线"
    if held["certificate"] and CERTIFICATE_NUMBER.fullmatch(held["certificate"]) is None:
        yield f"执法证号 {held['certificate'][:40]!r} 不符合格式"
    for title, field in COLUMNS.items():
        if field in _NAMES and held[field] and not is_name(held[field]):
            yield f"{title}含不能显示的字符或超过 {LONGEST_NAME} 字；生僻字请用通用编码"
    if held["date"] and _day(held["date"]) is None:
        yield f"批准日期 {held['date'][:40]!r} 应写作 2026-11-21"


_NAMES: Final = frozenset({"model", "department", "name", "approver", "document"})


def _row(number: int, held: Mapping[str, str]) -> Row:
    return Row(row=number, **{**held, "date": _day(held["date"]) or ""})


def _day(text: str) -> str | None:
    """A day however a spreadsheet writes it; None where it is none."""
    found = _DAY.fullmatch(text)
    if found is None:
        return None
    year, month, day = found.groups()
    written = f"{year}-{int(month):02d}-{int(day):02d}"
    return written if is_day(written) else None


def _unique(rows: list[Row], errors: list[RowError]) -> tuple[list[Row], list[RowError]]:
    """Ids and serial numbers stand once; later rows are the wrong ones."""
    firsts: dict[tuple[str, str], int] = {}
    kept = []
    for row in rows:
        wrong = [
            f"{title} {text} 与第 {firsts[(title, text)]} 行重复"
            for title, text in (("设备编号", row.device), ("序列号", row.serial))
            if (title, text) in firsts
        ]
        errors += [RowError(row.row, text) for text in wrong]
        firsts = {("序列号", row.serial): row.row, ("设备编号", row.device): row.row} | firsts
        if not wrong:
            kept.append(row)
    return kept, sorted(errors, key=lambda error: error.row)
