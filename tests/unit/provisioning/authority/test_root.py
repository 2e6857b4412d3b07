"""The root: founded with three offline keys, replaced by two of them, taken away on media."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bureau.intake.rulebooks import Rulebooks
from evidence import rulebook
from evidence.digests import sha256_hex
from evidence.errors import PassphraseError, RulebookError
from evidence.keys import to_jwk
from evidence.rulebook import adoption, check_rotation, read_root, read_rulebook
from evidence.rulebook.adoption import Held
from evidence.rulebook.carried import CarriedClip, pack
from evidence.store.signers import file_signer, make_key_file
from provisioning.authority.keyring import KeyRole
from provisioning.authority.root import display, documents, passphrases, rotation
from provisioning.authority.root.offline import export_key
from provisioning.authority.root.rotation import Rotation, rotate_root
from provisioning.bureau_folder import open_bureau
from provisioning.custody import ledger
from provisioning.custody.oversight.audit import audit
from provisioning.custody.register import read_lines
from provisioning.errors import PassphrasesError, PendingError, RotationError
from provisioning.layout import BureauFolder
from provisioning.plan import Report
from provisioning.policy import clips
from tests.kits.bureau.ca import ca_of

Found = Callable[..., Report]
Clock = Callable[[], int]
NEW = tuple(f"一把新的根密钥的口令 {number}" for number in (1, 2, 3))


@pytest.fixture
def rotate(words: tuple[str, ...], clock: Clock) -> Callable[..., Report]:
    """Rotate: ``rotate(bureau, roles={...}, offline={...}, media=[...])``."""

    def run(bureau: Path, *, dry_run: bool = False, **fields: Any) -> Report:
        wish: dict[str, Any] = {
            "passphrases": passphrases.given(words),
            "new_passphrases": passphrases.given(NEW),
            **fields,
        }
        return rotate_root(bureau, Rotation(**wish), clock=clock, dry_run=dry_run)

    return run


def root_of(bureau: Path) -> rulebook.Root:
    return read_root((bureau / "rulebook" / "root.json").read_bytes(), ca_of(bureau))


def ledger_of(bureau: Path) -> list[str]:
    """Kinds of its lines, each judged by the root in force at that line."""
    opened = open_bureau(bureau)
    assert [one.code for one in audit(opened, at_ns=10**18).discrepancies] == []
    return [str(line.payload["t"]) for line in read_lines(opened)]


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

        def ask(number: int) -> str:
            raise AssertionError(number)

        assert found(rooted, root_passphrases=ask).changed == 0
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


class TestRotation:
    def test_recorders_follow_it(self, rooted: Path, rotate: Callable[..., Report]) -> None:
        old = (rooted / "rulebook" / "root.json").read_bytes()
        assert rotate(rooted).facts == {"root_version": 2, "rulebook_version": 1}
        new = (rooted / "rulebook" / "root.json").read_bytes()
        assert check_rotation(old, new, ca_of(rooted)).version == 2
        assert BureauFolder(rooted).root_version(1).read_bytes() == old
        assert ledger_of(rooted) == ["founded", "rulebook", "root"]

    @pytest.mark.parametrize("role", [KeyRole.CLERK, KeyRole.HEAD])
    def test_a_replaced_key_signs_nothing_any_more(
        self, rooted: Path, rotate: Callable[..., Report], found: Found, role: KeyRole
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
        self, rooted: Path, rotate: Callable[..., Report]
    ) -> None:
        (rooted / "keys" / "root-2.pem").rename(rooted / "lost")
        before = root_of(rooted)
        rotate(rooted, offline=frozenset({2}))
        after = root_of(rooted)
        assert before.authority is not None
        assert after.authority is not None
        pairs = list(zip(before.authority.keys, after.authority.keys, strict=True))
        assert [old == new for old, new in pairs] == [True, False, True]
        words = {1: "一把离线根密钥的口令 1", 2: NEW[1], 3: "一把离线根密钥的口令 3"}
        rotate(rooted, passphrases=words.__getitem__, offline=frozenset({1}))
        assert root_of(rooted).version == 3

    def test_keys_on_media_sign(
        self, rooted: Path, rotate: Callable[..., Report], clock: Clock, tmp_path: Path
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
        self, rooted: Path, rotate: Callable[..., Report], words: tuple[str, ...]
    ) -> None:
        asked: list[int] = []

        def ask(number: int) -> str:
            asked.append(number)
            return words[number - 1]

        rotate(rooted, passphrases=ask)
        assert asked == [1, 2]

    def test_a_forgotten_passphrase_leaves_two(
        self, rooted: Path, rotate: Callable[..., Report], words: tuple[str, ...]
    ) -> None:
        rotate(rooted, passphrases=lambda n: "forgotten, alas" if n == 1 else words[n - 1])
        assert root_of(rooted).version == 2

    def test_one_person_alone_replaces_nothing(
        self,
        rooted: Path,
        rotate: Callable[..., Report],
        words: tuple[str, ...],
        tree: Callable[[Path], dict[str, bytes]],
    ) -> None:
        before = (rooted / "rulebook" / "root.json").read_bytes()
        with pytest.raises(RotationError, match="1 could"):
            rotate(rooted, passphrases=lambda n: words[0] if n == 1 else "not that one")
        assert (rooted / "rulebook" / "root.json").read_bytes() == before
        assert open_bureau(rooted).root.version == 1

    def test_a_stranger_key_on_media_is_named(
        self, rooted: Path, rotate: Callable[..., Report], tmp_path: Path
    ) -> None:
        make_key_file(tmp_path / "some.pem", "一把离线根密钥的口令 1")
        for number in (1, 2):
            (rooted / "keys" / f"root-{number}.pem").rename(tmp_path / f"{number}.pem")
        with pytest.raises(RotationError, match="another key"):
            rotate(rooted, media=(tmp_path / "some.pem",))

    def test_a_bureau_of_before_gets_its_offline_keys(
        self, bureau: Path, rotate: Callable[..., Report]
    ) -> None:
        old = (bureau / "rulebook" / "root.json").read_bytes()
        rotate(bureau)
        root = check_rotation(old, (bureau / "rulebook" / "root.json").read_bytes(), ca_of(bureau))
        assert root.authority is not None
        assert len(root.authority.keys) == 3

    def test_a_dry_run_changes_nothing_and_asks_nobody(
        self,
        rooted: Path,
        rotate: Callable[..., Report],
        tree: Callable[[Path], dict[str, bytes]],
    ) -> None:
        before = tree(rooted)

        def ask(number: int) -> str:
            raise AssertionError(number)

        report = rotate(
            rooted,
            roles=frozenset({KeyRole.CLERK}),
            offline=frozenset({1}),
            passphrases=ask,
            new_passphrases=ask,
            dry_run=True,
        )
        assert report.changed > 5
        assert tree(rooted) == before

    def test_what_was_signed_is_finished_whatever_is_wished_then(
        self, rooted: Path, rotate: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
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
        rotate: Callable[..., Report],
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

    def test_a_fourth_offline_key_does_not_exist(
        self, rooted: Path, rotate: Callable[..., Report]
    ) -> None:
        with pytest.raises(RotationError):
            rotate(rooted, offline=frozenset({4}))

    def test_no_key_is_written_over(
        self,
        rooted: Path,
        rotate: Callable[..., Report],
        tree: Callable[[Path], dict[str, bytes]],
    ) -> None:
        def secrets() -> set[bytes]:
            return {content for content in tree(rooted).values() if b"PRIVATE KEY" in content}

        before = secrets()
        rotate(rooted, roles=frozenset({KeyRole.CLERK, KeyRole.HEAD}), offline=frozenset({1, 3}))
        assert before <= secrets()
        assert len(secrets()) == len(before) + 4

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
        rotate: Callable[..., Report],
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

            def ask(number: int) -> str:
                raise AssertionError(number)

            again = {"passphrases": ask, "new_passphrases": ask} if signed else wish
            rotate(bureau, **again)
            opened = open_bureau(bureau)
            assert opened.root.version == 2
            kinds = ledger_of(bureau)
            assert kinds.count("root") == 1
            assert kinds.count("rulebook") == (2 if wish.get("roles") else 1)
            assert [signer.kid for signer in opened.signers()] == list(opened.root.keys)


def test_the_desk_judges_old_sessions_by_the_root_of_their_time(
    rooted: Path, rotate: Callable[..., Report]
) -> None:
    folder = BureauFolder(rooted)
    old, root = folder.rulebook.read_bytes(), folder.root.read_bytes()
    rotate(rooted, roles=frozenset({KeyRole.CLERK}))
    books = Rulebooks(folder.rulebook.parent, ca_of(rooted))
    assert books.root_of(sha256_hex(old)) == root
    assert books.number(sha256_hex(old), "upload.deadline_hours") == 24
    new = folder.rulebook.read_bytes()
    assert books.root_of(sha256_hex(new)) == folder.root.read_bytes() != root
    assert books.root_of("0" * 64) == folder.root.read_bytes()


def test_a_recorder_adopts_what_the_new_clerk_signed_and_not_what_the_ca_alone_did(
    rooted: Path, rotate: Callable[..., Report]
) -> None:
    folder = BureauFolder(rooted)
    held = Held(root=folder.root.read_bytes(), rulebook=folder.rulebook.read_bytes(), floor=1)
    rotate(rooted, roles=frozenset({KeyRole.CLERK}))

    def judge(root: bytes) -> int:
        message = pack(root, folder.rulebook.read_bytes(), carried_clips(folder))
        adopted = adoption.judge(
            message, held, ca_of(rooted), device="ZF-001", now=None, decode=clips.decode
        )
        return adopted.root.version

    assert judge(folder.root.read_bytes()) == 2
    opened = open_bureau(rooted)
    authority = opened.root.authority
    assert authority is not None
    payload = documents.document(
        2,
        [to_jwk(key) for key in opened.root.keys.values()],
        [to_jwk(key) for key in authority.keys.values()],
        at_ns=10**18,
    )
    with pytest.raises(RulebookError) as refused:
        judge(rulebook.sign_root(payload, opened.signer(KeyRole.CA)))
    assert refused.value.code == "policy_root"


def carried_clips(folder: BureauFolder) -> list[CarriedClip]:
    names = {"meta": "meta.json", "text": "text.txt", "audio": "audio.flac"}
    return [
        CarriedClip(
            id=path.name, **{key: (path / name).read_bytes() for key, name in names.items()}
        )
        for path in folder.announce.iterdir()
    ]


class TestExport:
    @pytest.fixture
    def stick(self, tmp_path: Path) -> Path:
        (tmp_path / "stick").mkdir()
        return tmp_path / "stick"

    def test_it_is_copied_said_and_then_let_go(
        self, rooted: Path, stick: Path, clock: Clock
    ) -> None:
        content = (rooted / "keys" / "root-2.pem").read_bytes()
        report = export_key(rooted, 2, stick, clock=clock)
        assert report.changed == 3
        assert "仍有残留" in str(report.facts["note"])
        assert (stick / "root-2.pem").read_bytes() == content
        assert not (rooted / "keys" / "root-2.pem").exists()
        assert ledger_of(rooted) == ["founded", "rulebook", "exported"]
        assert export_key(rooted, 2, stick, clock=clock).changed == 0
        shown = display.root_document(rooted)
        assert [key["here"] for key in shown["authority"]["keys"]] == [True, False, True]

    def test_a_dry_run_copies_nothing(self, rooted: Path, stick: Path, clock: Clock) -> None:
        assert export_key(rooted, 2, stick, clock=clock, dry_run=True).changed == 3
        assert not list(stick.iterdir())
        assert (rooted / "keys" / "root-2.pem").exists()

    def test_a_copy_that_was_cut_short_is_finished(
        self, rooted: Path, stick: Path, clock: Clock
    ) -> None:
        content = (rooted / "keys" / "root-1.pem").read_bytes()
        (stick / "root-1.pem").write_bytes(content[:50])
        export_key(rooted, 1, stick, clock=clock)
        assert (stick / "root-1.pem").read_bytes() == content

    def test_another_file_of_that_name_stays(self, rooted: Path, stick: Path, clock: Clock) -> None:
        (stick / "root-1.pem").write_text("somebody else's")
        with pytest.raises(RotationError, match="another file"):
            export_key(rooted, 1, stick, clock=clock)
        assert (stick / "root-1.pem").read_text() == "somebody else's"
        assert (rooted / "keys" / "root-1.pem").exists()

    @pytest.mark.parametrize("number", [0, 4])
    def test_there_are_three(self, rooted: Path, stick: Path, clock: Clock, number: int) -> None:
        with pytest.raises(RotationError):
            export_key(rooted, number, stick, clock=clock)

    def test_without_media_nothing_moves(self, rooted: Path, clock: Clock) -> None:
        with pytest.raises(RotationError, match="mounted"):
            export_key(rooted, 1, rooted / "nowhere", clock=clock)


def test_what_is_shown_names_every_key(rooted: Path, bureau: Path) -> None:
    shown = display.root_document(rooted)
    assert len(display.rows(shown)) == 6
    assert json.dumps(shown)
    assert "没有离线根密钥" in display.rows(display.root_document(bureau))[-1]
