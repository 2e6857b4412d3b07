"""The fault table in real processes: each part fails, hangs, lies and returns in a recording.

One recorder, one session for each group of parts. Of every fault three things are looked for: what
the loudspeaker says, what the lamp is told to show, and what the journal or the device log holds;
and in the end the session verifies. The same faults in every phase: ``docs/fault-table.md``.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.voice.catalog import text_of
from evidence import assignment
from hw.types import ButtonName, LampPattern
from scripts.clerk import CUSTODIAN
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import Enrolled, assign
from tests.kits.processes.story import Story, broken

pytestmark = [pytest.mark.slow, pytest.mark.rule("E2"), pytest.mark.rule("M2")]

MARK_SECONDS = 1.7
"""A hold of MARK: a new party has come."""


class Officer(Story):
    """An officer with ears and eyes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._since_ns = 0

    def listen(self) -> None:
        """From now on."""
        self._since_ns = max((one.began_ns for one in self.world.heard()), default=0)

    def has_heard(self, sentence: str) -> bool:
        """Whether the loudspeaker has said ``sentence``, or what it begins with."""
        sounds = (one for one in self.world.heard() if one.began_ns > self._since_ns)
        return any(sentence in text_of(one.clip_id) for one in sounds)

    def hears(self, sentence: str) -> None:
        """Wait for it."""
        self.wait_until(lambda: self.has_heard(sentence), f"{sentence} to be said")

    def sees(self, told: LampPattern) -> None:
        """Wait until the lamp is told so: what a stuck one shows is another matter."""
        self.wait_until(lambda: self.world.state().lamp == told.value, f"the lamp: {told.value}")

    def clear_by_the_keeper(self) -> None:
        """Hand the recorder out again after a fault that stopped its use."""
        if self.last("stop_use", "state") in {None, "cleared"}:
            return
        enrolled = Enrolled(self.bureau, self.device)
        number = assignment.read(
            self.device.paths.assignment.read_bytes(), ca_of(self.bureau)
        ).number
        assign(enrolled, CUSTODIAN, number=number + 1)
        self.wait_until(
            lambda: self.last("stop_use", "state") == "cleared", "the fault to be cleared"
        )

    def fault(self, sid: str, part: str, code: str, state: str) -> None:
        """Wait for the signed event."""

        def signed() -> bool:
            return any(
                (one["part"], one["code"], one["state"]) == (part, code, state)
                for one in self.events(sid, "fault")
            )

        self.wait_until(signed, f"the fault {part} {code} {state}")

    def told(self, sid: str, count: int) -> list[tuple[str, str | None]]:
        """Verdict and reason of each attempt, once there are ``count``."""
        told = f"{count} statements about the announcement"
        self.wait_until(lambda: len(self.events(sid, "disclosure")) >= count, told)
        return [(one["verdict"], one["reason"]) for one in self.events(sid, "disclosure")]

    def last(self, t: str, name: str) -> Any:
        """Field ``name`` of the last record ``t`` in the device log; None without one."""
        found = [one for one in self.device_log() if one["t"] == t]
        return found[-1][name] if found else None

    def ends(self, sid: str) -> None:
        """The officer ends the recording; it verifies, and each announcement has its verdict."""
        assert self.stop_recording(sid)["reason"] == "officer"
        self.verifies(sid)

    def verifies(self, sid: str) -> None:
        """Nothing is broken, and nothing was recorded without a word about the announcement."""
        assert broken(self.judge(sid)) == []
        told = self.events(sid, "disclosure")
        assert told
        for one in told:
            verified = one["verdict"] == "verified"
            assert verified == bool(one["announced"] and one["heard"] and one["complete"])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Officer]:
    with Officer(tmp_path_factory.mktemp("faults")) as officer:
        officer.switch_on()
        yield officer


@pytest.fixture
def officer(running: Officer) -> Iterator[Officer]:
    """One recorder for all of these; whatever a test broke is mended."""
    yield running
    world = running.world
    for mend in (world.mend_camera, world.mend_microphone, world.mend_speaker, world.mend_gauge):
        mend()
    for mend in (world.mend_lamp, world.mend_key, world.mend_disk, world.mend_contact):
        mend()
    running.clear_by_the_keeper()
    world.mend_button(ButtonName.RECORD)
    world.set_clock()
    world.free_disk()


def test_camera_and_microphone_fail_hang_and_return(officer: Officer) -> None:
    sid, world = officer.start_recording(), officer.world
    senses = ("camera", "microphone")
    for breaks in (
        (world.break_camera, world.break_microphone),
        (world.stall_camera, world.hang_microphone),
    ):
        officer.listen()
        for part, happens in zip(senses, breaks, strict=True):
            happens()
            officer.fault(sid, part, part, "begun")
        officer.sees(LampPattern.FAULT)
        officer.hears("摄像头故障，录音继续")
        officer.hears("麦克风故障，录像继续")
        officer.listen()
        for part, mends in zip(senses, (world.mend_camera, world.mend_microphone), strict=True):
            mends()
            officer.fault(sid, part, part, "ended")
        officer.sees(LampPattern.CAPTURING)
    officer.hears("摄像头已恢复")
    officer.hears("麦克风已恢复")
    officer.ends(sid)
    assert [officer.faults(sid, part) for part in senses] == [["begun", "ended"] * 2] * 2


def test_camera_microphone_lamp_and_clock_lie_and_are_caught_while_recording(
    officer: Officer,
) -> None:
    sid, world = officer.start_recording(), officer.world
    officer.listen()
    world.freeze_camera()
    world.deafen_microphone()
    world.stick_lamp()
    world.set_clock_quality("none")
    lies = (("camera", "frozen"), ("microphone", "dead"), ("lamp", "stuck"), ("clock", "unsure"))
    for lie in lies:
        officer.fault(sid, *lie, "begun")
    officer.sees(LampPattern.FAULT)
    world.mend_camera()
    world.mend_microphone()
    world.mend_lamp()
    world.set_clock()
    for said in ("画面不动", "麦克风故障", "指示灯异常", "时间未校准"):
        officer.hears(said)
    for lie in lies:
        officer.fault(sid, *lie, "ended")
    officer.sees(LampPattern.CAPTURING)
    officer.ends(sid)


def test_a_loudspeaker_that_fails_hangs_or_is_mute_is_never_called_heard(
    officer: Officer,
) -> None:
    world = officer.world
    world.break_speaker()
    sid = officer.press_record()
    assert officer.told(sid, 3) == [("unverified", "speaker")] * 3
    officer.fault(sid, "speaker", "speaker", "begun")
    world.mute_speaker()
    world.hold(ButtonName.MARK, MARK_SECONDS)
    assert officer.told(sid, 6)[3:] == [("unverified", "not_heard")] * 3
    officer.fault(sid, "speaker", "speaker", "ended")
    world.hang_speaker()
    world.hold(ButtonName.MARK, MARK_SECONDS)
    assert officer.told(sid, 9)[6:] == [("unverified", "speaker")] * 3
    officer.sees(LampPattern.UNVERIFIED)
    officer.listen()
    world.mend_speaker()

    def beeps() -> bool:
        world.hold(ButtonName.MARK, 0.5)
        return officer.faults(sid, "speaker")[-1] == "ended"

    officer.wait_until(beeps, "a press to be answered aloud")
    world.hold(ButtonName.MARK, MARK_SECONDS)
    assert officer.told(sid, 10)[-1] == ("verified", None)
    assert officer.has_heard("zh-cn")
    officer.sees(LampPattern.CAPTURING)
    officer.ends(sid)


def test_gauge_button_and_vault_fail_hang_lie_and_return_in_a_recording(
    officer: Officer,
) -> None:
    sid, world = officer.start_recording(), officer.world
    # The gauge is silent, while a jammed record button asks for the end: nobody confirms.
    officer.listen()
    world.break_gauge()
    world.jam_button(ButtonName.RECORD)
    world.jam_contact()
    officer.hears("确认结束请再按一次录制键")
    officer.fault(sid, "battery", "battery", "begun")
    officer.sees(LampPattern.FAULT)
    officer.hears("电量无法读取")
    officer.hears("未确认，继续记录")
    assert officer.gestures(sid)[-1] == "record hold"
    world.mend_button(ButtonName.RECORD)
    world.mend_contact()
    world.mend_gauge()
    officer.fault(sid, "battery", "battery", "ended")
    # The vault stands still and comes back, while the gauge hangs and then lies.
    vault = officer.process_of("vault")
    officer.listen()
    world.hang_gauge()
    os.kill(vault, signal.SIGSTOP)
    officer.sees(LampPattern.FAULT)
    officer.hears("存储设备故障")
    os.kill(vault, signal.SIGCONT)
    officer.hears("存储设备已恢复")
    officer.fault(sid, "storage", "late", "ended")
    officer.fault(sid, "battery", "hung", "begun")
    world.mend_gauge()
    world.misread_battery(2)
    officer.fault(sid, "battery", "hung", "ended")
    officer.hears("电量不足")
    officer.sees(LampPattern.LOW)
    world.mend_gauge()
    officer.ends(sid)


def test_a_medium_that_lies_is_found_while_it_records_and_refuses_the_next(
    officer: Officer,
) -> None:
    world = officer.world
    world.counterfeit_disk()
    officer.listen()
    sid = officer.start_recording()
    officer.fault(sid, "storage", "differs", "begun")
    officer.hears("存储设备故障")
    officer.sees(LampPattern.FAULT)
    officer.ends(sid)
    officer.hears("不能开始记录")
    assert (officer.last("stop_use", "state"), officer.last("stop_use", "part")) == (
        "set",
        "storage",
    )
    world.mend_disk()
    officer.listen()
    world.press(ButtonName.RECORD)
    officer.hears("本机有故障，必须停止使用，请交管理人员")
    officer.clear_by_the_keeper()
    officer.ends(officer.start_recording())


def test_a_key_or_a_medium_that_lies_is_found_before_use_and_refuses(officer: Officer) -> None:
    world = officer.world
    world.swap_key()
    world.counterfeit_disk()
    world.dock()
    officer.wait_until(
        lambda: officer.last("dock", "state") not in {None, "undocked"}, "the cradle"
    )
    officer.listen()
    world.undock()
    officer.hears("签名密钥不可用")
    officer.hears("不能开始记录")
    officer.sees(LampPattern.FAULT)
    states = {one["name"]: one["state"] for one in officer.last("preflight", "checks")}
    assert (states["key"], states["storage"]) == ("refuse", "refuse")
    before = officer.sessions()
    world.press(ButtonName.RECORD)
    officer.wait_until(lambda: officer.last("refusal", "code") is not None, "the refusal")
    assert officer.last("refusal", "code") == "custody"
    assert "stop_use" in officer.last("refusal", "detail")
    assert officer.sessions() == before
    world.mend_key()
    world.mend_disk()
