"""The vault's parts, put together over one store.

Owns which part is given which, and the order in which they can come to be: the key before the log,
the remains of a crash before the log's first line. Refuses work: ``vault`` has it done.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from agent.preflight.bounded import Bounded
from agent.settings import Device
from agent.vault.chain.device_log import DeviceLog, Start, open_device_log
from agent.vault.chain.taught_clock import TaughtClock
from agent.vault.custody import Custody
from agent.vault.docking import Docking
from agent.vault.handover import Handover
from agent.vault.mandate import load_mandate
from agent.vault.preflight.admission import Admission
from agent.vault.preflight.examination import Examination
from agent.vault.preflight.field_test import FieldTest
from agent.vault.preflight.latch import Latch
from agent.vault.preflight.wholeness import Wholeness
from agent.vault.session.opening import Opener
from agent.vault.session.plans import PlanShelf
from agent.vault.session.recovery import Remains
from agent.vault.store.catalog import Catalog
from agent.vault.store.medium import Medium
from agent.vault.updates import Updates
from agent.vault.words.policy import Policy
from agent.vault.words.roster import Roster
from agent.vault.words.words import Words
from hw.ports import Clock, VaultBoard


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a vault works with.

    Attributes:
        medium: Where the files lie.
        log: The device log, open.
        remains: What a crash left, read and not yet recovered.
        opener: Opens and resumes sessions.
        examination: Knows how the vault stands.
        admission: Judges a start.
        latch: Sees to it that a recorder is not used with a fault that stops its use.
        wholeness: Sees to it that it is made of its own parts.
        field_test: Answers a tester.
        shelf: Holds the plans.
        handover: Answers the dock.
        docking: Answers the bureau's challenge and takes its time.
        clock: The board's, taught by the bureau.
        words: Takes the bureau's words.
        updates: Asks for an update when one may be tried.
    """

    medium: Medium
    log: DeviceLog
    remains: Remains
    opener: Opener
    examination: Examination
    admission: Admission
    latch: Latch
    wholeness: Wholeness
    field_test: FieldTest
    shelf: PlanShelf
    handover: Handover
    docking: Docking
    clock: TaughtClock
    words: Words
    updates: Updates


def assemble(device: Device, board: VaultBoard) -> Parts:
    """Put the parts of one vault together; the device log has its ``start`` afterwards.

    Raises:
        RefusedError: The signing key or its certificate is unusable.
        SigningFault: The key does not sign.
    """
    settings, paths, clock = device.settings, device.paths, TaughtClock(board.clock)
    mandate = load_mandate(paths, settings.device_id, board.key, clock)
    medium = Medium(
        paths,
        board.locker,
        board.storage,
        floor_bytes=settings.storage_floor_bytes,
        reserve_bytes=settings.reserve_bytes,
    )
    start = Start(boot_id=board.boot_id, start_id=secrets.token_hex(16))
    remains = Remains(medium)
    log = open_device_log(medium, mandate, start, clock, settings.firmware, remains.find)
    opener = Opener(
        medium=medium,
        mandate=mandate,
        log=log,
        start=start,
        clock=clock,
        firmware=settings.firmware,
    )
    examination = Examination(
        paths=paths,
        mandate=mandate,
        medium=medium,
        log=log,
        clock=clock,
        bounded=Bounded(clock),
        officer=settings.officer,
    )
    # Neither takes the other's question, still out, for a medium that hangs.
    beside = replace(examination, bounded=Bounded(clock))
    custody = Custody(medium, log, mandate)
    latch = Latch(examination, log)
    wholeness = Wholeness(board.identity, log, latch, Bounded(clock))
    field_test = FieldTest(
        mandate=mandate,
        log=log,
        medium=medium,
        wholeness=wholeness,
        clock=clock,
        boot_id=board.boot_id,
        started_ns=_started_ns(log, board.boot_id, clock),
    )
    kinds = {
        "roster": Roster(paths, mandate),
        "policy": Policy(paths, mandate, clock, examination.sure_now),
    }
    return Parts(
        medium=medium,
        log=log,
        remains=remains,
        opener=opener,
        examination=examination,
        admission=Admission(examination, latch, wholeness, beside.storage),
        latch=latch,
        wholeness=wholeness,
        field_test=field_test,
        shelf=PlanShelf(
            paths.plans,
            mandate,
            log,
            examination.sure_now,
            examination.word,
            custody.let_go,
        ),
        handover=Handover(custody, log, Catalog(paths.catalog), examination, clock),
        words=Words(kinds, log, custody.let_go),
        updates=Updates(paths, mandate, log, examination.sure_now, custody.let_go),
        docking=Docking(mandate, log, medium, clock, start),
        clock=clock,
    )


def _started_ns(log: DeviceLog, boot_id: str, clock: Clock) -> int:
    """CLOCK_BOOTTIME of this boot's first start of the vault."""
    boot = log.state.boot
    return boot[1] if boot is not None and boot[0] == boot_id else clock.monotonic_ns()
