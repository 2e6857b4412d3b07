"""What an officer does on a day, and what the world does to the officer's recorder.

Owns the verbs of a day, for the demo and for the story tests alike; each returns when the record of
it is signed. Refuses to look into any process: what came of a verb is read from the chains.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from evidence.canonical import JsonObject
from hw.types import ButtonName, LampPattern
from scripts.clerk import CUSTODIAN, DEVICE_ID
from scripts.stage import Stage

HOLD_SECONDS: Final = 3.2
MARK_HOLD_SECONDS: Final = 1.8
PLAN: Final = (
    *("--activity", "inspection", "--matter", "统计数据质量检查", "--party", "某某有限公司"),
    *("--place", "某县工业路1号", "--item", "原始记录", "--item", "统计台账"),
    *("--officer", f"{CUSTODIAN}:张三:41010200456", "--officer", "O-2:李四:41010200789"),
)
"""What the bureau sends the officer out to do, as options of ``bureau plan new``."""


class Wait(Protocol):
    """Waits for a fact; ``Stage.wait_until`` is one."""

    def __call__(self, fact: Callable[[], object], what: str, *, seconds: float = 30.0) -> object:
        """Return when ``fact`` is true; raise ``StageError`` when it does not become so."""


class Officer:
    """An officer with a recorder.

    Args:
        stage: Where bureau and recorder run.
        policy: Keys of the bureau's rulebook that differ from the defaults.
        wait: How to wait; the stage's own way where there is none.
    """

    def __init__(self, stage: Stage, policy: JsonObject, wait: Wait | None = None) -> None:
        self._stage = stage
        self._policy = policy
        self._wait: Wait = wait or stage.wait_until

    def switch_on(self) -> None:
        """Switch the recorder on and wait for the check before use."""
        self._stage.start_recorder()
        world = self._stage.device.paths.world_socket
        self._wait(world.exists, "a world")
        self._ready()
        self._checked("power_up")

    def take_plan_along(self) -> None:
        """The desk publishes a plan; the recorder takes it on the cradle; it is chosen by ear."""
        stage = self._stage
        where = ["--bureau", str(stage.bureau), "--to", DEVICE_ID, "--publish", "--json"]
        stage.command("bureau.main", ["plan", "new", *where, *PLAN])
        stage.world.dock()
        self._logged("plan")
        stage.world.undock()
        self._ready()
        self._checked("undocked")
        stage.world.press(ButtonName.MARK)
        stage.world.hold(ButtonName.MARK, MARK_HOLD_SECONDS)
        self._wait(lambda: self._presses()[-2:] == ["mark tap", "mark hold"], "the choice")
        self._wait(
            lambda: any("plan.chosen" in sound.clip_id for sound in stage.world.heard()),
            "the choice to be spoken",
        )

    def begin(self) -> str:
        """Press at the door; film the sign and say the statement where that is asked for.

        Returns:
            The session's id.
        """
        sid = self._press_record()
        if self._policy.get("arrival.sign", False):
            self._prompted(sid, "sign")
            self._stage.world.press(ButtonName.MARK)
            self._wait(lambda: "sign" in self._marks(sid), "the sign's mark")
        if self._policy.get("arrival.statement", "none") != "none":
            self._prompted(sid, "statement")
            self._speak(sid)
        return sid

    def meet_party(self, sid: str) -> None:
        """The party comes: hold MARK, and the recorder tells them."""
        before = len(self.events(sid, "disclosure"))
        self._stage.world.hold(ButtonName.MARK, MARK_HOLD_SECONDS)
        self._wait(lambda: len(self.events(sid, "disclosure")) > before, "the announcement again")

    def question(self, sid: str) -> None:
        """Take a photo and set a mark while people talk."""
        world = self._stage.world
        world.talk()
        world.press(ButtonName.PHOTO)
        self._wait(lambda: self.events(sid, "photo"), "the photo")
        world.press(ButtonName.MARK)
        self._wait(lambda: "mark" in self._marks(sid), "the mark")
        world.talk(on=False)

    def run_out_of_battery(self, sid: str) -> None:
        """The battery runs down and ends the recording; then it is charged."""
        self._stage.world.drain_battery(2)
        self._closed(sid)
        self._stage.world.charge(80)
        self._ready()

    def resume(self) -> str:
        """Press again, and say why it was interrupted where that is asked for.

        Returns:
            The new session's id.
        """
        sid = self._press_record()
        if self._policy.get("continuity.reason_on_resume", False):
            self._prompted(sid, "interruption")
            self._speak(sid)
        return sid

    def mark_secret(self, sid: str) -> None:
        """Hold PHOTO: what is in the picture is somebody's privacy."""
        self._stage.world.hold(ButtonName.PHOTO, MARK_HOLD_SECONDS)
        self._wait(lambda: "secret:privacy" in self._marks(sid), "the class of secrecy")

    def end(self, sid: str) -> None:
        """Hold RECORD; say with MARK that it is over, or press RECORD where nobody asks how."""
        world = self._stage.world
        world.hold(ButtonName.RECORD, HOLD_SECONDS)
        self._wait(lambda: self._gestures(sid)[-1:] == ["record hold"], "the hold to be signed")
        asked = self._policy.get("session.ends", "unstated") != "unstated"
        if asked:
            self._wait(
                lambda: any("choose.mark" in sound.clip_id for sound in world.heard()),
                "the question how it ends",
            )
        world.press(ButtonName.MARK if asked else ButtonName.RECORD)
        self._closed(sid)

    def hand_in(self, *sids: str) -> None:
        """Put the recorder on the cradle until the bureau's receipts have freed the space."""
        self._stage.world.dock()
        for sid in sids:
            self._logged("release", sid)

    def events(self, sid: str, kind: str) -> list[dict[str, Any]]:
        """The fields of a session's events of one kind."""
        return [one["fields"] for one in self._stage.journal(sid) if one.get("kind") == kind]

    def _press_record(self) -> str:
        before = self._stage.sessions()
        self._stage.world.press(ButtonName.RECORD)
        self._wait(lambda: self._stage.sessions() != before, "a session")
        sid = self._stage.sessions()[-1]
        self._wait(lambda: self.events(sid, "disclosure"), "the announcement", seconds=60)
        return sid

    def _speak(self, sid: str) -> None:
        before = len(self.events(sid, "statement"))
        self._stage.world.talk()
        self._wait(lambda: len(self.events(sid, "statement")) > before, "the statement", seconds=60)
        self._stage.world.talk(on=False)

    def _prompted(self, sid: str, prompt: str) -> None:
        def asked() -> bool:
            return prompt in [one["prompt"] for one in self.events(sid, "prompt")]

        self._wait(asked, f"the prompt {prompt}", seconds=60)

    def _marks(self, sid: str) -> list[str]:
        return [one["code"] for one in self.events(sid, "mark")]

    def _gestures(self, sid: str) -> list[str]:
        return [f"{one['button']} {one['gesture']}" for one in self.events(sid, "button")]

    def _presses(self) -> list[str]:
        log = self._stage.device_log()
        return [f"{one['button']} {one['gesture']}" for one in log if one["t"] == "press"]

    def _ready(self) -> None:
        self._wait(lambda: self._stage.lamp() is LampPattern.READY, "the green lamp")

    def _checked(self, trigger: str) -> None:
        def there() -> bool:
            return trigger in [one.get("trigger") for one in self._stage.device_log()]

        self._wait(there, f"the check before use ({trigger})", seconds=60)

    def _closed(self, sid: str) -> None:
        self._logged("session", sid)

    def _logged(self, t: str, sid: str | None = None) -> None:
        def there() -> bool:
            log = self._stage.device_log()
            return any(one["t"] == t and sid in (None, one.get("sid")) for one in log)

        self._wait(there, f"{t} in the device log", seconds=60)
