"""A rulebook's way into force is killed at every step; the next run completes, nothing is doubled.

At every moment the bureau's rulebook is the old one or the new one, whole, and every version that
was ever in force is kept.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evidence.rulebook.carried import unpack
from provisioning.authority.keyring import KeyRole
from provisioning.bureau_folder import open_bureau
from provisioning.policy.draft import edit_draft
from provisioning.policy.publishing import MEDIUM_NAME, sign_draft, signed_by
from tests.kits.bureau.custody import said
from tests.kits.bureau.enrolment import founded
from tests.kits.processes.killing import Clerk, killed_at_every_step

pytestmark = pytest.mark.slow

NOW_NS = 1_790_000_000_000_000_000


def clock() -> int:
    return NOW_NS


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = founded(tmp_path_factory.mktemp("policy"), clock)
    edit_draft(path, {"officers.min": 2}, clock=clock)
    return path


def command(folder: Path, *words: str | Path) -> list[str | Path]:
    return ["policy", *words, "--bureau", folder, "--json"]


def test_signing_killed_at_any_step_leaves_one_signature(
    clerk: Clerk, bureau: Path, tmp_path: Path
) -> None:
    cuts = 0
    for _, folder in killed_at_every_step(
        clerk, bureau, tmp_path, lambda one: command(one, "sign", "--as", "head")
    ):
        cuts += 1
        assert signed_by(open_bureau(folder)) == {"经办人": False, "负责人": True}
    assert cuts >= 4


def test_publishing_killed_at_any_step_is_completed_by_the_next_run(
    clerk: Clerk, bureau: Path, tmp_path: Path
) -> None:
    before = tmp_path / "signed"
    shutil.copytree(bureau, before)
    for role in (KeyRole.CLERK, KeyRole.HEAD):
        sign_draft(before, role, clock=clock)
    envelope = (before / "rulebook" / "signing.json").read_bytes()
    cuts = 0
    for _, folder in killed_at_every_step(
        clerk, before, tmp_path, lambda one: command(one, "publish", "--to", one / "usb")
    ):
        cuts += 1
        opened = open_bureau(folder)
        assert (opened.rulebook.version, opened.rulebook.number("officers.min")) == (2, 2)
        assert opened.folder.rulebook.read_bytes() == envelope
        assert sorted(path.name for path in (folder / "rulebook" / "versions").iterdir()) == [
            "000001.json",
            "000002.json",
        ]
        assert unpack((folder / "usb" / MEDIUM_NAME).read_bytes()).rulebook == envelope
        assert [line["version"] for line in said(folder, "rulebook")] == [1, 2]
    assert cuts >= 10
