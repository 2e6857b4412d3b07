"""The recorder's end of the vault's socket, against a vault that does what each test wants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any, TypeVar

import msgspec
import pytest

from agent.channel import Channel, listen
from agent.session import events as e
from agent.vault import messages as m
from agent.vault_link import VaultLink
from hw.fake.clock import SystemClock

SECONDS = 10.0
HELD = m.ActiveSession(sid="s1", counter=1, next_segment=0, gop_count=0, video_end_ns=0)
REQUEST = m.OpenSession(activity="voluntary", officer=None, plan_id=None, bits_per_second=1_000)
Wanted = TypeVar("Wanted")


class Vault:
    """The other end, by hand."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "vault.sock"
        self.listener = listen(self.path)
        self.listener.settimeout(SECONDS)
        self.channel: Channel[Any, Any] | None = None
        self.posted: Queue[e.Event] = Queue()
        self.acknowledged: list[m.Durable] = []
        self.interruptions = 0
        self.link = VaultLink(self.path, SystemClock(), self.posted.put)
        self.link.start(self)

    def durable(self, message: m.Durable) -> None:
        self.acknowledged.append(message)

    def interrupt(self) -> None:
        self.interruptions += 1

    def accept(self, session: m.ActiveSession | None = None) -> None:
        """Let the recorder attach."""
        connection, _ = self.listener.accept()
        connection.settimeout(SECONDS)
        self.channel = Channel(connection, m.FromRecorder)
        assert isinstance(self.channel.receive(), m.Attach)
        self.say(m.Attached(session=session, segment_seconds=2, announcements=[]))
        self.event(e.VaultAttached)

    def say(self, message: m.ToRecorder) -> None:
        assert self.channel is not None
        self.channel.send(message)

    def hear(self, kind: type[Wanted]) -> Wanted:
        assert self.channel is not None
        message = self.channel.receive()
        assert isinstance(message, kind), message
        return message

    def event(self, kind: type[Wanted]) -> Wanted:
        event = self.posted.get(timeout=SECONDS)
        assert isinstance(event, kind), event
        return event

    def die(self) -> None:
        assert self.channel is not None
        self.channel.close()
        self.event(e.VaultLost)

    def close(self) -> None:
        self.link.stop()
        if self.channel is not None:
            self.channel.close()
        self.listener.close()


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    made = Vault(tmp_path)
    yield made
    made.close()


def test_a_vault_that_comes_later_is_found(vault: Vault) -> None:
    vault.accept()
    vault.link.open_session(REQUEST)
    assert vault.hear(m.OpenSession) == REQUEST
    vault.say(m.SessionOpened(session=HELD))
    assert vault.event(e.SessionOpened).session == HELD


def test_events_wait_until_the_session_is_open(vault: Vault) -> None:
    vault.accept()
    vault.link.open_session(REQUEST)
    vault.link.store_event("mark", {"code": "mark", "at_ns": 1})
    vault.hear(m.OpenSession)
    vault.say(m.SessionOpened(session=HELD))
    vault.event(e.SessionOpened)
    vault.link.go_on()
    assert vault.hear(m.StoreEvent).kind == "mark"


def test_an_event_that_was_not_signed_is_sent_again_on_the_next_connection(vault: Vault) -> None:
    vault.accept(HELD)
    vault.link.go_on()
    for at_ns in (1, 2):
        vault.link.store_event("mark", {"code": "mark", "at_ns": at_ns})
        assert vault.hear(m.StoreEvent).fields["at_ns"] == at_ns
    vault.say(m.Recorded(journal_i=4))
    vault.say(m.Durable(number=0, plaintext_offset=1, journal_i=5))
    vault.event(e.MediaAdvanced)
    vault.die()
    vault.accept(HELD)
    vault.link.go_on()
    assert vault.hear(m.StoreEvent).fields["at_ns"] == 2


def test_nothing_of_a_forgotten_session_is_sent(vault: Vault) -> None:
    vault.accept()
    vault.link.store_event("mark", {"code": "mark", "at_ns": 1})
    vault.link.forget_session()
    vault.link.go_on()
    vault.link.note(m.NotePress(button="mark", gesture="tap", at_ns=9))
    assert vault.hear(m.NotePress).at_ns == 9


def test_a_refusal_of_the_start_is_told_to_the_loop(vault: Vault) -> None:
    vault.accept()
    vault.link.open_session(REQUEST)
    vault.hear(m.OpenSession)
    vault.say(m.Refused(code="storage", detail="no room"))
    assert vault.event(e.SessionRefused).code == "storage"


def test_a_refused_event_is_not_sent_for_ever(vault: Vault) -> None:
    vault.accept(HELD)
    vault.link.go_on()
    vault.link.store_event("mark", {"code": "", "at_ns": 1})
    vault.hear(m.StoreEvent)
    vault.say(m.Refused(code="protocol", detail="no code"))
    vault.die()
    vault.accept(HELD)
    vault.link.go_on()
    vault.link.close_session("officer")
    assert vault.hear(m.CloseSession).reason == "officer"


def test_presses_made_while_the_vault_is_away_are_noted_when_it_is_back(vault: Vault) -> None:
    vault.link.note(m.NotePress(button="mark", gesture="tap", at_ns=7))
    vault.accept()
    assert vault.hear(m.NotePress).at_ns == 7


def test_an_interruption_is_told_before_the_next_connection(vault: Vault) -> None:
    vault.accept(HELD)
    vault.die()
    assert vault.interruptions == 1
    vault.accept(HELD)


def test_acknowledgements_reach_capture_and_the_lamp(vault: Vault) -> None:
    vault.accept(HELD)
    mark = m.Durable(number=0, plaintext_offset=100, journal_i=3)
    vault.say(mark)
    vault.event(e.MediaAdvanced)
    assert vault.acknowledged == [mark]


def _turn_away(vault: Vault, code: str) -> None:
    connection, _ = vault.listener.accept()
    channel: Channel[Any, Any] = Channel(connection, m.FromRecorder)
    channel.receive()
    channel.send(m.Refused(code=code, detail="why"))
    channel.close()


def test_a_vault_that_still_has_the_process_before_is_asked_again_at_once(vault: Vault) -> None:
    _turn_away(vault, "recording")
    vault.accept()


def test_a_vault_that_cannot_work_is_told_to_the_loop_and_not_pestered(vault: Vault) -> None:
    _turn_away(vault, "no_rulebook")
    assert vault.event(e.SessionRefused).code == "no_rulebook"
    vault.listener.settimeout(0.5)
    with pytest.raises(TimeoutError):
        vault.listener.accept()


def test_a_still_goes_in_parts_and_counts_as_signed_once(vault: Vault) -> None:
    vault.accept(HELD)
    vault.link.go_on()
    still = bytes(range(256)) * 4_096
    vault.link.store_photo(7, still)
    parts = [vault.hear(m.StorePhoto) for _ in range(2)]
    assert [(one.part, one.parts, one.pts_ns) for one in parts] == [(0, 2, 7), (1, 2, 7)]
    assert b"".join(one.content for one in parts) == still
    vault.say(m.Recorded(journal_i=4))
    vault.event(e.PhotoStored)


def test_a_still_that_was_not_signed_is_sent_again_whole(vault: Vault) -> None:
    vault.accept(HELD)
    vault.link.go_on()
    vault.link.store_photo(7, bytes(600_000))
    vault.hear(m.StorePhoto)
    vault.die()
    vault.accept(HELD)
    vault.link.go_on()
    assert [vault.hear(m.StorePhoto).part for _ in range(2)] == [0, 1]


def test_a_still_the_vault_will_not_take_is_told_to_the_loop(vault: Vault) -> None:
    vault.accept(HELD)
    vault.link.go_on()
    vault.link.store_photo(7, b"jpeg")
    vault.hear(m.StorePhoto)
    vault.say(m.Refused(code="storage", detail="no room"))
    assert vault.event(e.PhotoFailed).code == "storage"


def test_answers_to_different_questions_may_overtake_one_another(vault: Vault) -> None:
    vault.accept(HELD)
    vault.link.go_on()
    vault.link.store_preflight(m.StorePreflight(trigger="idle", checks=[]))
    vault.link.store_event("mark", {"code": "mark", "at_ns": 1})
    vault.link.ask_status()
    vault.say(m.Recorded(journal_i=4))
    vault.say(
        m.Status(
            free_minutes=9,
            backlog=0,
            deadline_minutes=None,
            utc="2026-11-21T08:00:00.000000Z",
            utc_source="ntp",
            utc_error_ms=1,
        )
    )
    vault.say(m.PreflightStored(trigger="idle", checks=[]))
    assert vault.event(e.StatusTold).status.free_minutes == 9
    assert vault.event(e.PreflightStored).trigger == "idle"


def test_the_last_check_waits_for_a_vault_that_is_away(vault: Vault) -> None:
    for trigger in ("power_up", "idle"):
        vault.link.store_preflight(m.StorePreflight(trigger=trigger, checks=[]))
    vault.link.note(m.NoteFault(part="camera", code="camera", detail="gone", state="begun"))
    vault.accept()
    assert vault.hear(m.NoteFault).part == "camera"
    assert vault.hear(m.StorePreflight).trigger == "idle"


def test_the_cradle_and_the_plans_are_told_to_the_loop(vault: Vault) -> None:
    vault.accept()
    plan = m.PlanChoice(plan_id="p1", number=1, activity="hearing", officers=[])
    vault.say(m.DockChanged(docked=True))
    vault.say(m.PlansChanged(plans=[plan]))
    assert vault.event(e.DockChanged).docked
    assert vault.event(e.PlansChanged).plans == (plan,)


def test_the_session_that_is_resumed_is_told_with_the_opening(vault: Vault) -> None:
    vault.accept()
    vault.link.open_session(REQUEST)
    vault.hear(m.OpenSession)
    previous = m.PreviousSession(sid="s0", reason="battery", seconds=60, same_plan=True)
    vault.say(m.SessionOpened(session=msgspec.structs.replace(HELD, previous=previous)))
    assert vault.event(e.SessionOpened).session.previous == previous


def test_a_word_that_was_adopted_makes_the_recorder_attach_anew(vault: Vault) -> None:
    vault.accept()
    vault.say(m.WordAdopted())
    vault.die()
    vault.accept()
    vault.link.open_session(REQUEST)
    assert vault.hear(m.OpenSession) == REQUEST
