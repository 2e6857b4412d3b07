"""The report of a field test, signed by the recorder.

Owns putting outcomes, parts and times together, having the digest signed, and the files. Refuses to
sign: the vault does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.field_test.outcome import Outcome, State
from agent.field_test.page import page
from agent.field_test.vault import FieldVault
from agent.settings import Device
from evidence import field_report
from evidence.canonical import JsonObject
from evidence.store import durable

JSON_NAME: Final = "field-test.json"
HTML_NAME: Final = "field-test.html"
_LONGEST: Final = 1_000

Made = Sequence[tuple[str, Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where a report lies.

    Attributes:
        json: The signed file.
        html: To print.
        content: Of the signed file.
    """

    json: Path
    html: Path
    content: bytes


def compose(device: Device, vault: FieldVault, made: Made, began: str | None = None) -> JsonObject:
    """The report of what was made from ``began`` (RFC 3339; None: now) until now."""
    facts = vault.facts()
    parts = [{"name": one.name, "model": one.model, "serial": one.serial} for one in facts.parts]
    return {
        "v": field_report.VERSION,
        "dev": device.settings.device_id,
        "board": device.settings.board,
        "firmware": device.settings.firmware,
        "boot_id": facts.boot_id,
        "began": began or facts.utc,
        "ended": facts.utc,
        "parts": parts,
        "steps": [_fields(step, outcome) for step, outcome in made],
    }


def sign(report: JsonObject, vault: FieldVault) -> bytes:
    """The file of a report, with the recorder's signature.

    Raises:
        FieldTestError: The vault does not sign.
    """
    counts = {state: sum(one["state"] == state for one in report["steps"]) for state in State}
    token = vault.sign(
        field_report.digest(report),
        passed=counts[State.PASSED],
        failed=counts[State.FAILED],
        skipped=counts[State.SKIPPED],
    )
    return field_report.bundle(report, token)


def write(out: Path, content: bytes, report: JsonObject) -> Written:
    """Put the file and its page into ``out``."""
    written = Written(json=out / JSON_NAME, html=out / HTML_NAME, content=content)
    durable.replace_file(written.json, content)
    durable.replace_file(written.html, page(report).encode())
    return written


def outcomes(report: JsonObject) -> list[tuple[str, Outcome]]:
    """What came of each step, out of a report."""
    return [
        (
            one["step"],
            Outcome(State(one["state"]), one["cause"], one["detail"], one["measures"]),
        )
        for one in report["steps"]
    ]


def has_failed(made: Made) -> bool:
    """Whether any step did."""
    return any(outcome.state is State.FAILED for _, outcome in made)


def _fields(step: str, outcome: Outcome) -> JsonObject:
    return {
        "step": step,
        "state": outcome.state.value,
        "cause": outcome.cause,
        "detail": outcome.detail[:_LONGEST],
        "measures": dict(outcome.measures),
    }
