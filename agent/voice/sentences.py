"""What the recorder says to the officer, as rows of words.

Owns the officers' wording: short and plain, the cause first, then the next step. Every refusal,
every part that can fail and every check has its sentence; what has none is said as 设备异常 and is
a mistake that a test looks for. Refuses sound, and words to a party.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final

from agent.preflight.results import code_of, finding_of
from agent.vault.messages import CheckResult
from agent.voice import numbers
from agent.voice.catalog import WORDS
from agent.voice.numbers import LARGEST, Words, count, elapsed, span, time_of_day
from evidence.marks import END, OTHER_MATTER, STOP

SELF_TEST: Final[Words] = ("check.self_test", "stop")
"""Played to be heard by the microphone: long enough to be recognised."""

# --- causes and steps

REFUSALS: Final[dict[str, Words]] = {
    # a start is refused
    "storage": ("cause.space", "step.hand_over"),
    "no_store": ("cause.no_store", "step.report"),
    "no_key": ("cause.key", "step.custodian"),
    "custody": ("cause.custody", "step.custodian"),
    "no_rulebook": ("cause.rulebook", "step.custodian"),
    # the vault refuses something else
    "recording": ("cause.recording",),
    "no_session": ("cause.no_session",),
    "protocol": ("cause.internal", "step.repair"),
    "vault": ("cause.vault", "step.report"),
    "receipt": ("cause.receipt", "step.kept"),
    "refused": ("cause.unknown", "step.custodian"),
    "challenge": ("cause.unknown", "step.custodian"),
    "time": ("cause.unknown", "step.custodian"),
    # the agent's own errors
    "agent": ("cause.unknown", "step.custodian"),
    "settings": ("cause.settings", "step.custodian"),
    "client_version": ("cause.settings", "step.custodian"),
    "clip": ("cause.clip", "step.tell"),
    "capture": ("cause.capture", "step.restart"),
    "mux": ("cause.capture", "step.restart"),
    "unreadable": ("cause.unreadable", "step.report"),
    # the dock's
    "link": ("cause.link", "step.retry"),
    "not_authorised": ("cause.not_authorised", "step.custodian"),
    "packet_size": ("cause.packet_size", "step.call"),
    "tls_key": ("cause.tls_key", "step.custodian"),
    "desk_absent": ("cause.desk_absent", "step.retry"),
    "desk_silent": ("cause.desk_silent", "step.retry"),
    "desk_refused": ("cause.desk_refused", "step.call"),
    "undocked": ("cause.undocked", "step.dock_again"),
    "stopped": ("cause.stopped",),
    # a plan's
    "plan_malformed": ("cause.plan", "step.call"),
    "plan_size": ("cause.plan", "step.call"),
    "plan_signature": ("cause.plan", "step.call"),
    "plan_changed": ("cause.plan", "step.call"),
    "plan_device": ("cause.plan_device", "step.call"),
    "plan_expired": ("plan.expired", "step.call"),
    "plan_room": ("cause.plan_room", "step.call"),
    # another of the bureau's words
    "assignment_older": ("cause.assignment", "step.call"),
    "policy_clip": ("cause.clip", "step.call"),
}
"""Stable code → cause and step."""

PARTS: Final[dict[str, Words]] = {
    "camera": ("cause.camera",),
    "microphone": ("cause.microphone",),
    "speaker": ("cause.speaker", "step.tell"),
    "battery": ("cause.gauge", "step.call"),
    "storage": ("cause.storage", "step.report"),
    "vault": ("cause.vault", "step.report"),
    "lock": ("cause.lock", "step.report"),
    "lamp": ("cause.lamp", "step.call"),
    "buttons": ("cause.buttons", "step.call"),
    "key": ("cause.key", "step.custodian"),
    "case": ("cause.case", "step.custodian"),
    "hardware": ("cause.part", "step.call"),
    "missing": ("cause.part", "step.call"),
    "world": ("cause.part", "step.call"),
}
"""Part, or code of a hardware fault → cause and step."""

_GOES_ON: Final = {"camera": "step.sound_goes_on", "microphone": "step.picture_goes_on"}

CHECKS: Final[dict[str, Words]] = {
    "battery": ("cause.battery", "step.charge"),
    "space": ("cause.space", "step.hand_over"),
    "clock": ("clock.unsure", "step.set_clock"),
    "camera": ("cause.camera", "step.call"),
    "view": ("cause.view", "step.lens"),
    "microphone": ("cause.microphone", "step.call"),
    "speaker": ("cause.speaker", "step.tell"),
    "storage": ("cause.storage", "step.report"),
    "key": ("cause.key", "step.custodian"),
    "backlog": ("backlog.late", "step.hand_over"),
    "custody": ("cause.custody", "step.custodian"),
    "rulebook": ("cause.rulebook", "step.custodian"),
    "lamp": ("cause.lamp", "step.call"),
    "buttons": ("cause.buttons", "step.call"),
    "case": ("cause.case", "step.custodian"),
    "parts": ("cause.parts", "step.custodian"),
}
"""Check of the preflight → what is wrong and what to do."""

FINDINGS: Final[dict[tuple[str, str], Words]] = {
    ("backlog", "due"): ("backlog.soon", "step.hand_over"),
    ("battery", "failed"): ("cause.gauge", "step.call"),
    ("battery", "hung"): ("cause.gauge", "step.call"),
    ("battery", "implausible"): ("cause.gauge_odd", "step.charge"),
    ("camera", "black"): ("cause.camera_black", "step.lens"),
    ("camera", "frozen"): ("cause.camera_frozen", "step.call"),
    ("custody", "ended"): ("cause.ended", "step.custodian"),
    ("custody", "expired"): ("cause.certificate", "step.custodian"),
    ("custody", "frozen"): ("cause.frozen", "step.custodian"),
    ("custody", "lapsed"): ("cause.assignment", "step.custodian"),
    ("custody", "off_roster"): ("cause.custody", "step.custodian"),
    ("custody", "roster_over"): ("cause.custody", "step.custodian"),
    ("custody", "stop_use"): ("cause.stop_use", "step.custodian"),
    ("custody", "unassigned"): ("cause.unassigned", "step.custodian"),
    ("custody", "unreadable"): ("cause.assignment", "step.custodian"),
    ("microphone", "faint"): ("cause.microphone_faint", "step.uncover"),
    ("parts", "missing"): ("cause.parts_missing", "step.custodian"),
    ("rulebook", "early"): ("cause.rulebook_early", "step.call"),
    ("rulebook", "expired"): ("cause.rulebook_old", "step.call"),
    ("rulebook", "expiring"): ("cause.rulebook_ending", "step.call"),
    ("space", "short"): ("cause.space_short", "step.hand_over"),
    ("speaker", "faint"): ("cause.speaker_faint", "step.uncover"),
    ("speaker", "partly"): ("cause.speaker_faint", "step.uncover"),
    ("speaker", "unheard"): ("cause.speaker_unheard", "step.uncover"),
    ("speaker", "untested"): ("cause.speaker_untested", "step.tell"),
    ("speaker", "unknown"): ("cause.microphone", "step.call"),
    ("storage", "slow"): ("cause.storage_slow", "step.call"),
}
"""The same, where a check has a finding with a better word for it."""

STORAGE_LEVELS: Final[dict[str, Words]] = {
    "ok": (),
    "warn": ("cause.space", "step.hand_over"),
    "alarm": ("cause.space_alarm", "step.hand_over"),
    "close": ("cause.space_full", "stopped", "step.hand_over"),
    "full": ("cause.space_full", "stopped", "step.hand_over"),
    "unknown": PARTS["storage"],
}
"""Level of the vault's space → what is said."""

CLOSINGS: Final[dict[str, Words]] = {
    "officer": ("reason.officer",),
    "battery": ("reason.battery",),
    "storage": ("reason.storage",),
    "fault": ("reason.fault",),
    "vault_lost": ("reason.fault",),
    "interrupted": ("reason.interrupted",),
    "session_lost": ("reason.crash",),
    "superseded": ("reason.crash",),
    "kill": ("reason.crash",),
    "panic": ("reason.crash",),
    "crash": ("reason.crash",),
    "power": ("reason.power",),
    "power_off": ("reason.power_off",),
    "terminated": ("reason.power",),
}
"""Why a session ended, as the device knows it."""

ARRIVALS: Final[dict[str, Words]] = {
    "none": (),
    "fixed": ("arrival.fixed",),
    "purpose": ("arrival.purpose",),
    "fields": ("arrival.fields",),
}
"""Template of the arrival statement → what the officer is asked (C4–C7)."""

BEGINS: Final[dict[str, str]] = {
    "hearing_opened": "begin.hearing_opened",
    "item_begun": "begin.item_begun",
}
"""Beginning that comes after the press → its word."""

ENDS: Final[dict[str, str]] = {
    "after_notification": "end.after_notification",
    "on_leaving": "end.on_leaving",
    "after_inspection": "end.after_inspection",
    "hearing_closed": "end.hearing_closed",
    "item_done": "end.item_done",
}
"""End as the rules have it → its word (C2, C3)."""

WHYS: Final[dict[str, str]] = {
    "fault": "why.fault",
    "damage": "why.damage",
    "battery": "cause.battery",
    "storage": "cause.space",
    "weather": "why.weather",
    "obstruction": "why.obstruction",
    "place_change": "why.place_change",
    "force_majeure": "why.force_majeure",
    "other_objective": "why.other_objective",
}
"""Cause for which a recording may stop → its word (E2, E3)."""

CLASSES: Final[dict[str, str]] = {
    "privacy": "secret.privacy",
    "trade": "secret.trade",
    "state": "secret.state",
}
"""Class of secrecy, the lowest first → its word (L1)."""

FIELD_TASKS: Final[dict[str, Words]] = {
    "press.mark": ("press.mark",),
    "dock": ("step.dock_again",),
    "session.begin": ("step.press_record",),
    "pull_power": ("field.pull",),
    "speak": (),
    "hush": (),
    "clap.begin": (),
    "clap.end": (),
}
"""Task of the field test → what the tester is told, where it is not to look at the screen."""

_MOST_CHECKS: Final = 3
"""More trouble than this nobody remembers; the log has all of it."""


# --- power and cradle


def power_on() -> Words:
    """The recorder has started."""
    return _said(("power.on",))


def how_to_switch_off() -> Words:
    """A short press switches nothing off."""
    return _said(("power.hold",))


def not_off_while_recording() -> Words:
    """The power button was pressed while something is recorded: what it takes to switch off."""
    return _said(("power.recording",), ("power.end_hold",))


def confirm_off() -> Words:
    """Press once more to end the recording and to switch off."""
    return _said(("power.confirm",))


def switching_off() -> Words:
    """The recorder switches off."""
    return _said(("power.off",))


def battery_empty() -> Words:
    """Nothing is left in the battery, and nothing is recorded."""
    return _said(("power.empty",))


def docked() -> Words:
    """Put on the cradle."""
    return _said(("docked",))


def undocked() -> Words:
    """Taken off the cradle."""
    return _said(("undocked",))


def charging() -> Words:
    """Charging has begun."""
    return _said(("charging",))


# --- how it stands


def status(battery_minutes: int | None, free_minutes: int | None, elapsed_seconds: int) -> Words:
    """While recording: since when, and for how long battery and medium last (None: unknown)."""
    since = ("recorded", *elapsed(elapsed_seconds))
    now = _said(("recording",), since)
    return (*now, *battery(battery_minutes), *space(free_minutes))


def battery(minutes: int | None) -> Words:
    """For how long the battery records; None where the gauge does not answer."""
    return _said(_battery(minutes))


def space(minutes: int | None) -> Words:
    """For how long the medium has room; None where it is not known."""
    return _said(_space(minutes))


def clock(utc_ns: int, *, sure: bool = True) -> Words:
    """The time in China; not without saying so where it is not to be trusted (B4)."""
    unsure = () if sure else ("clock.unsure",)
    return _said(unsure, ("clock", *time_of_day(utc_ns)))


def backlog(sessions: int, deadline_minutes: int | None = None) -> Words:
    """How many sessions wait for the cradle, and until when (H1)."""
    if sessions <= 0:
        return _said(("backlog.none",))
    waiting = (*_count(sessions), "records", "backlog.some")
    if deadline_minutes is None:
        return _said(waiting)
    if deadline_minutes < 0:
        return _said(waiting, ("backlog.late",), ("step.hand_over",))
    return _said(waiting, ("backlog.due", *span(deadline_minutes)))


# --- a recording


def confirm_stop() -> Words:
    """Press once more to end it."""
    return _said(("stop.confirm",))


def ending(code: str) -> Words:
    """One way to end: a code of ``evidence.marks`` and what a press of MARK says with it."""
    if code.startswith(STOP):
        return _said(("because", _why(code.removeprefix(STOP))), ("choose.mark",))
    return _said((ENDS.get(code.removeprefix(END), "end.item_done"),), ("choose.mark",))


def not_stopped() -> Words:
    """Nobody confirmed: it goes on."""
    return _said(("stop.not",))


def stopped() -> Words:
    """The recording has ended, as the officer wanted."""
    return _said(("stopped",), ("step.hand_over",))


def closing(reason: str) -> Words:
    """The recording ends without the officer: the cause, where the device knows one."""
    if reason in STORAGE_LEVELS:
        return storage(reason)
    return _said(("stopped",), CLOSINGS.get(reason, ("reason.fault",)), ("step.hand_over",))


def resumed() -> Words:
    """The recorder has found a session open and goes on with it."""
    return _said(("restarted",), ("resumed",))


def photo_taken() -> Words:
    """A still was taken."""
    return _said(("photo.taken",))


def photo_failed() -> Words:
    """A still could not be taken; the film goes on."""
    return _said(("photo.failed",))


def photo_not_now() -> Words:
    """Stills belong to a recording."""
    return _said(("photo.not_now",), ("step.press_record",))


def secrecy(secrecy_class: str) -> Words:
    """A class of secrecy was marked; and how to raise it, up to the highest."""
    classes = tuple(CLASSES)
    above = classes[classes.index(secrecy_class) + 1 :]
    raising = ("secret.or", CLASSES[above[0]], "secret.again") if above else ()
    return _said(("secret.marked", CLASSES[secrecy_class]), raising)


# --- announcement and statements


def unverified() -> Words:
    """The announcement was not heard: say it, and press the mark."""
    return _said(("tell.unverified",), ("tell.yourself",))


def film_the_sign() -> Words:
    """Film the sign or the door, and press the mark (C4)."""
    return _said(("arrival.sign",))


def arrival(template: str) -> Words:
    """Ask for the arrival statement (C5–C7); nothing for a rulebook without one."""
    return _said(ARRIVALS.get(template, ()))


def begin(code: str) -> Words:
    """Press the mark when it begins (S1 Annex)."""
    return _said((BEGINS.get(code, "begin.item_begun"),), ("press.mark",))


def statement_taken() -> Words:
    """A voice was heard in the window."""
    return _said(("statement.taken",))


def statement_unheard() -> Words:
    """No voice was heard in the window."""
    return _said(("statement.unheard",), ("statement.again",))


def interrupted(reason: str = "") -> Words:
    """A session resumes another one: ask for the reason (E5), and say what the device knows."""
    return _said(("interrupted",), CLOSINGS.get(reason, ()), ("reason.ask",))


def cause(code: str, *, first: bool = False) -> Words:
    """One of the causes for which the session before may have been ended (E2, E3)."""
    question = _said(("cause.ask",)) if first else ()
    if code == OTHER_MATTER:
        return (*question, *_said(("other_matter",), ("press.mark",)))
    return (*question, *_said((_why(code),), ("press.mark",)))


# --- plans


def plan(number: int, activity: str) -> Words:
    """A plan that can be chosen: its number and what it is about."""
    return _said(("plan", *_number(number), "plan_number"), _activity(activity), ("plan.hold",))


def plan_chosen(number: int, activity: str) -> Words:
    """The plan of the next session."""
    return _said(("plan.chosen", *_number(number), "plan_number"), _activity(activity))


def no_plan_chosen() -> Words:
    """The next session has no plan."""
    return _said(("plan.dropped",))


def no_plan() -> Words:
    """There is none; a recording is possible all the same (S0§14)."""
    return _said(("plan.none",))


# --- refusals, checks, faults


def refused(code: str, detail: str = "") -> Words:
    """Why something was refused, and what to do; ``detail`` may name the finding behind it."""
    usual = REFUSALS.get(code, REFUSALS["agent"])
    return _said(*_each(FINDINGS.get(finding_of(detail), usual)))


def preflight(checks: Sequence[CheckResult]) -> Words:
    """What the check before use found, the worst first; and whether a recording is possible."""
    refusing = [check for check in checks if check.state == "refuse"]
    warning = [check for check in checks if check.state == "warn"]
    if not refusing and not warning:
        return _said(("check.ok",), ("ready",))
    found = [_said(*_each(_check(check))) for check in (*refusing, *warning)[:_MOST_CHECKS]]
    verdict = _said(("check.unusable",) if refusing else ("check.usable",))
    return (*_said(("check.found",)), *chain.from_iterable(found), *verdict)


def storage(level: str, minutes: int | None = None) -> Words:
    """The vault's space has another level; nothing where it is well."""
    cause = _each(STORAGE_LEVELS.get(level, ()))
    if not cause:
        return ()
    room = _space(minutes) if minutes is not None and level in {"warn", "alarm"} else ()
    return _said(cause[0], room, *cause[1:])


def battery_low(minutes: int | None) -> Words:
    """The battery will not last."""
    room = () if minutes is None else _battery(minutes)
    return _said(("cause.battery",), room, ("step.charge",))


def part_failed(part: str, *, recording: bool = False) -> Words:
    """A part has failed; while recording, what goes on without it."""
    clauses = _each(PARTS.get(part, PARTS["hardware"]))
    goes_on = (_GOES_ON[part],) if recording and part in _GOES_ON else ()
    if part in _GOES_ON and not recording:
        goes_on = ("step.call",)
    return _said(*clauses, goes_on)


def finding(check: CheckResult) -> Words:
    """What one check has found amiss while something is recorded."""
    return _said(*_each(_check(check)))


def part_recovered(part: str) -> Words:
    """A part works again."""
    word = f"back.{part}"
    return _said((word if word in WORDS else "back.part",))


# --- the field test


def field_task(task: str) -> Words:
    """What the tester is to do; the whole of it stands on the screen."""
    return _said(FIELD_TASKS.get(task, ("field.screen",)))


# --- how clauses become a sentence


def _said(*clauses: Iterable[str]) -> Words:
    """Clauses with a comma between and a stop at the end; empty ones fall away."""
    said: list[str] = []
    for clause in map(tuple, clauses):
        if clause:
            said += ["comma"] * bool(said) + [*clause]
    return (*said, "stop") if said else ()


def _each(words: Words) -> list[Words]:
    return [(word,) for word in words]


def _check(check: CheckResult) -> Words:
    usual = CHECKS.get(check.name, PARTS["hardware"])
    return FINDINGS.get((check.name, code_of(check)), usual)


def _battery(minutes: int | None) -> Words:
    return ("battery.unknown",) if minutes is None else ("battery", *span(min(minutes, LARGEST)))


def _space(minutes: int | None) -> Words:
    return ("space.unknown",) if minutes is None else ("space", *span(min(minutes, LARGEST)))


def _why(cause_code: str) -> str:
    return WHYS.get(cause_code, "why.other_objective")


def _activity(code: str) -> Words:
    word = f"activity.{code}"
    return (word,) if word in WORDS else ()


def _number(value: int) -> Words:
    return numbers.number(min(max(0, value), LARGEST))


def _count(value: int) -> Words:
    return count(min(max(0, value), LARGEST))
