"""The vault asks for an update on the cradle, with nothing open and nothing waiting, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from agent.settings import Paths
from agent.update.prefix import State
from agent.vault.updates import Updates
from evidence import schema
from evidence.digests import sha256_hex
from evidence.records import DEVICE_RECORDS
from evidence.store import durable
from evidence.update import MANIFEST_NAME
from tests.kits.device.updates import BUREAU, NOW, write_bundle


@dataclass
class Log:
    """A device log that checks its records."""

    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    docked: bool = True
    waits: list[bool] = field(default_factory=list)

    @property
    def state(self) -> Any:
        sessions = {str(n): SimpleNamespace(waits=waits) for n, waits in enumerate(self.waits)}
        return SimpleNamespace(docked=self.docked, sessions=sessions)

    def record(self, t: str, fields: dict[str, Any]) -> None:
        if t == "update":
            schema.check_fields(DEVICE_RECORDS[t], fields, t)
        self.records.append((t, fields))


@dataclass
class Scene:
    paths: Paths
    log: Log
    updates: Updates

    @property
    def asked(self) -> str | None:
        request = self.paths.update_request
        return request.read_text() if request.exists() else None

    def told(self) -> list[str]:
        return [fields.get("state") or fields["code"] for _, fields in self.log.records]

    def outcome(self, **fields: Any) -> None:
        state = State(**{"version": 7, "release": "0.7.0", "sha256": self.digest, **fields})
        self.paths.update_outcome.write_bytes(msgspec.json.encode(state))

    @property
    def digest(self) -> str:
        return sha256_hex((self.paths.update_inbox / MANIFEST_NAME).read_bytes())


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    paths = Paths(tmp_path, tmp_path / "run")
    durable.make_folder(paths.update_inbox)
    durable.make_folder(paths.root.parent)
    paths.root.write_bytes(BUREAU.root)
    log = Log()
    updates = Updates(
        paths,
        SimpleNamespace(ca=BUREAU.ca),  # type: ignore[arg-type]
        log,  # type: ignore[arg-type]
        lambda: NOW,
        Path.unlink,
    )
    return Scene(paths, log, updates)


def test_whole_update_is_asked_for_once_and_put_on_record(scene: Scene) -> None:
    write_bundle(scene.paths.update_inbox, 7)
    for _ in range(3):
        scene.updates.look(recording=False)
    assert scene.asked == scene.digest
    assert scene.told() == ["requested"]


def recording(scene: Scene) -> bool:
    del scene
    return True


def undocked(scene: Scene) -> bool:
    scene.log.docked = False
    return False


def undelivered(scene: Scene) -> bool:
    scene.log.waits = [False, True]
    return False


def unfinished(scene: Scene) -> bool:
    (path,) = scene.paths.update_inbox.glob("wheels/*")
    path.write_bytes(path.read_bytes()[:-1])
    return False


@pytest.mark.parametrize("hinder", [recording, undocked, undelivered, unfinished])
def test_update_waits(scene: Scene, hinder: Callable[[Scene], bool]) -> None:
    write_bundle(scene.paths.update_inbox, 7)
    scene.updates.look(recording=hinder(scene))
    assert scene.asked is None
    assert scene.told() == []
    assert (scene.paths.update_inbox / MANIFEST_NAME).exists()


@pytest.mark.parametrize(
    ("changes", "running", "code"),
    [
        ({"signers": BUREAU.clerks[:1]}, 0, "update_signature"),
        ({}, 7, "update_older"),
        ({"expires": "2026-05-31T00:00:00.000000Z"}, 0, "update_expired"),
        ({"least_version": 5}, 4, "update_base"),
    ],
)
def test_refused_update_is_named_once_and_lies_there_no_more(
    scene: Scene, changes: dict[str, Any], running: int, code: str
) -> None:
    write_bundle(scene.paths.update_inbox, 7, **changes)
    scene.outcome(step="none", sha256="", running=running, floor=running)
    for _ in range(2):
        scene.updates.look(recording=False)
    assert scene.told() == [code]
    assert scene.asked is None


@pytest.mark.parametrize("step", ["confirmed", "rolled_back", "refused"])
def test_what_became_of_it_is_on_record_once(scene: Scene, step: str) -> None:
    write_bundle(scene.paths.update_inbox, 7)
    scene.updates.look(recording=False)
    running = 7 if step == "confirmed" else 0
    scene.outcome(step=step, running=running, floor=running, code="" if running else "update_why")
    for _ in range(3):
        scene.updates.look(recording=True)
        scene.updates.look(recording=False)
    assert scene.told() == ["requested", step]
    assert scene.log.records[-1][1]["sha256"] != ""


def test_after_a_roll_back_the_same_update_is_tried_when_it_is_sent_again(scene: Scene) -> None:
    write_bundle(scene.paths.update_inbox, 7)
    scene.updates.look(recording=False)
    scene.outcome(step="rolled_back", code="update_not_ready")
    scene.updates.look(recording=False)
    write_bundle(scene.paths.update_inbox, 7, release="0.7.0.1")
    scene.updates.look(recording=False)
    assert scene.told() == ["requested", "rolled_back", "requested"]


def test_root_that_is_missing_permits_nothing(scene: Scene) -> None:
    write_bundle(scene.paths.update_inbox, 7)
    scene.paths.root.unlink()
    scene.updates.look(recording=False)
    assert scene.told() == ["update_signature"]


def test_outcome_that_cannot_be_read_is_no_outcome(scene: Scene) -> None:
    scene.paths.update_outcome.write_bytes(b"{")
    scene.updates.look(recording=False)
    assert scene.told() == []
