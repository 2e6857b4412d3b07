"""A root is replaced by two of its three offline keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.errors import RulebookError
from evidence.rulebook import check_rotation, read_rulebook
from evidence.store.signers import make_key_file
from provisioning.authority.keyring import KeyRole
from provisioning.authority.root.offline import export_key
from provisioning.bureau_folder import open_bureau
from provisioning.custody import ledger
from provisioning.custody.oversight.audit import audit
from provisioning.errors import RotationError
from provisioning.layout import BureauFolder
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.roots import FIRST, NEW, Found, Rotate, ledger_of, nobody, root_of

Clock = Callable[[], int]


class TestRotation:
    def test_recorders_follow_it(self, rooted: Path, rotate: Rotate) -> None:
        old = (rooted / "rulebook" / "root.json").read_bytes()
        assert rotate(rooted).facts == {"root_version": 2, "rulebook_version": 1}
        new = (rooted / "rulebook" / "root.json").read_bytes()
        assert check_rotation(old, new, ca_of(rooted)).version == 2
        assert BureauFolder(rooted).root_version(1).read_bytes() == old
        assert ledger_of(rooted) == ["founded", "rulebook", "root"]

    @pytest.mark.parametrize("role", [KeyRole.CLERK, KeyRole.HEAD])
    def test_a_replaced_key_signs_nothing_any_more(
        self, rooted: Path, rotate: Rotate, found: Found, role: KeyRole
    ) -> None:
        before = open_bureau(rooted)
        old = before.signer(role)
        rotate(rooted, roles=frozenset({role}))
        after = open_bureau(rooted)
        assert after.rulebook.version == 2
        assert dict(after.rulebook.policy) == dict(before.rulebook.policy)
        assert [signer.kid for signer in after.signers()] == list(after.root.keys)
        assert old.kid not in after.root.keys
        assert ledger_of(rooted) == ["founded", "rulebook", "root", "rulebook"]
        with pytest.raises(RulebookError):
            read_rulebook(
                (rooted / "rulebook" / "versions" / "000001.json").read_bytes(), after.root
            )
        ledger.append(after.folder.ledger, "rulebook", {"version": 3}, old, at_ns=10**18)
        assert found(rooted).changed == 0
        found_wrong = audit(open_bureau(rooted), at_ns=2 * 10**18).discrepancies
        assert "replaced_key" in [one.code for one in found_wrong]

    def test_an_offline_key_is_replaced_by_the_other_two(
        self, rooted: Path, rotate: Rotate
    ) -> None:
        (rooted / "keys" / "root-2.pem").rename(rooted / "lost")
        before = root_of(rooted)
        rotate(rooted, offline=frozenset({2}))
        after = root_of(rooted)
        assert before.authority is not None
        assert after.authority is not None
        pairs = list(zip(before.authority.keys, after.authority.keys, strict=True))
        assert [old == new for old, new in pairs] == [True, False, True]
        words = {1: FIRST[0], 2: NEW[1], 3: FIRST[2]}
        rotate(rooted, passphrases=words.__getitem__, offline=frozenset({1}))
        assert root_of(rooted).version == 3

    def test_keys_on_media_sign(
        self, rooted: Path, rotate: Rotate, clock: Clock, tmp_path: Path
    ) -> None:
        media = [tmp_path / f"stick-{number}" for number in (1, 2, 3)]
        for number, folder in enumerate(media, start=1):
            folder.mkdir()
            export_key(rooted, number, folder, clock=clock)
        with pytest.raises(RotationError, match="root key 1 is not here"):
            rotate(rooted)
        with pytest.raises(RotationError, match="2 offline root keys have to sign, 1 could"):
            rotate(rooted, media=(media[0] / "root-1.pem",))
        rotate(rooted, media=(media[0] / "root-1.pem", media[2] / "root-3.pem"))
        assert root_of(rooted).version == 2

    def test_nobody_is_asked_for_more_than_it_takes(
        self, rooted: Path, rotate: Rotate, words: tuple[str, ...]
    ) -> None:
        asked: list[int] = []

        def ask(number: int) -> str:
            asked.append(number)
            return words[number - 1]

        rotate(rooted, passphrases=ask)
        assert asked == [1, 2]

    def test_a_forgotten_passphrase_leaves_two(
        self, rooted: Path, rotate: Rotate, words: tuple[str, ...]
    ) -> None:
        rotate(rooted, passphrases=lambda n: "forgotten, alas" if n == 1 else words[n - 1])
        assert root_of(rooted).version == 2

    def test_one_person_alone_replaces_nothing(
        self,
        rooted: Path,
        rotate: Rotate,
        words: tuple[str, ...],
        tree: Callable[[Path], dict[str, bytes]],
    ) -> None:
        before = (rooted / "rulebook" / "root.json").read_bytes()
        with pytest.raises(RotationError, match="1 could"):
            rotate(rooted, passphrases=lambda n: words[0] if n == 1 else "not that one")
        assert (rooted / "rulebook" / "root.json").read_bytes() == before
        assert open_bureau(rooted).root.version == 1

    def test_a_stranger_key_on_media_is_named(
        self, rooted: Path, rotate: Rotate, tmp_path: Path
    ) -> None:
        make_key_file(tmp_path / "some.pem", FIRST[0])
        for number in (1, 2):
            (rooted / "keys" / f"root-{number}.pem").rename(tmp_path / f"{number}.pem")
        with pytest.raises(RotationError, match="another key"):
            rotate(rooted, media=(tmp_path / "some.pem",))

    def test_a_bureau_of_before_gets_its_offline_keys(self, bureau: Path, rotate: Rotate) -> None:
        old = (bureau / "rulebook" / "root.json").read_bytes()
        rotate(bureau)
        root = check_rotation(old, (bureau / "rulebook" / "root.json").read_bytes(), ca_of(bureau))
        assert root.authority is not None
        assert len(root.authority.keys) == 3

    def test_a_dry_run_changes_nothing_and_asks_nobody(
        self,
        rooted: Path,
        rotate: Rotate,
        tree: Callable[[Path], dict[str, bytes]],
    ) -> None:
        before = tree(rooted)

        report = rotate(
            rooted,
            roles=frozenset({KeyRole.CLERK}),
            offline=frozenset({1}),
            passphrases=nobody,
            new_passphrases=nobody,
            dry_run=True,
        )
        assert report.changed > 5
        assert tree(rooted) == before

    def test_a_fourth_offline_key_does_not_exist(self, rooted: Path, rotate: Rotate) -> None:
        with pytest.raises(RotationError):
            rotate(rooted, offline=frozenset({4}))

    def test_no_key_is_written_over(
        self,
        rooted: Path,
        rotate: Rotate,
        tree: Callable[[Path], dict[str, bytes]],
    ) -> None:
        def secrets() -> set[bytes]:
            return {content for content in tree(rooted).values() if b"PRIVATE KEY" in content}

        before = secrets()
        rotate(rooted, roles=frozenset({KeyRole.CLERK, KeyRole.HEAD}), offline=frozenset({1, 3}))
        assert before <= secrets()
        assert len(secrets()) == len(before) + 4
