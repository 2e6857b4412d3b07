"""Attacks on assignments, through the vault's dock socket: refused, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agent.vault import messages as m
from evidence import jws
from evidence.assignment import MAX_ASSIGNMENT_BYTES, MOST_OFFICERS, Standing
from evidence.bureau_word import signed_word
from evidence.canonical import JsonObject
from evidence.store.signers import file_signer
from tests.kits.bureau.enrolment import Enrolled, assign, enrol
from tests.kits.device.vault import records
from tests.kits.device.words import Dock, certificate, key, policy, token

pytestmark = pytest.mark.rule("A1")

Refused = Callable[[bytes], str]


@pytest.fixture(scope="module")
def enrolled(tmp_path_factory: pytest.TempPathFactory) -> Enrolled:
    one = enrol(tmp_path_factory.mktemp("a"))
    assign(one, number=5)
    return one


@pytest.fixture
def refused(enrolled: Enrolled, dock: Dock) -> Refused:
    """Sends an assignment; its code, once it is certain that nothing but the log has changed."""

    def submit(content: bytes) -> str:
        before = enrolled.device.paths.assignment.read_bytes()
        answer = dock.submit("roster", content)
        assert isinstance(answer, m.Refused), answer
        assert enrolled.device.paths.assignment.read_bytes() == before
        assert not enrolled.device.paths.staged_assignment.exists()
        last = records(enrolled.device.paths.device_log)[-1]
        assert (last["t"], last["code"]) == ("refusal", answer.code)
        return answer.code

    return submit


def signed(enrolled: Enrolled, typ: str = jws.TYP_ASSIGNMENT, **changes: Any) -> bytes:
    """Anything at all, signed by the bureau's receipt key."""
    payload: JsonObject = jws.parse(token(enrolled, 6), jws.TYP_ASSIGNMENT).payload()
    return signed_word({**payload, **changes}, typ, key(enrolled, "receipt"), certificate(enrolled))


def test_an_older_number_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(token(enrolled, 4)) == "assignment_older"


def test_the_same_number_with_other_content_is_refused(
    enrolled: Enrolled, refused: Refused
) -> None:
    assert refused(token(enrolled, 5, custodian="O-9")) == "assignment_older"


@pytest.mark.rule("A3")
def test_one_for_another_device_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(token(enrolled, 6, device="REC-999")) == "assignment_device"


def test_another_bureaus_is_refused(foreign: Enrolled, refused: Refused) -> None:
    assert refused(token(foreign, 6)) == "assignment_signature"


def test_one_that_the_clerk_signed_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(token(enrolled, 6, signer=key(enrolled, "rulebook-1"))) == "assignment_signature"


def test_one_that_the_recorder_signed_for_itself_is_refused(
    enrolled: Enrolled, refused: Refused
) -> None:
    paths = enrolled.device.paths
    own = file_signer(paths.signing_key)
    mine = token(enrolled, 6, signer=own, certificate=paths.signing_certificate)
    assert refused(mine) == "assignment_signature"


def test_a_changed_byte_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    content = bytearray(token(enrolled, 6))
    content[len(content) // 2] ^= 1
    assert refused(bytes(content)).startswith("assignment_")


def test_one_cut_short_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(token(enrolled, 6)[:-10]) == "assignment_malformed"


@pytest.mark.parametrize("typ", [jws.TYP_RECEIPT, jws.TYP_PLAN])
def test_what_the_same_key_signed_as_something_else_is_no_assignment(
    enrolled: Enrolled, refused: Refused, typ: str
) -> None:
    assert refused(signed(enrolled, typ)) == "assignment_malformed"


@pytest.mark.rule("A7")
@pytest.mark.parametrize("name", ["custodian", "keeper", "leader", "approval"])
def test_one_without_custodian_keeper_leader_or_approval_assigns_nothing(
    enrolled: Enrolled, refused: Refused, name: str
) -> None:
    without: dict[str, Any] = {name: None}
    assert refused(signed(enrolled, **without)) == "assignment_malformed"


def test_a_standing_that_there_is_not_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(signed(enrolled, standing="lent")) == "assignment_malformed"


def test_a_freeze_without_a_reason_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(signed(enrolled, standing=str(Standing.FROZEN))) == "assignment_malformed"


@pytest.mark.rule("A4")
@pytest.mark.parametrize(
    "officers",
    [
        [{"id": f"O-{n}", "until": None} for n in range(100, 100 + MOST_OFFICERS + 1)],
        [{"id": "O-7", "until": None}] * 2,
        [{"id": "O-1", "until": "2020-01-01T00:00:00.000000Z"}],
        [{"id": "O-7"}],
        [{"id": "O-7", "until": None, "name": "张某"}],
        [{"id": "张某", "until": None}],
        [{"id": "O-7", "until": "2027-03-31"}],
        ["O-7"],
        {"O-7": None},
        "O-7",
        None,
    ],
    ids=[
        "too many",
        "one twice",
        "the custodian once more",
        "no end and no word of one",
        "a field too many",
        "a name",
        "a day without a time",
        "ids alone",
        "an object",
        "a text",
        "null",
    ],
)
def test_a_roster_that_is_none_is_refused(
    enrolled: Enrolled, refused: Refused, officers: object
) -> None:
    assert refused(signed(enrolled, officers=officers)) == "assignment_malformed"


@pytest.mark.rule("A4")
def test_a_roster_of_a_recorder_in_nobody_s_hands_is_refused(
    enrolled: Enrolled, refused: Refused
) -> None:
    nobody: dict[str, Any] = {"custodian": None, "standing": str(Standing.UNASSIGNED)}
    officers = [{"id": "O-7", "until": None}]
    assert refused(signed(enrolled, **nobody, officers=officers)) == "assignment_malformed"


def test_an_unknown_field_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(signed(enrolled, name="张某")) == "assignment_malformed"


def test_one_that_is_too_large_is_refused(refused: Refused) -> None:
    assert refused(b"x" * (MAX_ASSIGNMENT_BYTES + 1)) == "assignment_size"


def test_a_policy_in_an_assignments_place_is_refused(enrolled: Enrolled, refused: Refused) -> None:
    assert refused(policy(enrolled)).startswith("assignment_")
