"""Who may open what on the device: the users and folders as they ship, tried by real users."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.settings import Paths
from evidence.store.durable import create_file, make_folder, replace_file
from tests.packaging import trying

REPOSITORY = Path(__file__).resolve().parents[2]
ROOTFS = REPOSITORY / "overlays" / "rootfs"
RIGHTS = "recorder.conf"
NEEDS = ("systemd-sysusers", "systemd-tmpfiles", "setpriv", "unshare")
OWN_USERS = ("recorder", "vault", "dock")
STRANGER = 61_004

AT_WORK = """
import os, socket, sys
os.umask(0o027)
from pathlib import Path
from agent.settings import Paths
from evidence.store.durable import AppendFile, listen_at, make_folder, replace_file
paths = Paths(Path(sys.argv[1]), Path(sys.argv[2]))
held = [listen_at(paths.vault_socket), listen_at(paths.dock_socket)]
held.append(listen_at(paths.locker_socket, mode=0o600, kind=socket.SOCK_SEQPACKET))
make_folder(paths.sessions / "S-1")
make_folder(paths.state / "plans")
for path in (paths.device_log, paths.sessions / "S-1" / "journal.jws"):
    AppendFile(path, fresh=True).close()
replace_file(paths.rulebook, b"2")
for clip in ("old", "new"):
    make_folder(paths.announce / clip)
    replace_file(paths.announce / clip / "audio.flac", b"")
print("ready", flush=True)
sys.stdin.read()
"""
"""The vault, at what it does with names: listening, recording, adopting the bureau's words."""


@dataclass(frozen=True)
class Tree:
    """A root with the users and folders of a recorder.

    Attributes:
        paths: Of the recorder in it.
        users: Number of each user and its group.
    """

    paths: Paths
    users: dict[str, tuple[int, int]]

    def possible(self, user: str, wishes: list[tuple[str, Path]]) -> set[tuple[str, Path]]:
        """What of ``wishes`` ``user`` may do."""
        done = subprocess.run(
            [*as_user(*self.users[user]), sys.executable, trying.__file__],
            input=json.dumps([(verb, str(path)) for verb, path in wishes]),
            capture_output=True,
            text=True,
            check=True,
        )
        return {(verb, Path(path)) for verb, path in json.loads(done.stdout)}


def as_user(uid: int, gid: int) -> list[str]:
    words = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    return [*words, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]


@pytest.fixture(scope="module")
def tree() -> Iterator[Tree]:
    missing = [name for name in NEEDS if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(NEEDS)}; missing: {missing or 'root'}")
    # Below the test's own folder nobody else could even try.
    with tempfile.TemporaryDirectory(prefix="rights-") as place:
        root = Path(place)
        root.chmod(0o755)
        shutil.copytree(ROOTFS / "etc" / "sysusers.d", root / "etc" / "sysusers.d")
        shutil.copytree(ROOTFS / "etc" / "tmpfiles.d", root / "etc" / "tmpfiles.d")
        said = start(["systemd-sysusers", f"--root={root}"])
        assert not [line for line in said.stderr.splitlines() if not line.startswith("Creating")]
        paths = Paths(root / "var/lib/recorder", root / "run/recorder")
        give_rights(root)
        enrol(paths)
        give_rights(root)
        users = {name: numbers(root, name) for name in OWN_USERS}
        with at_work(paths, users["vault"]):
            yield Tree(paths, {**users, "stranger": (STRANGER, STRANGER)})


def give_rights(root: Path) -> None:
    said = start(["systemd-tmpfiles", f"--root={root}", "--create", RIGHTS])
    assert (said.stderr, said.returncode) == ("", 0)


def start(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def numbers(root: Path, user: str) -> tuple[int, int]:
    for line in (root / "etc" / "passwd").read_text().splitlines():
        name, _, uid, gid, *_ = line.split(":")
        if name == user:
            return int(uid), int(gid)
    raise AssertionError(f"no user {user}")


def enrol(paths: Paths) -> None:
    """Leave what enrolment leaves, as root."""
    for key in (paths.signing_key, paths.tls_key):
        create_file(key, b"", mode=0o600)
    make_folder(paths.announce / "old")
    words = (paths.rulebook, paths.root, paths.announce / "old" / "audio.flac")
    certificates = (paths.ca, paths.signing_certificate, paths.tls_certificate)
    for path in (*words, *certificates, paths.folder / "device.toml"):
        replace_file(path, b"1")


class at_work:  # noqa: N801 - reads as a phrase
    """The vault at work, in a user namespace of its own as its unit has it."""

    def __init__(self, paths: Paths, numbers: tuple[int, int]) -> None:
        own = ["unshare", "--user", "--map-current-user"]
        program = [sys.executable, "-c", AT_WORK, str(paths.folder), str(paths.run)]
        self._process = subprocess.Popen(
            [*as_user(*numbers), *own, *program],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def __exit__(self, *how: object) -> None:
        self._process.communicate()


@pytest.mark.rule("G1", "H5")
def test_each_process_opens_the_one_socket_that_is_its_own(tree: Tree) -> None:
    paths = tree.paths
    recorders, docks, lockers = paths.vault_socket, paths.dock_socket, paths.locker_socket
    wishes = [("opens", path) for path in (recorders, docks, lockers)]
    assert tree.possible("recorder", wishes) == {("opens", recorders)}
    assert tree.possible("dock", wishes) == {("opens", docks)}
    assert tree.possible("stranger", wishes) == set()
    assert tree.possible("vault", wishes) == set(wishes), "two are its own, one is the locker's"


def test_nobody_but_the_vault_can_put_a_socket_in_its_place(tree: Tree) -> None:
    run = tree.paths.run
    wishes = [("puts", path) for path in (run, run / "session", run / "dock", run / "locker")]
    for user in ("recorder", "dock", "stranger"):
        assert tree.possible(user, wishes) == set(), user
    assert ("puts", run) not in tree.possible("vault", wishes)


@pytest.mark.rule("G1", "H5")
def test_each_key_has_one_reader(tree: Tree) -> None:
    signing, tls = (("reads", path) for path in (tree.paths.signing_key, tree.paths.tls_key))
    readers = {user: tree.possible(user, [signing, tls]) for user in tree.users}
    assert readers == {"vault": {signing}, "dock": {tls}, "recorder": set(), "stranger": set()}


@pytest.mark.rule("G1")
def test_the_store_is_the_vaults_the_dock_reads_it_and_nobody_else_sees_it(tree: Tree) -> None:
    paths = tree.paths
    files = (paths.device_log, paths.sessions / "S-1" / "journal.jws")
    folders = (paths.store, paths.sessions, paths.sessions / "S-1")
    seen = {*(("reads", path) for path in files), *(("lists", path) for path in folders)}
    changed = {*(("writes", path) for path in files), *(("puts", path) for path in folders)}
    assert tree.possible("dock", [*seen, *changed]) == seen
    assert tree.possible("vault", [*seen, *changed]) == seen | changed
    for user in ("recorder", "stranger"):
        assert tree.possible(user, [*seen, *changed]) == set(), user


def test_what_the_bureau_said_is_changed_by_the_vault_alone(tree: Tree) -> None:
    paths = tree.paths
    clips = [paths.announce / clip / "audio.flac" for clip in ("old", "new")]
    words = (paths.rulebook, paths.root)
    folders = (paths.announce, paths.announce / "old", paths.announce / "new")
    changed = {("puts", paths.rulebook.parent), *(("puts", path) for path in folders)}
    seen = {("reads", path) for path in (*clips, *words)}
    wishes = [*seen, *changed, ("puts", paths.state), ("lists", paths.state)]
    assert tree.possible("recorder", wishes) == {("reads", path) for path in clips}
    assert tree.possible("vault", wishes) == set(wishes)
    assert tree.possible("dock", wishes) == tree.possible("stranger", wishes) == set()


def test_what_everybody_may_know_everybody_reads_and_root_alone_changes(tree: Tree) -> None:
    paths = tree.paths
    known = [paths.folder / "device.toml", paths.ca, paths.tls_certificate]
    known.append(paths.signing_certificate)
    seen = {("reads", path) for path in known}
    above = (paths.folder, paths.ca.parent, paths.signing_key.parent)
    changed = [*(("writes", path) for path in known), *(("puts", path) for path in above)]
    for user in tree.users:
        assert tree.possible(user, [*seen, *changed]) == seen, user
