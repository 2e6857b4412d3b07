"""Every record a chain can hold, field by field.

Owns the schemas of session journals and device logs (``docs/format.md`` tells them in prose) and
the check that both the vault, before signing, and the verifier, after checking the signature, run.
Refuses meaning: whether the records of a session fit together is for ``evidence.verify``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from evidence import schema as s
from evidence.canonical import JsonObject
from evidence.errors import RecordError
from evidence.limits import MAX_FILES
from evidence.marks import SECRECY
from evidence.moments import TimeSource

VERSION: Final = 1

_MOST_MISSING = 64
_COMMON: Final[s.Schema] = {
    "v": s.integer(VERSION, VERSION),
    "t": s.code,
    "i": s.natural,
    "prev": s.sha256,
    "mono_ns": s.natural,
    "boot_id": s.text,
    "utc": s.utc,
    "utc_q": s.fields(
        {"source": s.one_of(*TimeSource), "error_ms": s.optional(s.natural)},
    ),
}
_COUNT: Final = s.May(s.integer(1))
"""Lifetime number of a countable fact: presses, refusals, checks and starts share one sequence."""
_SESSION_COMMON: Final[s.Schema] = {**_COMMON, "sid": s.session}
_DEVICE_COMMON: Final[s.Schema] = {**_COMMON, "dev": s.device, "next": s.jwk}

_FILE: Final[s.Schema] = {
    "file": s.content_name,
    "size": s.natural,
    "sha256": s.sha256,
    "chunks": s.chunks,
}
_CERTIFIED: Final[s.Schema] = {"x5c": s.x5c, "chainkey": s.token, "next": s.jwk}

SESSION_RECORDS: Final[Mapping[str, s.Schema]] = {
    "open": {
        **_CERTIFIED,
        "dev": s.device,
        "counter": s.natural,
        "firmware": s.text,
        "officer": s.optional(s.text),
        "custodian": s.optional(s.text),
        "assignment": s.May(s.optional(s.integer(1))),
        "approval": s.May(s.optional(s.code)),
        "activity": s.code,
        "plan": s.optional(s.fields(_FILE)),
        "rulebook": s.fields({"version": s.natural, "sha256": s.sha256}),
        "preflight": s.optional(s.sha256),
        "nonce": s.optional(s.sha256),
        "last_receipt": s.optional(s.sha256),
        "recipients": s.many(
            s.fields({"role": s.one_of("bureau", "escrow"), "sha256": s.sha256}),
            least=2,
            most=2,
        ),
        "plan_id": s.May(s.optional(s.code)),
        "officers": s.May(s.many(s.text, most=16)),
        "previous": s.May(
            s.optional(
                s.fields(
                    {
                        "sid": s.session,
                        "counter": s.natural,
                        "reason": s.code,
                        "seconds": s.natural,
                        "same_plan": s.boolean,
                        "ending": s.May(s.optional(s.code)),
                    }
                )
            )
        ),
        "bounds": s.May(
            s.fields({"begins": s.code, "ends": s.code, "item": s.optional(s.integer(1, 999))})
        ),
    },
    "attest": {"sha256": s.sha256},
    "tick": {
        "file": s.content_name,
        "length": s.natural,
        "sha256": s.sha256,
        "frames": s.natural,
        "samples": s.natural,
        "last_pts_ns": s.May(s.natural),
    },
    "seg": {
        **_FILE,
        "next": s.jwk,
        "number": s.integer(0, 999_999),
        "plain_size": s.natural,
        "plain_sha256": s.sha256,
        "init_sha256": s.sha256,
        "first_pts_ns": s.natural,
        "last_pts_ns": s.natural,
        "frames": s.natural,
        "samples": s.natural,
        "dropped": s.natural,
        "gop_first": s.natural,
        "gop_count": s.natural,
        "ended_by": s.one_of("recorder", "vault"),
    },
    "event": {"kind": s.code, "fields": s.anything, "id": s.May(s.code)},
    "resume": {
        **_CERTIFIED,
        "previous": s.fields({"boot_id": s.text, "start_id": s.text}),
        "last": s.fields({"i": s.natural, "sha256": s.sha256}),
        "torn": s.optional(s.fields({"bytes": s.natural, "sha256": s.sha256})),
        "orphans": s.many(
            s.fields(
                {
                    **_FILE,
                    "covered_bytes": s.natural,
                    "covered_i": s.optional(s.natural),
                }
            ),
            most=MAX_FILES,
        ),
        "cause": s.one_of("power", "kill", "panic", "unknown"),
    },
    "close": {
        "next": s.jwk,
        "segments": s.natural,
        "size": s.natural,
        "root": s.sha256,
        "reason": s.code,
        "counter": s.natural,
    },
}
"""Records of a session's journal by ``t``, without the common fields."""

EVENTS: Final[Mapping[str, s.Schema]] = {
    "button": {"button": s.code, "gesture": s.code, "at_ns": s.natural, "count": _COUNT},
    "mark": {"code": s.code, "at_ns": s.natural},
    "photo": {**_FILE, "pts_ns": s.natural},
    "statement": {
        "template": s.code,
        "from_ns": s.natural,
        "to_ns": s.natural,
        "voiced_ms": s.optional(s.natural),
    },
    "prompt": {"prompt": s.code, "at_ns": s.natural},
    "battery": {
        "percent": s.integer(0, 100),
        "millivolts": s.natural,
        "charging": s.boolean,
    },
    "storage": {
        "level": s.one_of("warn", "alarm", "close", "full"),
        "free_bytes": s.natural,
        "minutes": s.natural,
    },
    "temperature": {"milli_celsius": s.integer(-100_000, 200_000)},
    "clock_step": {
        "expected_utc": s.utc,
        "actual_utc": s.utc,
        "step_ms": s.integer(-(2**53), 2**53),
    },
    "gap": {
        "track": s.one_of("video", "audio", "both"),
        "from_ns": s.natural,
        "to_ns": s.optional(s.natural),
        "cause": s.code,
    },
    "doubt": {
        "track": s.one_of("audio"),
        "from_ns": s.natural,
        "to_ns": s.natural,
        "within_ns": s.natural,
    },
    "tamper": {"part": s.code, "detail": s.text},
    "fault": {
        "part": s.code,
        "code": s.code,
        "detail": s.text,
        "state": s.one_of("begun", "ended"),
    },
    "check": {
        "name": s.code,
        "passed": s.boolean,
        "detail": s.text,
        "sha256": s.May(s.sha256),
    },
    "disclosure": {
        "clip": s.code,
        "text_sha256": s.sha256,
        "pcm_sha256": s.sha256,
        "announced": s.boolean,
        "frames_played": s.natural,
        "underruns": s.natural,
        "from_ns": s.natural,
        "to_ns": s.natural,
        "check": s.one_of("none", "acoustic"),
        "heard": s.optional(s.boolean),
        "complete": s.optional(s.boolean),
        "score_milli": s.optional(s.integer(-(2**31), 2**31)),
        "missing": s.many(s.fields({"from_ms": s.natural, "to_ms": s.natural}), most=_MOST_MISSING),
        "delay_ns": s.optional(s.integer(-(2**53), 2**53)),
        "drift_ppm": s.optional(s.integer(-10_000, 10_000)),
        "level_mdb": s.optional(s.integer(-200_000, 200_000)),
        "verdict": s.one_of("verified", "unverified"),
        "reason": s.optional(s.code),
        "attempt": s.May(s.integer(1)),
    },
}
"""Events of a session by ``kind``."""

_MADE_OF: Final[s.Schema] = {"model": s.text, "serial": s.optional(s.text)}
"""A part; without a serial number where none can be read."""
_FACTS: Final[s.Schema] = {"size": s.natural, "sha256": s.sha256, "chunks": s.chunks}

DEVICE_RECORDS: Final[Mapping[str, s.Schema]] = {
    "start": {
        "x5c": s.x5c,
        "chainkey": s.token,
        "firmware": s.text,
        "protection": s.code,
        "count": _COUNT,
        "torn": s.optional(s.fields({"bytes": s.natural, "sha256": s.sha256})),
    },
    "provision": {"step": s.code, "sha256": s.sha256, "version": s.natural},
    "session": {
        "sid": s.session,
        "counter": s.natural,
        "journal": s.fields(_FACTS),
        "root": s.sha256,
        "reason": s.code,
        "counted": s.May(s.natural),
        "ended": s.May(s.utc),
        "plan_id": s.May(s.optional(s.code)),
        "ending": s.May(s.optional(s.code)),
        "secrecy": s.May(s.optional(s.one_of(*SECRECY))),
    },
    "aborted": {"sid": s.session, "bytes": s.natural, "sha256": s.sha256},
    "receipt": {
        "sid": s.session,
        "kind": s.one_of("committed", "stored"),
        "serial": s.natural,
        "sha256": s.sha256,
    },
    "release": {"sid": s.session, "serial": s.natural, "bytes": s.natural},
    "press": {"button": s.code, "gesture": s.code, "at_ns": s.natural, "count": _COUNT},
    "refusal": {"code": s.code, "detail": s.text, "count": _COUNT},
    "preflight": {
        "trigger": s.one_of("power_up", "undocked", "idle", "asked"),
        "checks": s.many(
            s.fields(
                {
                    "name": s.code,
                    "state": s.one_of("ok", "warn", "refuse"),
                    "detail": s.text,
                    "value": s.optional(s.integer(-(2**53), 2**53)),
                }
            ),
            most=32,
        ),
        "count": _COUNT,
    },
    "stop_use": {
        "state": s.one_of("set", "cleared"),
        "part": s.code,
        "code": s.code,
        "detail": s.text,
        "assignment": s.optional(s.integer(1)),
    },
    "parts": {
        "because": s.one_of("first", "added", "cleared"),
        "parts": s.many(s.fields({"name": s.code, **_MADE_OF}), most=16),
        "assignment": s.optional(s.integer(1)),
    },
    "tamper": {
        "part": s.code,
        "code": s.one_of("swapped", "missing", "returned", "opened"),
        "old": s.optional(s.fields(_MADE_OF)),
        "new": s.optional(s.fields(_MADE_OF)),
        "detail": s.text,
    },
    "field_test": {
        "sha256": s.sha256,
        "passed": s.natural,
        "failed": s.natural,
        "skipped": s.natural,
    },
    "update": {
        "version": s.natural,
        "release": s.text,
        "sha256": s.sha256,
        "state": s.one_of("requested", "confirmed", "rolled_back", "refused"),
        "code": s.text,
    },
    "plan": {"plan_id": s.code, "sha256": s.sha256, "state": s.one_of("taken", "expired")},
    "fault": EVENTS["fault"],
    "clock_step": EVENTS["clock_step"],
    "dock": {
        "state": s.one_of("docked", "undocked", "pushing", "failed"),
        "detail": s.text,
    },
    "challenge": {"nonce": s.sha256, "sent": s.utc, "holding": s.sha256},
    "time": {
        "nonce": s.sha256,
        "sha256": s.sha256,
        "bureau_utc": s.utc,
        "offset_ms": s.integer(-(2**53), 2**53),
        "round_trip_ms": s.natural,
        "error_ms": s.natural,
    },
}
"""Records of the device log by ``t``, without the common fields; every one carries ``next``."""

EVOLVING: Final = frozenset({"open", "seg", "resume", "close"})
"""Session records after which the chain key evolves; in the device log it evolves at every line."""


def check_session_record(payload: JsonObject) -> None:
    """Check one journal record, common fields included.

    Raises:
        RecordError: Unknown ``t`` or ``kind``, or a field missing, unknown or out of range.
    """
    _check(payload, SESSION_RECORDS, _SESSION_COMMON)
    if payload["t"] == "event":
        kind = payload["kind"]
        if kind not in EVENTS:
            raise RecordError(f"an event of unknown kind {kind!r}")
        s.check_fields(EVENTS[kind], payload["fields"], kind)


def check_device_record(payload: JsonObject) -> None:
    """Check one device-log record, common fields included.

    Raises:
        RecordError: Unknown ``t``, or a field missing, unknown or out of range.
    """
    _check(payload, DEVICE_RECORDS, _DEVICE_COMMON)


def check_device_fields(t: str, fields: JsonObject) -> None:
    """Check a device-log record's own fields before it is made; what is made later may be absent.

    Raises:
        RecordError: A field is missing, unknown or out of range.
    """
    s.check_fields(DEVICE_RECORDS[t], fields, t)


def _check(payload: JsonObject, known: Mapping[str, s.Schema], common: s.Schema) -> None:
    kind = payload.get("t")
    if not isinstance(kind, str) or kind not in known:
        raise RecordError(f"a record of unknown type {kind!r}")
    # Extensions live under ``x`` and are carried, never judged.
    own = {name: value for name, value in payload.items() if name != "x"}
    s.check_fields({**common, **known[kind]}, own, kind)
