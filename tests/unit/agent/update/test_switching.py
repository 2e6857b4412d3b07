"""Updates with real processes on a prefix of the test's own: always a release that works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from agent.update.prefix import STATE_NAME, Prefix
from agent.update.switching import Patience, Switcher
from evidence import rulebook
from evidence.errors import RulebookError
from evidence.update import MANIFEST_NAME, sign_update
from tests.kits.device.updates import (
    BROKEN,
    BUREAU,
    GOOD,
    NOW,
    SILENT,
    Processes,
    document,
    installed_by_hand,
    wheel,
    write_bundle,
)
from tests.kits.processes.cuts import Cutter, KilledError
from tests.kits.records.bureau import Bureau

ROOT = rulebook.read_root(BUREAU.root, BUREAU.ca)
QUICK = Patience(ready_seconds=0.6, steady_seconds=0.2)
PATIENT = Patience(ready_seconds=20, steady_seconds=0.2)


@dataclass
class Scene:
    """A recorder with release 1, installed and running."""

    folder: Path
    prefix: Prefix
    services: Processes
    busy: str | None = None
    now: str | None = NOW
    made: int = 0
    patience: Patience = field(default=PATIENT)

    def switcher(self) -> Switcher:
        return Switcher(
            self.prefix,
            self.services,
            busy=lambda: self.busy,
            now=lambda: self.now,
            patience=self.patience,
        )

    def bundle(self, version: int, main: str = GOOD, **changes: Any) -> Path:
        self.made += 1
        return write_bundle(self.folder / f"bundle-{self.made}", version, main, **changes)

    def adopt(self, bundle: Path) -> tuple[str, str]:
        state = self.switcher().adopt(bundle, ROOT)
        return state.step, state.code

    def runs(self) -> str:
        """The version that a start of what is current now comes to."""
        self.services.restart()
        for _ in range(400):
            if self.services.are_ready():
                return self.services.version()
            Event().wait(0.05)
        raise AssertionError("what is current does not run")


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    prefix = installed_by_hand(tmp_path / "opt")
    scene = Scene(tmp_path, prefix, Processes(prefix, tmp_path))
    yield scene
    scene.services.stop()


def test_good_update_is_confirmed_and_raises_the_floor(scene: Scene) -> None:
    assert scene.adopt(scene.bundle(7)) == ("confirmed", "")
    assert scene.services.version() == "0.7.0"
    state = scene.prefix.state()
    assert (state.running, state.floor, state.before) == (7, 7, "by-hand")
    release = scene.prefix.current.resolve()
    assert (release / "overlay/etc/systemd/system/recorder-vault.service").read_text() == "# 7\n"
    assert not scene.prefix.scratch.exists()


def test_release_but_one_is_let_go_and_the_last_one_kept(scene: Scene) -> None:
    for version in (1, 2, 3):
        assert scene.adopt(scene.bundle(version)) == ("confirmed", "")
    kept = sorted(folder.name[:6] for folder in scene.prefix.releases.iterdir())
    assert kept == ["000002", "000003"]


@pytest.mark.parametrize("main", [SILENT, BROKEN, "def run(:\n"], ids=["silent", "dies", "garbage"])
def test_update_that_never_reports_ready_is_rolled_back(scene: Scene, main: str) -> None:
    scene.patience = QUICK
    assert scene.adopt(scene.bundle(7, main)) == ("rolled_back", "update_not_ready")
    state = scene.prefix.state()
    assert (state.version, state.running, state.floor) == (7, 0, 0)
    assert scene.runs() == "0.0.0"
    scene.patience = PATIENT
    assert scene.adopt(scene.bundle(7)) == ("confirmed", ""), "the same version, mended"


def test_downgrade_and_the_same_again_are_refused(scene: Scene) -> None:
    scene.adopt(scene.bundle(7))
    for version in (6, 7):
        assert scene.adopt(scene.bundle(version)) == ("refused", "update_older")
    assert scene.runs() == "0.7.0"


def test_floor_holds_after_a_roll_back(scene: Scene) -> None:
    scene.adopt(scene.bundle(7))
    scene.patience = QUICK
    assert scene.adopt(scene.bundle(8, SILENT))[0] == "rolled_back"
    assert scene.adopt(scene.bundle(7)) == ("refused", "update_older")
    assert scene.prefix.state().floor == 7


def forged(bundle: Path) -> None:
    """Another bureau signs it."""
    write_bundle(bundle, 7, signers=Bureau("strangers").clerks)


def signed_by_one(bundle: Path) -> None:
    write_bundle(bundle, 7, signers=BUREAU.clerks[:1])


def signed_twice_by_one(bundle: Path) -> None:
    write_bundle(bundle, 7, signers=[BUREAU.clerks[0], BUREAU.clerks[0]])


def without_manifest(bundle: Path) -> None:
    (bundle / MANIFEST_NAME).unlink()


def one_byte_changed(bundle: Path) -> None:
    (path,) = bundle.glob("wheels/*")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def half_transferred(bundle: Path) -> None:
    (path,) = bundle.glob("wheels/*")
    path.write_bytes(path.read_bytes()[:-1])


def file_missing(bundle: Path) -> None:
    (path,) = bundle.glob("wheels/*")
    path.unlink()


def file_longer(bundle: Path) -> None:
    (path,) = bundle.glob("wheels/*")
    path.write_bytes(path.read_bytes() + b"x")


def file_is_a_link(bundle: Path) -> None:
    (path,) = bundle.glob("wheels/*")
    aside = bundle / "aside"
    path.replace(aside)
    path.symlink_to(aside)


def wheel_leads_out(bundle: Path) -> None:
    content = wheel("0.7.0", GOOD, stored=False, **{"..__..__evil.py": b"x"})
    name = "wheels/zhifa_recorder-0.7.0-py3-none-any.whl"
    (bundle / name).write_bytes(content)
    resign(bundle, {name: content})


def wheel_is_none(bundle: Path) -> None:
    name = "wheels/zhifa_recorder-0.7.0-py3-none-any.whl"
    (bundle / name).write_bytes(b"PK no archive")
    resign(bundle, {name: b"PK no archive"})


def resign(bundle: Path, files: dict[str, bytes]) -> None:
    manifest = sign_update(document(7, files), BUREAU.clerks)
    (bundle / MANIFEST_NAME).write_bytes(manifest)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (forged, "update_signature"),
        (signed_by_one, "update_signature"),
        (signed_twice_by_one, "update_signature"),
        (without_manifest, "update_incomplete"),
        (one_byte_changed, "update_changed"),
        (half_transferred, "update_incomplete"),
        (file_missing, "update_incomplete"),
        (file_longer, "update_changed"),
        (file_is_a_link, "update_incomplete"),
        (wheel_leads_out, "update_malformed"),
        (wheel_is_none, "update_malformed"),
    ],
)
def test_spoilt_bundle_is_refused_by_name_and_nothing_is_stopped(
    scene: Scene, spoil: Callable[[Path], None], code: str
) -> None:
    bundle = scene.bundle(7)
    spoil(bundle)
    assert scene.adopt(bundle) == ("refused", code)
    assert scene.services.restarts == 0
    assert scene.prefix.current_name() == "by-hand"
    assert not (scene.folder / "evil.py").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires": "2026-05-31T00:00:00.000000Z"}, "update_expired"),
        ({"not_before": "2026-06-02T00:00:00.000000Z"}, "update_early"),
        ({"least_version": 3}, "update_base"),
    ],
)
def test_update_of_another_term_or_for_a_newer_recorder_is_refused(
    scene: Scene, changes: dict[str, Any], code: str
) -> None:
    assert scene.adopt(scene.bundle(7, **changes)) == ("refused", code)
    assert scene.services.restarts == 0


def test_term_is_not_judged_by_a_clock_that_nobody_vouches_for(scene: Scene) -> None:
    scene.now = None
    expired = scene.bundle(7, expires="2026-05-31T00:00:00.000000Z")
    assert scene.adopt(expired) == ("confirmed", "")


def test_busy_recorder_is_left_alone(scene: Scene) -> None:
    scene.busy = "a session is open"
    bundle = scene.bundle(7)
    assert scene.adopt(bundle) == ("refused", "update_busy")
    assert scene.services.restarts == 0
    scene.busy = None
    assert scene.adopt(bundle) == ("confirmed", "")


def test_recorder_installed_another_way_is_not_touched(scene: Scene) -> None:
    scene.prefix.current.unlink()
    scene.prefix.current.mkdir()
    assert scene.adopt(scene.bundle(7)) == ("refused", "update_base")
    assert scene.services.restarts == 0


def test_state_that_cannot_be_read_stops_updates_and_nothing_else(scene: Scene) -> None:
    (scene.prefix.folder / STATE_NAME).write_text("{")
    with pytest.raises(RulebookError, match="cannot be read"):
        scene.adopt(scene.bundle(7))
    assert scene.runs() == "0.0.0"


class Still(Processes):
    """Processes that nobody starts; ready or not as the test says."""

    ready = True

    def restart(self) -> None:
        self.restarts += 1

    def are_ready(self) -> bool:
        return self.ready


@pytest.mark.parametrize("ready", [True, False], ids=["good", "silent"])
def test_power_cut_at_every_step_leaves_a_whole_release(
    scene: Scene, *, ready: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut before each sync, rename, link and write in turn, then start again."""
    scene.services = still = Still(scene.prefix, scene.folder)
    scene.patience = Patience(ready_seconds=0.01, steady_seconds=0.01)
    still.ready = ready
    bundle = scene.bundle(7)
    with monkeypatch.context() as patch:
        cutter = Cutter(patch)
        at, cut = 0, True
        while cut:
            at += 1
            cutter.arm(at)
            try:
                scene.switcher().adopt(bundle, ROOT)
                cut = False
            except KilledError:
                cut = True
            cutter.arm(0)
            assert_whole(scene)
            state = scene.switcher().recover()
            assert state.step != "trying"
            assert_whole(scene)
            confirmed = state.step == "confirmed"
            assert scene.prefix.current_name().startswith("000007" if confirmed else "by-hand")
            if confirmed:
                forget(scene)
    assert at > 25, "the steps were not cut"


def assert_whole(scene: Scene) -> None:
    """What is current is a release with all its files."""
    name = scene.prefix.current_name()
    release = scene.prefix.release(name)
    assert (release / "bin" / "recorder").stat().st_size > 0
    if name != "by-hand":
        assert (release / "lib" / "agent" / "main.py").read_text().endswith(GOOD)
        assert (release / "overlay/etc/systemd/system/recorder-vault.service").exists()


def forget(scene: Scene) -> None:
    """As before the update, for the next cut; the release that was unpacked stays."""
    scene.prefix.switch("by-hand")
    (scene.prefix.releases / "by-hand" / "bin").mkdir(parents=True, exist_ok=True)
    scene.prefix.put(msgspec.structs.replace(scene.prefix.state(), step="none", running=0, floor=0))
