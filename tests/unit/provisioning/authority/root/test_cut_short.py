"""A rotation that was cut short is finished by the next run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioning.authority.keyring import KeyRole
from provisioning.authority.root import rotation
from provisioning.authority.root.offline import export_key
from provisioning.bureau_folder import open_bureau
from provisioning.errors import PendingError
from provisioning.layout import BureauFolder
from tests.kits.bureau.roots import Found, Rotate, ledger_of, nobody, root_of

Clock = Callable[[], int]


def cut_after(steps: int) -> Callable[..., Any]:
    """What carries out so many steps and then no more."""

    def carry(planned: Any, *, dry_run: bool) -> Any:
        for number, step in enumerate(planned):
            if number == steps:
                raise KeyboardInterrupt
            if not step.is_done():
                step.do()
        raise AssertionError

    return carry


class TestCutShort:
    def test_what_was_signed_is_finished_whatever_is_wished_then(
        self, rooted: Path, rotate: Rotate, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keys = rooted / "keys"
        with monkeypatch.context() as patched:
            patched.setattr(rotation, "carry_out", cut_after(3))
            with pytest.raises(KeyboardInterrupt):
                rotate(rooted, offline=frozenset({1}))
        assert BureauFolder(rooted).root_version(2).exists()
        rotate(rooted, offline=frozenset({2}), roles=frozenset({KeyRole.HEAD}))
        root = root_of(rooted)
        assert root.version == 2
        assert [path.name for path in sorted(keys.glob("root-*.pem"))] == [
            *("root-1-r2.pem", "root-2.pem", "root-3.pem"),
        ]
        assert (keys / "retired" / "root-1-until-r2.pem").exists()
        assert (keys / "rulebook-2.pem").exists()

    def test_a_key_that_was_made_and_then_not_wished_is_set_aside(
        self,
        rooted: Path,
        rotate: Rotate,
        monkeypatch: pytest.MonkeyPatch,
        clock: Clock,
        tmp_path: Path,
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(rotation, "carry_out", cut_after(2))
            with pytest.raises(KeyboardInterrupt):
                rotate(rooted, offline=frozenset({1}))
        assert (rooted / "keys" / "root-1-r2.pem").exists()
        content = (rooted / "keys" / "root-1.pem").read_bytes()
        rotate(rooted)
        export_key(rooted, 1, tmp_path, clock=clock)
        assert (tmp_path / "root-1.pem").read_bytes() == content

    @pytest.mark.parametrize(
        "wish",
        [
            {"roles": frozenset({KeyRole.CLERK, KeyRole.HEAD}), "offline": frozenset({1})},
            {"offline": frozenset({1, 2, 3})},
            {},
        ],
        ids=["signers", "all-offline", "term"],
    )
    def test_cut_short_at_any_step_it_is_finished_by_the_next_run(
        self,
        rooted: Path,
        rotate: Rotate,
        found: Found,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        wish: dict[str, Any],
    ) -> None:
        total = len(list(rotate(rooted, **wish, dry_run=True).outcomes))
        for steps in range(total):
            bureau = tmp_path / f"cut-{steps}"
            shutil.copytree(rooted, bureau)
            with monkeypatch.context() as patched:
                patched.setattr(rotation, "carry_out", cut_after(steps))
                with pytest.raises(KeyboardInterrupt):
                    rotate(bureau, **wish)
            signed = BureauFolder(bureau).root_version(2).exists()
            if signed:
                with pytest.raises(PendingError):
                    open_bureau(bureau)

            again = {"passphrases": nobody, "new_passphrases": nobody} if signed else wish
            rotate(bureau, **again)
            opened = open_bureau(bureau)
            assert opened.root.version == 2
            kinds = ledger_of(bureau)
            assert kinds.count("root") == 1
            assert kinds.count("rulebook") == (2 if wish.get("roles") else 1)
            assert [signer.kid for signer in opened.signers()] == list(opened.root.keys)
