"""A root is founded with three offline keys, each with its passphrase."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.errors import PassphraseError
from evidence.store.signers import file_signer
from provisioning.authority.root import passphrases
from provisioning.errors import PassphrasesError
from tests.kits.bureau.roots import NEW, Found, nobody, root_of


class TestFounding:
    def test_the_first_root_is_signed_by_the_ca_and_its_offline_keys(
        self, rooted: Path, words: tuple[str, ...]
    ) -> None:
        root = root_of(rooted)
        assert root.authority is not None
        assert root.authority.threshold == 2
        given = dict(zip(("root-1", "root-2", "root-3"), words, strict=True))
        paths = sorted((rooted / "keys").glob("root-*.pem"))
        kids = [file_signer(path, lambda path: given[path.stem]).kid for path in paths]
        assert list(root.authority.keys) == kids

    def test_run_again_it_changes_nothing_and_asks_nobody(
        self, rooted: Path, found: Found, tree: Callable[[Path], dict[str, bytes]]
    ) -> None:
        before = tree(rooted)

        assert found(rooted, root_passphrases=nobody).changed == 0
        assert tree(rooted) == before

    def test_keys_that_were_taken_away_are_not_made_again(
        self, rooted: Path, found: Found, words: tuple[str, ...]
    ) -> None:
        (rooted / "keys" / "root-1.pem").rename(rooted / "elsewhere")
        assert found(rooted, root_passphrases=passphrases.given(words)).changed == 0
        assert not (rooted / "keys" / "root-1.pem").exists()

    @pytest.mark.parametrize(
        "typed",
        [
            ("short", "a long enough one 2", "a long enough one 3"),
            ("a long enough one 1", "a long enough one 1", "a long enough one 3"),
            ("a long enough one 1", "a long enough one 2", "a long enough\tone 3"),
        ],
    )
    def test_bad_passphrases_are_refused_before_anything_is_made(
        self, tmp_path: Path, found: Found, typed: tuple[str, ...]
    ) -> None:
        with pytest.raises(PassphrasesError):
            found(tmp_path / "bureau", root_passphrases=lambda number: typed[number - 1])
        assert not (tmp_path / "bureau").exists()

    def test_another_passphrase_than_the_first_run_had_is_refused(
        self, rooted: Path, found: Found
    ) -> None:
        (rooted / "rulebook").rename(rooted / "away")
        before = (rooted / "keys" / "root-1.pem").read_bytes()
        with pytest.raises(PassphraseError, match=r"root-1\.pem"):
            found(rooted, root_passphrases=passphrases.given(NEW))
        assert (rooted / "keys" / "root-1.pem").read_bytes() == before


class TestPassphraseFile:
    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
    def test_others_must_not_read_it(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "words"
        path.write_text("\n".join(NEW))
        path.chmod(mode)
        with pytest.raises(PassphrasesError, match="chmod 600"):
            passphrases.read(path)

    @pytest.mark.parametrize("text", ["", "one line only here\n", "\n\n\n", "\udcff"])
    def test_it_has_three_lines(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "words"
        path.write_bytes(text.encode(errors="surrogateescape"))
        path.chmod(0o600)
        with pytest.raises(PassphrasesError):
            passphrases.read(path)

    def test_each_line_is_one_keys(self, tmp_path: Path) -> None:
        path = tmp_path / "words"
        path.write_text("\n".join(NEW) + "\n")
        path.chmod(0o600)
        assert tuple(passphrases.read(path)(number) for number in (1, 2, 3)) == NEW
