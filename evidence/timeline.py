"""A journal told as a timeline.

Owns one line of text for each record, so that a reader sees what a session claims. Refuses trust:
nothing is verified here, and nothing is sent to a terminal that it would obey.
"""

from __future__ import annotations

from collections.abc import Iterator

from evidence import jws
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from evidence.journal import Lines
from evidence.records import SESSION_RECORDS
from evidence.report import printable

_LEFT_OUT = frozenset(
    {"chainkey", "chunks", "next", "x5c", "prev", "mono_ns", "boot_id", "utc", "utc_q", "v", "sid"}
)
_DIGEST = 64
_SHORT = 16
_UNKNOWN = " " * 5 + "?" + " " * 31


def tell(lines: Lines) -> Iterator[str]:
    """One line of text for each line of the journal."""
    yield f"{'i':>6}  {'utc':<27}  record"
    for raw in lines.complete:
        try:
            yield _record(jws.parse(raw, jws.TYP_RECORD).payload())
        except EvidenceError as error:
            yield f"{_UNKNOWN}{len(raw)} bytes that are no record: {printable(error.detail)}"
    if lines.torn:
        yield f"{_UNKNOWN}{len(lines.torn)} bytes of a line that was not finished"


def _record(payload: JsonObject) -> str:
    t = payload.get("t")
    known = SESSION_RECORDS.get(t, {}) if isinstance(t, str) else {}
    fields = {name: payload[name] for name in known if name in payload} or payload
    told = (f"{name}={_value(value)}" for name, value in fields.items() if name not in _LEFT_OUT)
    number, utc = payload.get("i"), payload.get("utc")
    return printable(f"{number!s:>6}  {utc!s:<27}  {t!s:<7} {' '.join(told)}")


def _value(value: object) -> str:
    if isinstance(value, str) and len(value) == _DIGEST:
        return f"{value[:_SHORT]}…"
    if isinstance(value, dict):
        return "{" + " ".join(f"{k}={_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value[:4]) + "]"
    return str(value)
