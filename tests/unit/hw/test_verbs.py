"""Every verb does to the world what it says, and every verb is on the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hw.board import open_board
from hw.errors import LockFault, MissingPartFault, WorldFault
from hw.fake.clock import JumpingClock
from hw.fake.locker import FakeLocker
from hw.fake.terminal import app
from hw.fake.world import FakeWorld
from hw.types import ButtonName, CameraSettings, PartName, Role

Verb = Callable[[FakeWorld], None]


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld.here(JumpingClock())


@pytest.mark.parametrize(
    ("verb", "field", "value"),
    [
        (FakeWorld.dock, "docked", True),
        (FakeWorld.undock, "docked", False),
        (FakeWorld.charge, "battery_percent", 100),
        (FakeWorld.break_gauge, "battery_answers", False),
        (FakeWorld.fill_disk, "free_bytes", 0),
        (FakeWorld.free_disk, "free_bytes", None),
        (FakeWorld.protect_disk, "storage_writable", False),
        (FakeWorld.break_camera, "camera", "gone"),
        (FakeWorld.freeze_camera, "camera", "frozen"),
        (FakeWorld.stall_camera, "camera", "stalled"),
        (FakeWorld.mend_camera, "camera", "working"),
        (FakeWorld.cover_camera, "camera_covered", True),
        (FakeWorld.uncover_camera, "camera_covered", False),
        (FakeWorld.still_scene, "scene", "still"),
        (FakeWorld.moving_scene, "scene", "moving"),
        (FakeWorld.break_microphone, "microphone", "gone"),
        (FakeWorld.mend_microphone, "microphone", "working"),
        (FakeWorld.cover_speaker, "speaker", "covered"),
        (FakeWorld.break_speaker, "speaker", "gone"),
        (FakeWorld.mend_speaker, "speaker", "working"),
        (FakeWorld.clap, "clapping", True),
        (FakeWorld.talk, "talking", True),
        (FakeWorld.hang_gauge, "gauge", "hung"),
        (FakeWorld.mend_gauge, "battery_answers", True),
        (FakeWorld.smear_camera, "camera_smeared", True),
        (FakeWorld.wipe_camera, "camera_smeared", False),
        (FakeWorld.hang_microphone, "microphone", "hung"),
        (FakeWorld.deafen_microphone, "microphone", "deaf"),
        (FakeWorld.muffle_microphone, "microphone", "muffled"),
        (FakeWorld.hang_speaker, "speaker", "hung"),
        (FakeWorld.mute_speaker, "speaker", "mute"),
        (FakeWorld.break_disk, "medium", "gone"),
        (FakeWorld.hang_disk, "medium", "hung"),
        (FakeWorld.counterfeit_disk, "medium", "lying"),
        (FakeWorld.mend_disk, "medium", "working"),
        (FakeWorld.break_key, "key", "gone"),
        (FakeWorld.hang_key, "key", "hung"),
        (FakeWorld.swap_key, "key", "foreign"),
        (FakeWorld.mend_key, "key", "working"),
        (FakeWorld.open_case, "case_open", True),
        (FakeWorld.close_case, "case_open", False),
        (FakeWorld.kill_contact, "contact", "dead"),
        (FakeWorld.jam_contact, "contact", "jammed"),
        (FakeWorld.mend_contact, "contact", "working"),
        (FakeWorld.break_lamp, "lamp_condition", "dark"),
        (FakeWorld.stick_lamp, "lamp_condition", "stuck"),
        (FakeWorld.mend_lamp, "lamp_condition", "working"),
        (FakeWorld.lose_rtc, "clock_source", "none"),
        (FakeWorld.set_clock, "clock_source", "ntp"),
    ],
)
def test_a_verb_does_what_it_says(world: FakeWorld, verb: Verb, field: str, value: object) -> None:
    verb(world)
    assert getattr(world.state(), field) == value


def test_what_hangs_or_lies_is_undone_by_its_mending(world: FakeWorld) -> None:
    before = world.state()
    world.hang_gauge()
    world.misread_battery(100)
    world.mend_gauge()
    world.stop_clock()
    world.lose_rtc()
    world.set_clock()
    for button in ButtonName:
        world.jam_button(button)
        world.mend_button(button)
    assert world.state() == before


def test_parts_that_were_swapped_stay_so_until_they_are_put_back(world: FakeWorld) -> None:
    world.swap_part(PartName.CARD)
    world.swap_part(PartName.CAMERA)
    world.swap_part(PartName.CARD)
    both = set(world.state().swapped)
    world.put_back_part(PartName.CARD)
    assert (both, world.state().swapped) == (
        {PartName.CARD, PartName.CAMERA},
        (PartName.CAMERA,),
    )


def test_a_dark_lamp_has_nothing_to_stick_at(world: FakeWorld) -> None:
    world.break_lamp()
    with pytest.raises(WorldFault):
        world.stick_lamp()


def test_a_loose_cradle_opens_its_contact(world: FakeWorld) -> None:
    felt: list[bool] = []
    world.link.watch(lambda _before, after, _at_ns: felt.append(after.contact_closed()))
    world.rattle(2)
    assert felt == [True, False, True, False, True]


def test_holding_a_button_takes_its_time(world: FakeWorld) -> None:
    edges: list[tuple[bool, int]] = []
    world.link.watch(lambda _, after, at_ns: edges.append((after.mark_pressed, at_ns)))
    world.hold(ButtonName.MARK, 3)
    (down, down_ns), (up, up_ns) = edges
    assert (down, up, up_ns - down_ns) == (True, False, 3_000_000_000)


def test_a_bouncing_contact_makes_edges_within_milliseconds(world: FakeWorld) -> None:
    edges: list[int] = []
    world.link.watch(lambda _before, _after, at_ns: edges.append(at_ns))
    world.bounce(ButtonName.RECORD, 3)
    assert len(edges) == 8
    assert edges[6] - edges[0] < 10_000_000


def test_losses_add_up(world: FakeWorld) -> None:
    world.lose_samples(10)
    world.lose_samples(5)
    world.vanish_samples(3)
    assert (world.state().samples_lost, world.state().samples_vanished) == (15, 3)


def test_pulling_the_power_makes_a_new_boot_and_lifts_every_finger(world: FakeWorld) -> None:
    world.push(ButtonName.RECORD)
    world.pull_power()
    first = world.state()
    world.pull_power()
    assert first.boot_id != world.state().boot_id
    assert not first.record_pressed


def test_every_verb_is_a_command_with_help() -> None:
    commands = {command.name for command in app.registered_commands}
    assert {"press", "hold", "dock", "fill-disk", "hang-key", "clap", "heard"} <= commands
    assert all(command.callback and command.callback.__doc__ for command in app.registered_commands)
    assert not {"at", "here", "close"} & commands


def test_no_board_opens_without_its_world(tmp_path: Path) -> None:
    with pytest.raises(MissingPartFault, match=r"hw\.fake\.world"):
        open_board("fake", Role.DOCK, device_dir=tmp_path, camera=CameraSettings())


def test_one_board_never_stands_in_for_another(tmp_path: Path) -> None:
    with pytest.raises(MissingPartFault):
        open_board("pi", Role.DOCK, device_dir=tmp_path, camera=CameraSettings())


@pytest.mark.parametrize("damage", [b"", b"evidence!", b"EVIDENCE"])
def test_the_fake_locker_notices_what_it_could_not_stop(tmp_path: Path, damage: bytes) -> None:
    locker, path = FakeLocker(), tmp_path / "000000.mp4.age"
    path.write_bytes(b"evidence")
    with path.open("r+b") as file:
        locker.lock_immutable(file.fileno())
        path.chmod(0o600)
        path.write_bytes(damage)
        with pytest.raises(LockFault):
            locker.release(file.fileno(), tmp_path / "receipt")


def test_an_append_only_file_that_shrank_is_noticed(tmp_path: Path) -> None:
    locker, path = FakeLocker(), tmp_path / "journal.jws"
    path.write_bytes(b"evidence")
    with path.open("r+b") as file:
        locker.lock_append(file.fileno())
        assert locker.is_locked(file.fileno())
        file.truncate(3)
        with pytest.raises(LockFault, match="shrunk"):
            locker.lock_immutable(file.fileno())
