from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.errors import RulebookError
from evidence.rulebook import read_rulebook
from evidence.store.signers import file_signer
from provisioning.bureau_folder import open_bureau
from provisioning.errors import ForeignError, InUseError, PolicyError, RollbackError
from provisioning.plan import Report
from provisioning.policy.rulebook import Version, install, set_policy, signed_rulebook

Tree = Callable[[Path], dict[str, bytes]]
Clock = Callable[[], int]


def test_a_change_is_the_next_version_and_the_old_one_is_kept(bureau: Path, clock: Clock) -> None:
    first = (bureau / "rulebook" / "rulebook.json").read_bytes()
    set_policy(bureau, {"release.keep_days": 0, "segment.seconds": 2}, clock=clock)
    book = open_bureau(bureau).rulebook
    assert (book.version, book.number("release.keep_days"), book.number("segment.seconds")) == (
        2,
        0,
        2,
    )
    assert (bureau / "rulebook" / "versions" / "000001.json").read_bytes() == first


def test_no_change_is_no_version(bureau: Path, clock: Clock, tree: Tree) -> None:
    before = tree(bureau)
    assert set_policy(bureau, {"release.keep_days": 7}, clock=clock).changed == 0
    assert tree(bureau) == before


def test_a_dry_run_signs_nothing_into_force(bureau: Path, clock: Clock, tree: Tree) -> None:
    before = tree(bureau)
    assert set_policy(bureau, {"release.keep_days": 0}, clock=clock, dry_run=True).changed == 2
    assert tree(bureau) == before


@pytest.mark.parametrize(
    "changes", [{"segment.seconds": 61}, {"segment.seconds": 1}, {"mute.allowed": 1}]
)
def test_what_the_law_fixes_is_refused(
    bureau: Path, clock: Clock, tree: Tree, changes: dict[str, int]
) -> None:
    before = tree(bureau)
    with pytest.raises(PolicyError):
        set_policy(bureau, changes, clock=clock)
    assert tree(bureau) == before


def test_one_signature_is_not_enough(bureau: Path, clock: Clock) -> None:
    opened = open_bureau(bureau)
    version = Version(number=2, policy=opened.rulebook.policy)
    clerk = opened.signers()[0]
    for signers in ([clerk], [clerk, clerk]):
        envelope = signed_rulebook(version, signers, at_ns=clock())
        with pytest.raises(RulebookError):
            read_rulebook(envelope, opened.root)


def test_a_foreign_second_signature_is_not_enough(bureau: Path, clock: Clock) -> None:
    opened = open_bureau(bureau)
    signers = [opened.signers()[0], file_signer(bureau / "keys" / "receipt.pem")]
    version = Version(number=2, policy=opened.rulebook.policy)
    with pytest.raises(RulebookError):
        read_rulebook(signed_rulebook(version, signers, at_ns=clock()), opened.root)


def test_a_new_version_is_installed_and_raises_the_floor(
    bureau: Path, device: Path, clock: Clock
) -> None:
    set_policy(bureau, {"release.keep_days": 0}, clock=clock)
    assert install(bureau, device, dry_run=True).changed == 2
    assert (device / "bureau" / "rulebook.floor").read_text() == "1\n"
    assert install(bureau, device).changed == 2
    assert (device / "bureau" / "rulebook.floor").read_text() == "2\n"
    assert (device / "bureau" / "rulebook.json").read_bytes() == (
        bureau / "rulebook" / "rulebook.json"
    ).read_bytes()
    assert install(bureau, device).changed == 0


def test_an_older_version_is_refused(
    bureau: Path, device: Path, clock: Clock, tree: Tree, tmp_path: Path
) -> None:
    shutil.copytree(bureau, tmp_path / "backup")
    set_policy(bureau, {"release.keep_days": 0}, clock=clock)
    install(bureau, device)
    before = tree(device)
    with pytest.raises(RollbackError):
        install(tmp_path / "backup", device)
    assert tree(device) == before


def test_nothing_is_installed_while_the_vault_answers(
    bureau: Path, device: Path, clock: Clock, tree: Tree
) -> None:
    (device / "run").mkdir()
    set_policy(bureau, {"release.keep_days": 0}, clock=clock)
    before = tree(device)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as vault:
        vault.bind(str(device / "run" / "vault.sock"))
        vault.listen()
        with pytest.raises(InUseError):
            install(bureau, device)
    assert tree(device) == before
    assert install(bureau, device).changed == 2


def test_a_folder_that_is_no_device_of_this_bureau_is_refused(
    bureau: Path, device: Path, found: Callable[..., Report], tmp_path: Path
) -> None:
    with pytest.raises(ForeignError):
        install(bureau, tmp_path / "nothing")
    found(tmp_path / "elsewhere", name="另一统计局")
    with pytest.raises(ForeignError):
        install(tmp_path / "elsewhere", device)


def test_a_rulebook_changed_by_hand_opens_no_bureau(bureau: Path) -> None:
    path = bureau / "rulebook" / "rulebook.json"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(Exception, match="provision init"):
        open_bureau(bureau)
