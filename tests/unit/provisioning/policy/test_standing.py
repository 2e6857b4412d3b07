"""Who goes by which rulebook: what the recorders' logs and answers say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.bureau_folder import open_bureau
from provisioning.policy.standing import Standing, standings
from tests.kits.bureau.policy import set_policy


def answer(bureau: Path, device: str, **said: object) -> None:
    path = bureau / "registry" / "words" / f"{device}.json"
    path.parent.mkdir(exist_ok=True)
    held = {"number": 1, "state": "adopted", "sha256": "0" * 64, "code": "", "utc": "2027-01-01"}
    path.write_text(json.dumps({"assignment": None, "rulebook": {**held, **said}}))


def one(bureau: Path) -> Standing:
    (found,) = standings(open_bureau(bureau))
    return found


def test_a_device_that_never_docked_has_said_nothing(bureau: Path, device: Path) -> None:
    found = one(bureau)
    assert (found.device, found.state, found.version) == ("ZF-001", "silent", 0)
    assert "尚未答复" in found.told()
    assert not found.has(1)


@pytest.mark.parametrize(
    ("said", "told", "current"),
    [
        ({"number": 2}, "已采用第 2 版", True),
        ({"number": 1}, "已采用第 1 版", False),
        ({"number": 2, "state": "staged"}, "记录结束后采用", False),
        ({"number": 2, "state": "refused", "code": "policy_clip"}, "告知语音缺失", False),
    ],
)
def test_its_last_answer_is_told(
    bureau: Path,
    device: Path,
    clock: Callable[[], int],
    said: dict[str, object],
    told: str,
    current: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    set_policy(bureau, {"officers.min": 2}, clock=clock)
    answer(bureau, "ZF-001", **said)
    assert told in one(bureau).told()
    assert one(bureau).has(2) is current


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"rulebook":3}', b"[" * 100_000])
def test_a_damaged_note_is_as_none(bureau: Path, device: Path, content: bytes) -> None:
    answer(bureau, "ZF-001")
    (bureau / "registry" / "words" / "ZF-001.json").write_bytes(content)
    assert one(bureau).state == "silent"
