"""A bureau in one sealed file, and back again."""

from __future__ import annotations

import io
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest

from bureau.settings import load_bureau
from evidence import canonical
from provisioning.authority.root import passphrases
from provisioning.authority.root.offline import export_key
from provisioning.authority.safekeeping import backup, pack, restore
from provisioning.authority.safekeeping.backup import back_up
from provisioning.authority.safekeeping.restore import restore as bring_back
from provisioning.bureau_folder import open_bureau
from provisioning.custody.register import read_lines
from provisioning.errors import BackupError, LedgerError
from provisioning.layout import BureauFolder
from provisioning.plan import Report

Clock = Callable[[], int]
Tree = Callable[[Path], dict[str, bytes]]


@pytest.fixture
def lived(rooted: Path) -> Path:
    """A bureau that worked for a while."""
    for name in (
        "archive/ZF-001/s/journal.jws",
        "partial/half",
        "receipts/one.jws",
        "plans/p.json",
    ):
        (rooted / name).parent.mkdir(parents=True, exist_ok=True)
        (rooted / name).write_bytes(name.encode())
    (rooted / "registry" / "claims").mkdir()
    (rooted / "registry" / "claims" / "ZF-001.json").write_text("{}")
    (rooted / "broker" / "state" / "mosquitto.db").write_bytes(b"broker")
    (rooted / "keys" / "half.pem.new").write_bytes(b"half")
    with sqlite3.connect(rooted / "ledger.sqlite") as database:
        database.execute("create table devices (name text)")
        database.execute("insert into devices values ('ZF-001')")
    return rooted


@pytest.fixture
def escrow(rooted: Path, tmp_path: Path) -> Path:
    """The escrow identity, kept elsewhere as it should be."""
    kept = tmp_path / "safe"
    (rooted / "identities" / "escrow.age").rename(kept)
    return kept


@pytest.fixture
def saved(lived: Path, escrow: Path, tmp_path: Path, clock: Clock) -> Path:
    back_up(lived, tmp_path / "saved.age", None, clock=clock)
    return tmp_path / "saved.age"


def test_what_cannot_be_made_again_comes_back_as_it_was(
    lived: Path, escrow: Path, saved: Path, tmp_path: Path, tree: Tree
) -> None:
    report = bring_back(saved, tmp_path / "back", escrow)
    before, after = tree(lived), tree(tmp_path / "back")
    gone = {name for name in before if name not in after}
    assert gone == {
        *("archive/ZF-001/s/journal.jws", "partial/half", "broker/state/mosquitto.db"),
        "keys/half.pem.new",
    }
    differ = {name for name in after if after[name] != before[name]}
    assert differ <= {"broker/mosquitto.conf", "registry/ledger.jws", "ledger.sqlite"}
    with sqlite3.connect(tmp_path / "back" / "ledger.sqlite") as database:
        assert database.execute("select name from devices").fetchall() == [("ZF-001",)]
    assert "逐项补办" in str(report.facts["later"])
    assert "archive" in str(report.facts["next"])
    assert "provision audit" in str(report.facts["next"])
    for name in ("keys/receipt.pem", "ca/key.pem", "identities/bureau.age", "keys/root-1.pem"):
        assert (tmp_path / "back" / name).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "back" / "keys").stat().st_mode & 0o777 == 0o700
    assert not (tmp_path / "back.restoring").exists()


def test_a_restored_bureau_verifies_and_init_changes_nothing(
    escrow: Path,
    saved: Path,
    tmp_path: Path,
    found: Callable[..., Report],
    words: tuple[str, ...],
    tree: Tree,
) -> None:
    back = tmp_path / "back"
    bring_back(saved, back, escrow)
    before = tree(back)
    assert [line.payload["t"] for line in read_lines(open_bureau(back))] == ["founded", "rulebook"]
    assert found(back, root_passphrases=passphrases.given(words)).changed == 0
    assert tree(back) == before
    assert load_bureau(back).settings.name == "某县统计局"


def test_the_ledger_says_that_it_was_saved(lived: Path, saved: Path) -> None:
    line = read_lines(open_bureau(lived))[-1].payload
    assert (line["t"], len(line["sha256"])) == ("backup", 64)
    assert saved.stat().st_mode & 0o777 == 0o600


def test_nobody_else_opens_it(lived: Path, saved: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="does not open"):
        bring_back(saved, tmp_path / "back", lived / "identities" / "bureau.age")
    assert not (tmp_path / "back").exists()


def test_another_recipient_opens_what_was_sealed_to_him(
    lived: Path, tmp_path: Path, clock: Clock
) -> None:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "mine").write_text(f"# mine\n{identity}\n")
    recipient = str(identity.to_public())
    back_up(lived, tmp_path / "b.age", recipient, clock=clock)
    bring_back(tmp_path / "b.age", tmp_path / "back", tmp_path / "mine")
    with pytest.raises(BackupError, match="recipient"):
        back_up(lived, tmp_path / "c.age", "age1nobody", clock=clock)


def test_a_dry_run_writes_nothing(
    lived: Path, escrow: Path, saved: Path, tmp_path: Path, clock: Clock, tree: Tree
) -> None:
    before = tree(lived)
    back_up(lived, tmp_path / "other.age", None, clock=clock, dry_run=True)
    assert bring_back(saved, tmp_path / "back", escrow, dry_run=True).changed == 4
    assert tree(lived) == before
    assert not (tmp_path / "other.age").exists()
    assert not (tmp_path / "back").exists()


def test_neither_a_file_nor_a_bureau_is_written_over(
    lived: Path, escrow: Path, saved: Path, tmp_path: Path, clock: Clock
) -> None:
    with pytest.raises(BackupError, match="never written over"):
        back_up(lived, saved, None, clock=clock)
    with pytest.raises(BackupError, match="not empty"):
        bring_back(saved, lived, escrow)
    with pytest.raises(BackupError, match="not empty"):
        bring_back(saved, saved, escrow)
    (tmp_path / "empty").mkdir()
    bring_back(saved, tmp_path / "empty", escrow)
    assert open_bureau(tmp_path / "empty").settings.name == "某县统计局"


def test_keys_that_are_elsewhere_are_named(
    lived: Path, escrow: Path, tmp_path: Path, clock: Clock, found: Callable[..., Report]
) -> None:
    (tmp_path / "stick").mkdir()
    export_key(lived, 2, tmp_path / "stick", clock=clock)
    (lived / "keys" / "receipt.pem").rename(tmp_path / "receipt.pem")
    place = f"file:{tmp_path / 'receipt.pem'}"
    found(lived, places={"receipt": place})
    report = back_up(lived, tmp_path / "b.age", None, clock=clock)
    assert report.facts["keys_elsewhere"] == f"{place}, root-2"
    report = bring_back(tmp_path / "b.age", tmp_path / "back", escrow)
    assert report.facts["keys_elsewhere"] == f"{place}, root-2"


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_restoration_that_was_cut_short_is_run_again(
    escrow: Path, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    def cut(steps: Any, *, dry_run: bool) -> Any:
        for each in list(steps)[:step]:
            each.do()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(restore, "carry_out", cut)
        with pytest.raises(KeyboardInterrupt):
            bring_back(saved, tmp_path / "back", escrow)
    assert not (tmp_path / "back").exists()
    (tmp_path / "back.restoring" / "ca" / "key.pem").write_bytes(b"half")
    bring_back(saved, tmp_path / "back", escrow)
    assert read_lines(open_bureau(tmp_path / "back"))


def test_something_strange_beside_it_is_named(escrow: Path, saved: Path, tmp_path: Path) -> None:
    (tmp_path / "back.restoring").mkdir()
    (tmp_path / "back.restoring" / "mine.txt").write_text("mine")
    with pytest.raises(BackupError, match=r"mine\.txt"):
        bring_back(saved, tmp_path / "back", escrow)


class TestForged:
    """Who can seal to the escrow can send a pack; what is in it has to be whole all the same."""

    @pytest.fixture
    def members(self, lived: Path) -> dict[str, bytes]:
        folder = BureauFolder(lived)
        about = {"bureau": "b-x", "ca": "k", "utc": "2026-11-21T00:00:00.000000Z"}
        about["bureau"] = open_bureau(lived).settings.bureau_id
        content = pack.write(pack.gather(folder), folder, about)
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            return {one.name: (tar.extractfile(one) or io.BytesIO()).read() for one in tar}

    @pytest.fixture
    def bring(self, escrow: Path, tmp_path: Path) -> Callable[[list[tuple[str, bytes]]], Report]:
        line = escrow.read_text().splitlines()[-1]
        recipient = pyrage.x25519.Identity.from_str(line).to_public()

        def run(members: list[tuple[str, bytes]], kind: bytes = tarfile.REGTYPE) -> Report:
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w") as tar:
                for name, content in members:
                    entry = tarfile.TarInfo(name)
                    entry.size = len(content)
                    if name != "manifest.json":
                        entry.type = kind
                    tar.addfile(entry, io.BytesIO(content))
            (tmp_path / "f.age").write_bytes(pyrage.encrypt(out.getvalue(), [recipient]))
            return bring_back(tmp_path / "f.age", tmp_path / "back", escrow)

        return run

    def test_whole_it_is_taken(
        self, members: dict[str, bytes], bring: Callable[..., Report]
    ) -> None:
        assert bring(list(members.items())).changed == 4

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda m: m | {"ca/key.pem": b"another"}, id="a-changed-file"),
            pytest.param(lambda m: m | {"ca/more": b"more"}, id="one-more"),
            pytest.param(
                lambda m: {name: one for name, one in m.items() if name != "ca/key.pem"},
                id="one-less",
            ),
            pytest.param(
                lambda m: {name: one for name, one in m.items() if name != "manifest.json"},
                id="no-manifest",
            ),
            pytest.param(lambda m: m | {"manifest.json": b"{}"}, id="an-empty-manifest"),
            pytest.param(lambda m: {} if m else m, id="nothing"),
        ],
    )
    def test_a_pack_that_is_not_whole_is_refused(
        self,
        members: dict[str, bytes],
        bring: Callable[..., Report],
        tmp_path: Path,
        change: Callable[[dict[str, bytes]], dict[str, bytes]],
    ) -> None:
        with pytest.raises(BackupError):
            bring(list(change(members).items()))
        assert not (tmp_path / "back").exists()

    @pytest.mark.parametrize("name", ["/etc/evil", "../evil", "ca/../../evil", "./evil", "a//b"])
    def test_a_name_that_leads_out_is_refused(
        self, members: dict[str, bytes], bring: Callable[..., Report], name: str
    ) -> None:
        manifest = canonical.loads(members["manifest.json"], limit=1 << 20)
        entry = next(one for one in manifest["files"] if one["path"] == "ca/key.pem")
        entry["path"] = name
        members["manifest.json"] = canonical.dumps(manifest)
        members[name] = members.pop("ca/key.pem")
        with pytest.raises(BackupError, match="leads out"):
            bring(list(members.items()))

    def test_a_link_and_a_file_twice_are_refused(
        self, members: dict[str, bytes], bring: Callable[..., Report]
    ) -> None:
        with pytest.raises(BackupError, match="no file"):
            bring(list(members.items()), kind=tarfile.SYMTYPE)
        with pytest.raises(BackupError, match="twice"):
            bring([*members.items(), ("ca/key.pem", members["ca/key.pem"])])

    def test_a_bureau_whose_ledger_does_not_verify_gets_no_name(
        self,
        lived: Path,
        escrow: Path,
        tmp_path: Path,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        path = lived / "registry" / "ledger.jws"
        lines = path.read_bytes().splitlines(keepends=True)
        back_up(lived, tmp_path / "good.age", None, clock=clock)
        path.write_bytes(b"".join(lines[1:]))
        with pytest.raises(LedgerError, match="does not follow"):
            back_up(lived, tmp_path / "bad.age", None, clock=clock)
        # As a bureau would have made it that did not look first.
        monkeypatch.setattr(backup, "read_state", lambda _: None)
        back_up(lived, tmp_path / "bad.age", None, clock=clock)
        with pytest.raises(LedgerError, match="does not follow"):
            bring_back(tmp_path / "bad.age", tmp_path / "back", escrow)
        assert not (tmp_path / "back").exists()

    @pytest.mark.parametrize("content", [b"", b"age-encryption.org/v1\n", b"\0" * 99])
    def test_a_file_that_is_no_backup_is_named(
        self, escrow: Path, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "none.age").write_bytes(content)
        with pytest.raises(BackupError):
            bring_back(tmp_path / "none.age", tmp_path / "back", escrow)

    @pytest.mark.parametrize("content", [b"", b"# nothing\n", b"AGE-SECRET-KEY-1X\n", b"\xff"])
    def test_a_file_that_is_no_identity_is_named(
        self, saved: Path, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "none").write_bytes(content)
        for identity in (tmp_path / "none", tmp_path / "nowhere"):
            with pytest.raises(BackupError):
                bring_back(saved, tmp_path / "back", identity)
