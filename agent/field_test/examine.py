"""A field test from its beginning to its signed report, over a power cut where there is one.

Owns the order: the recorder is free, the steps, the report, the signature; and what has to be found
again after the power was cut. Refuses a report without its signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from agent.errors import FieldTestError
from agent.field_test import report as reports
from agent.field_test.bench import PULLED_NAME, Bench, Terms
from agent.field_test.protocol import CUT, Made, check_codes, go_through
from agent.field_test.report import Written
from agent.field_test.steps.cut import Pulled, survived
from agent.field_test.tester import Tester
from agent.field_test.vault import FieldVault
from agent.settings import Device
from evidence import canonical
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError
from evidence.store import durable
from hw.ports import RecorderBoard

UNFINISHED_NAME: Final = "unfinished.json"
_MOST_BYTES: Final = 1024 * 1024


def examine(
    device: Device, board: RecorderBoard, person: Tester, terms: Terms, only: Iterable[str] = ()
) -> tuple[JsonObject, Written]:
    """Make the field test.

    Args:
        device: Settings and folder.
        board: The recorder's ports.
        person: Hands, eyes and ears.
        terms: How it is made.
        only: Codes of the steps that are wanted; none for all.

    Returns:
        The report, and where it lies.

    Raises:
        FieldTestError: The recorder is not free, a step is unknown, or the report is not signed.
    """
    wanted = check_codes(only)
    durable.make_folder(terms.out)
    bench = Bench(device, board, person, terms)
    began = bench.vault.facts().utc
    made: Made = []

    def keep(so_far: Made) -> None:
        unfinished = reports.compose(device, bench.vault, so_far, began)
        durable.replace_file(terms.out / UNFINISHED_NAME, canonical.dumps(unfinished))

    bench.start()
    try:
        go_through(bench, wanted, made, keep)
    finally:
        bench.stop()
    return _finish(device, bench.vault, terms.out, made, began)


def resume(device: Device, out: Path) -> tuple[JsonObject, Written]:
    """Go on after the power was cut: see what survived, and end the report.

    Raises:
        FieldTestError: No field test waits for that in ``out``, or the report is not signed.
    """
    vault = FieldVault(device.paths.vault_socket)
    unfinished, pulled = _unfinished(out), _pulled(out)
    made = [*reports.outcomes(unfinished), (CUT, survived(pulled, vault))]
    return _finish(device, vault, out, made, unfinished["began"])


def _finish(
    device: Device, vault: FieldVault, out: Path, made: Made, began: str
) -> tuple[JsonObject, Written]:
    report = reports.compose(device, vault, made, began)
    return report, reports.write(out, reports.sign(report, vault), report)


def _unfinished(out: Path) -> JsonObject:
    try:
        return canonical.loads((out / UNFINISHED_NAME).read_bytes(), limit=_MOST_BYTES)
    except (OSError, EvidenceError) as error:
        raise FieldTestError(f"nothing waits in {out}: {error}", code="field_resume") from error


def _pulled(out: Path) -> Pulled:
    try:
        return msgspec.json.decode((out / PULLED_NAME).read_bytes(), type=Pulled)
    except (OSError, msgspec.MsgspecError) as error:
        raise FieldTestError(f"nothing waits in {out}: {error}", code="field_resume") from error
