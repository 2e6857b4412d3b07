"""Names and times have one spelling."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import ids
from evidence.errors import MalformedError
from evidence.moments import utc_ns, utc_text

YEAR_9999_NS = 253_402_300_799_999_999_000


def test_a_session_id_is_the_example_of_rfc_9562() -> None:
    randomness = bytes.fromhex("0cc318c4dc0c0c07398f")
    made = ids.session_id(0x017F22E279B0, randomness)
    assert made == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_every_session_id_is_a_uuid_of_version_7(utc_ms: int, randomness: bytes) -> None:
    made = ids.session_id(utc_ms, randomness)
    assert ids.is_session_id(made)
    assert (uuid.UUID(made).version, uuid.UUID(made).variant) == (7, uuid.RFC_4122)
    assert int(made.replace("-", "")[:12], 16) == utc_ms


@pytest.mark.parametrize("name", ["REC-0001", "A1B", "9" * 32])
def test_these_are_device_ids(name: str) -> None:
    assert ids.is_device_id(name)


@pytest.mark.parametrize(
    "name", ["", "AB", "rec-0001", "-ABC", "A" * 33, "REC_1", "REC-1\n", "../X", "REC 1", None, 7]
)
def test_these_are_no_device_ids(name: object) -> None:
    assert not ids.is_device_id(name)


@pytest.mark.parametrize("name", ["000000.mp4.age", "999999.jpg.age", "plan.json.age"])
def test_these_may_name_a_sealed_file(name: str) -> None:
    assert ids.is_content_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "0.mp4.age", "../000000.mp4.age", "000000.mp4", "000000.mp4.age\n", "journal.jws", None],
)
def test_these_may_not(name: object) -> None:
    assert not ids.is_content_name(name)


def test_the_journal_is_a_file_of_a_session_but_no_sealed_one() -> None:
    assert ids.is_file_name("journal.jws")
    assert not ids.is_file_name("device.jws")


@given(st.integers(0, YEAR_9999_NS // 1_000))
def test_a_time_reads_back_to_the_microsecond(microseconds: int) -> None:
    assert utc_ns(utc_text(microseconds * 1_000)) == microseconds * 1_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21T04:46:32Z",
        "2026-11-21T04:46:32.123456+00:00",
        "2026-11-21 04:46:32.123456Z",
        "2026-02-30T04:46:32.123456Z",
        "2026-11-21T24:00:00.000000Z",
        "\uff12026-11-21T04:46:32.123456Z",
        "2026-11-21T04:46:32.12345\uff16Z",
        "2026-11-21T04:46:32.123456Z\n",
    ],
)
def test_another_spelling_of_a_time_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        utc_ns(text)
