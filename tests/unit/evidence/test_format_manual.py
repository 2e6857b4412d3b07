"""``docs/format.md`` tells the format as the code has it."""

from __future__ import annotations

import re
from pathlib import Path

from evidence.digests import CHUNK_BYTES
from evidence.keys import EKU_DEVICE_SIGNING
from evidence.records import DEVICE_RECORDS, EVENTS, SESSION_RECORDS
from evidence.verify import CODES

MANUAL = (Path(__file__).parents[3] / "docs" / "format.md").read_text()


def test_every_finding_stands_in_the_manual_with_its_severity_and_meaning() -> None:
    table = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*) \| (.*) \|$", MANUAL, re.MULTILINE)
    assert {row[0]: row[1:] for row in table if row[0] in CODES} == {
        code: (meaning.severity.value, meaning.english, meaning.chinese)
        for code, meaning in CODES.items()
    }


def test_every_record_and_every_field_stands_in_the_manual() -> None:
    for schema in (SESSION_RECORDS, DEVICE_RECORDS):
        for t, fields in schema.items():
            assert f"`{t}`" in MANUAL
            assert [name for name in fields if f"`{name}`" not in MANUAL] == []


def test_every_event_stands_in_the_manual() -> None:
    assert [kind for kind in EVENTS if f"`{kind}`" not in MANUAL] == []
    assert [name for name in EVENTS["disclosure"] if f"`{name}`" not in MANUAL] == []


def test_the_constants_are_those_of_the_code() -> None:
    assert f"{CHUNK_BYTES:,} bytes" in MANUAL
    assert EKU_DEVICE_SIGNING.dotted_string in MANUAL
