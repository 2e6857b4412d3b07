from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.enrolment.enrol import Recorder
from agent.enrolment.errors import EnrolmentRefusedError
from evidence import enrolment
from provisioning.custody import registry
from provisioning.custody.moves.ending import Revoke
from provisioning.custody.register import change
from provisioning.enrolment import claims
from provisioning.enrolment.claiming import Expected, make_claim
from provisioning.enrolment.errors import _DIAGNOSES, AdmissionError
from provisioning.enrolment.settings import DeviceOptions
from provisioning.enrolment.sticks import answer_request
from provisioning.errors import (
    BoardError,
    BureauError,
    ClipError,
    DeviceIdError,
    EnrolledError,
    RevokedError,
)
from provisioning.plan import Report
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.two_ends import PLAIN, TwoEnds

Tree = Callable[[Path], dict[str, bytes]]
DAY_NS = 24 * 3_600 * 1_000_000_000


def code_of(work: Callable[[], Any]) -> str:
    with pytest.raises(AdmissionError) as refused:
        work()
    assert refused.value.code in refused.value.diagnosis()
    return refused.value.code


def pass_time(ends: TwoEnds, ns: int) -> None:
    ends.clock.now_ns += ns  # type: ignore[attr-defined]


@pytest.mark.rule("H8")
def test_who_was_not_expected_is_refused(ends: TwoEnds, tree: Tree) -> None:
    ends.expect("ZF-001")
    ends.ask("ZF-001")
    (ends.bureau / "registry" / "claims" / "ZF-001.json").unlink()
    before = tree(ends.bureau)
    assert code_of(lambda: ends.answer("ZF-001", "123456")) == "claim_unknown"
    assert tree(ends.bureau) == before


@pytest.mark.rule("H8")
def test_nothing_is_issued_before_the_digits_are_right(ends: TwoEnds, tree: Tree) -> None:
    ends.expect("ZF-001")
    right = ends.ask("ZF-001")
    before = tree(ends.bureau)
    wrong = f"{(int(right.replace(' ', '')) + 1) % 1_000_000:06d}"
    for typed in (wrong, "", "12345", "yes", right + "0"):
        assert code_of(partial(ends.answer, "ZF-001", typed)) == "digits"
    assert tree(ends.bureau) == before
    assert not list(ends.stick.glob("*.bundle.json"))
    ends.answer("ZF-001", right.replace(" ", ""))
    assert ends.take("ZF-001") == "enrolled"


def test_a_claim_lives_for_a_day(ends: TwoEnds) -> None:
    ends.expect("ZF-001")
    digits = ends.ask("ZF-001")
    pass_time(ends, DAY_NS)
    assert code_of(lambda: ends.answer("ZF-001", digits)) == "claim_late"
    assert ends.expect("ZF-001").changed == 3
    ends.answer("ZF-001", ends.ask("ZF-001"))
    assert ends.take("ZF-001") == "enrolled"


def test_a_later_claim_voids_the_one_before(ends: TwoEnds) -> None:
    ends.expect("ZF-001")
    digits = ends.ask("ZF-001")
    make_claim(ends.bureau, Expected(device="ZF-001", options=PLAIN), clock=ends.clock)
    assert code_of(lambda: ends.answer("ZF-001", digits)) == "claim_unknown"


@pytest.mark.rule("A4", "H8")
def test_a_claim_that_was_used_is_of_no_use_to_other_keys(ends: TwoEnds, tree: Tree) -> None:
    ends.expect("ZF-001")
    shutil.copytree(ends.device("ZF-001"), ends.folder / "copy")
    ends.answer("ZF-001", ends.ask("ZF-001"))
    ends.take("ZF-001")
    before = tree(ends.bureau)
    shown: list[str] = []
    Recorder.at(ends.folder / "copy").onto_stick(ends.stick, shown.append)
    assert code_of(lambda: ends.answer("ZF-001", shown[0])) == "claim_used"
    assert tree(ends.bureau) == before


def test_hardware_with_another_serial_number_is_refused(ends: TwoEnds) -> None:
    ends.expect("ZF-001", serial="SN-1")
    assert code_of(lambda: ends.answer("ZF-001", ends.ask("ZF-001", "SN-2"))) == "claim_serial"
    ends.answer("ZF-001", ends.ask("ZF-001", "SN-1"))
    Recorder.at(ends.device("ZF-001"), serial="SN-1").from_stick(ends.stick)


def test_one_piece_of_hardware_has_one_id(ends: TwoEnds) -> None:
    ends.expect("ZF-001")
    ends.answer("ZF-001", ends.ask("ZF-001", "SN-1"))
    assert code_of(lambda: ends.expect("ZF-002", serial="SN-1")) == "serial"
    ends.expect("ZF-002")
    assert code_of(lambda: ends.answer("ZF-002", ends.ask("ZF-002", "SN-1"))) == "serial"


def test_hardware_whose_id_has_ended_comes_again_under_another_with_other_keys(
    ends: TwoEnds,
) -> None:
    ends.expect("ZF-001")
    ends.answer("ZF-001", ends.ask("ZF-001", "SN-1"))
    change(ends.bureau, [Revoke(device="ZF-001", reason="compromised")], clock=ends.clock)
    ends.expect("ZF-002", serial="SN-1")
    shutil.copytree(ends.device("ZF-001") / "keys", ends.device("ZF-002") / "keys")
    assert code_of(lambda: ends.answer("ZF-002", ends.ask("ZF-002", "SN-1"))) == "keys"
    ends.device("ZF-002").rename(ends.folder / "the old card again")
    ends.expect("ZF-002", serial="SN-1")
    ends.answer("ZF-002", ends.ask("ZF-002", "SN-1"))
    assert code_of(lambda: ends.expect("ZF-003", serial="SN-1")) == "serial"


def test_hardware_that_came_once_is_the_only_one_under_its_id(ends: TwoEnds) -> None:
    ends.expect("ZF-001")
    ends.answer("ZF-001", ends.ask("ZF-001", "SN-1"))
    make_claim(ends.bureau, Expected(device="ZF-001", options=PLAIN), clock=ends.clock)
    held = claims.find(ends.bureau / "registry", "ZF-001")
    assert held is not None
    assert held.serial == "SN-1"


def test_another_body_than_the_expected_one_is_refused(ends: TwoEnds) -> None:
    ends.expect("ZF-001", options=DeviceOptions(board="pi"))
    seed = ends.device("ZF-001") / "seed" / "seed.toml"
    seed.write_text(seed.read_text().replace('board = "pi"', 'board = "fake"'))
    assert code_of(lambda: ends.answer("ZF-001", ends.ask("ZF-001"))) == "claim_board"


@pytest.mark.rule("A2")
def test_a_device_below_what_its_settings_need_is_refused(ends: TwoEnds) -> None:
    ends.expect("ZF-001", options=DeviceOptions(storage_floor_bytes=1 << 60))
    assert code_of(lambda: ends.answer("ZF-001", ends.ask("ZF-001"))) == "capability"


def test_keys_of_one_device_are_not_enrolled_as_another(ends: TwoEnds) -> None:
    ends.enrol("ZF-001")
    ends.expect("ZF-002")
    shutil.copytree(ends.device("ZF-001") / "keys", ends.device("ZF-002") / "keys")
    assert code_of(lambda: ends.answer("ZF-002", ends.ask("ZF-002"))) == "keys"


def test_one_key_for_two_purposes_is_refused(ends: TwoEnds) -> None:
    ends.expect("ZF-001")
    ends.ask("ZF-001")
    keys = ends.device("ZF-001") / "keys"
    shutil.copy(keys / "signing.pem", keys / "tls.pem")
    assert code_of(lambda: ends.answer("ZF-001", ends.ask("ZF-001"))) == "malformed"


def test_an_enrolled_id_with_other_keys_is_refused_under_a_new_claim_too(ends: TwoEnds) -> None:
    ends.enrol("ZF-001")
    other = TwoEnds(ends.bureau, ends.folder / "other", ends.clock)
    other.expect("ZF-001")
    digits = other.ask("ZF-001")
    with pytest.raises(EnrolledError):
        other.answer("ZF-001", digits)


def test_a_revoked_device_is_neither_expected_nor_enrolled_again(ends: TwoEnds) -> None:
    ends.enrol("ZF-001")
    folder = ends.bureau / "registry"
    entry = registry.find(folder, "ZF-001")
    assert entry is not None
    since = "2026-11-21T00:00:00.000000Z"
    gone = msgspec.structs.replace(entry, status="revoked", revoked_utc=since, reason="lost")
    registry.write(folder, gone)
    with pytest.raises(RevokedError):
        ends.expect("ZF-001")
    with pytest.raises(RevokedError):
        ends.answer("ZF-001", "")


@pytest.mark.parametrize("name", ["zf-001", "ZF", "-ZF1", "ZF_001", "ZF-001/..", "Z" * 33, ""])
def test_a_bad_device_id_is_never_expected(ends: TwoEnds, tree: Tree, name: str) -> None:
    before = tree(ends.bureau)
    with pytest.raises(DeviceIdError):
        make_claim(ends.bureau, Expected(device=name), clock=ends.clock)
    assert tree(ends.bureau) == before


def test_no_device_takes_the_name_of_the_desk(ends: TwoEnds) -> None:
    with pytest.raises(DeviceIdError, match="desk"):
        ends.expect("DESK-01")


def test_an_unknown_board_is_refused(ends: TwoEnds) -> None:
    with pytest.raises(BoardError, match="jetson"):
        ends.expect("ZF-001", options=DeviceOptions(board="jetson"))


def test_a_folder_that_is_no_bureau_is_refused(tmp_path: Path, clock: Callable[[], int]) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(BureauError, match="provision init"):
            make_claim(path, Expected(device="ZF-001"), clock=clock)


def test_a_bureau_whose_clip_was_changed_answers_nobody(ends: TwoEnds) -> None:
    ends.expect("ZF-001")
    digits = ends.ask("ZF-001")
    (ends.bureau / "announce" / "zh-cn" / "text.txt").write_text("本次执法不录像。")
    with pytest.raises(ClipError):
        ends.answer("ZF-001", digits)


def test_a_request_of_another_device_is_not_answered_by_name(ends: TwoEnds) -> None:
    ends.expect("ZF-001")
    ends.expect("ZF-002")
    ends.ask("ZF-001")
    ends.ask("ZF-002")

    def ask(_: object) -> str:
        raise AssertionError

    assert (
        code_of(lambda: answer_request(ends.bureau, ends.stick, ends.stick, ask, clock=ends.clock))
        == "medium"
    )


def test_garbage_on_the_stick_is_refused(ends: TwoEnds) -> None:
    ends.stick.mkdir()
    for content in (b"", b"a" * 20_000, b"a.b.c", bytes(range(256))):
        ends.request("ZF-001").write_bytes(content)
        assert code_of(lambda: ends.answer("ZF-001", "")) == "malformed"
    ends.request("ZF-001").unlink()
    assert code_of(lambda: ends.answer("ZF-001", "")) == "medium"


# In the middle.


@pytest.mark.rule("H8")
def test_a_swapped_ca_shows_in_the_digits(
    ends: TwoEnds, found: Callable[..., Report], tmp_path: Path
) -> None:
    found(tmp_path / "impostor", name="某县统计局")
    ends.expect("ZF-001")
    seed = ends.device("ZF-001") / "seed" / "seed.toml"
    own, other = (
        (path / "certs" / "ca.pem").read_text() for path in (ends.bureau, tmp_path / "impostor")
    )
    seed.write_text(seed.read_text().replace(own, other))
    shown = ends.ask("ZF-001")
    request = ends.request("ZF-001").read_bytes()
    assert enrolment.digits_of(request, ca_of(tmp_path / "impostor")) == shown
    assert code_of(lambda: ends.answer("ZF-001", shown)) == "digits"


@pytest.mark.rule("H8")
def test_swapped_keys_show_in_the_digits_though_the_seed_was_stolen(ends: TwoEnds) -> None:
    ends.expect("ZF-001")
    thief = TwoEnds(ends.bureau, ends.folder / "thief", ends.clock)
    shutil.copytree(ends.device("ZF-001"), thief.device("ZF-001"))
    shown = ends.ask("ZF-001")
    thief.ask("ZF-001")
    shutil.copy(thief.request("ZF-001"), ends.request("ZF-001"))
    assert code_of(lambda: ends.answer("ZF-001", shown)) == "digits"


@pytest.mark.rule("H8")
def test_an_answer_to_a_thief_is_no_answer_to_the_device(ends: TwoEnds, tree: Tree) -> None:
    ends.expect("ZF-001")
    thief = TwoEnds(ends.bureau, ends.folder / "thief", ends.clock)
    shutil.copytree(ends.device("ZF-001"), thief.device("ZF-001"))
    ends.ask("ZF-001")
    thief.answer("ZF-001", thief.ask("ZF-001"))
    shutil.copytree(thief.stick, ends.stick, dirs_exist_ok=True)
    before = tree(ends.device("ZF-001"))
    with pytest.raises(EnrolmentRefusedError) as refused:
        ends.take("ZF-001")
    assert refused.value.code == "answer"
    assert tree(ends.device("ZF-001")) == before


def test_every_code_has_its_words() -> None:
    for code in _DIAGNOSES:
        assert code in AdmissionError("x", code=code).diagnosis()
