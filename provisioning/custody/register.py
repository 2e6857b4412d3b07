"""The bureau's custody, open for one command.

Owns reading the ledger once, verified; what a clerk wants against it; and the steps that make it
so: the signed lines first, then whatever follows from them. Refuses a ledger that does not verify.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evidence.moments import utc_text
from provisioning.authority.keyring import KeyRole
from provisioning.bureau_folder import Bureau, UtcNs, exclusive, open_bureau
from provisioning.custody import ledger, lines
from provisioning.custody.derived import derived_steps
from provisioning.custody.docked import Desk
from provisioning.custody.errors import CustodyError
from provisioning.custody.ledger import Line, Statement
from provisioning.custody.lines import Kind
from provisioning.custody.moves import Around, Entry, Move, Proposal, propose
from provisioning.custody.rules import Signatory
from provisioning.custody.signatories import Signatories, Succession, signatories_of
from provisioning.custody.state import State, replay
from provisioning.custody.witnesses import words_without_lines
from provisioning.errors import LedgerError
from provisioning.layout import BureauFolder
from provisioning.plan import Report, Step, carry_out

TRAINING: Final = "officers.training"
_KEYS: Final = {Signatory.CLERK: KeyRole.CLERK, Signatory.HEAD: KeyRole.HEAD}


@dataclass(frozen=True, slots=True)
class Register:
    """The bureau's custody at one moment.

    Attributes:
        bureau: Whose.
        state: What the ledger adds up to.
        at_ns: The moment, UTC in nanoseconds.
    """

    bureau: Bureau
    state: State
    at_ns: int

    def propose(self, rows: Iterable[Sequence[Move]]) -> Proposal:
        """What has to be written so that every row holds; rows that cannot are named."""
        bureau = self.bureau
        around = Around(
            utc=utc_text(self.at_ns),
            asks_training=bool(bureau.rulebook.policy.get(TRAINING, False)),
            desk=Desk(bureau.folder.path, bureau.ca),
        )
        return propose(self.state, rows, around)

    def steps(self, proposal: Proposal) -> list[Step]:
        """Make it so."""
        return [
            self._ledger_step(proposal.entries),
            *derived_steps(self.bureau, proposal.state, at_ns=self.at_ns),
        ]

    def _ledger_step(self, entries: Sequence[Entry]) -> Step:
        book = ledger.at(self.bureau.folder.ledger)
        # Not whether the ledger holds such a line: somebody may become again what he was before.
        missing = list(entries)

        def do() -> None:
            signers = {by: self.bureau.signer(_KEYS[by]) for by in {one.by for one in missing}}
            said = [
                Statement(str(entry.kind), entry.fields, signers[entry.by]) for entry in missing
            ]
            book.append(said, at_ns=self.at_ns)
            missing.clear()

        many = f"（{len(entries)} 条）" if len(entries) > 1 else ""
        return Step(f"配发台账{many}", lambda: not missing, do)


def open_register(bureau: Bureau, *, at_ns: int) -> Register:
    """Read the ledger and what it adds up to.

    Args:
        bureau: Held by ``exclusive`` where something is to be changed.
        at_ns: UTC in nanoseconds.

    Raises:
        LedgerError: It does not verify, or holds a line that nobody understands.
    """
    return Register(bureau, read_state(bureau), at_ns)


def read_state(bureau: Bureau) -> State:
    """What the ledger adds up to; whoever adds to it asks first.

    Raises:
        LedgerError: See ``open_register``; or its end is missing.
    """
    state = replay(line.payload for line in read_lines(bureau))
    for word in words_without_lines(bureau, state):
        raise _damaged(
            bureau, f"its end is missing: word {word.number} of {word.device} has no line"
        )
    return state


def read_lines(bureau: Bureau) -> list[Line]:
    """The ledger's lines: verified, well formed, each by a key that could sign it then.

    Raises:
        LedgerError: See ``open_register``.
    """
    path = bureau.folder.ledger
    content = path.read_bytes() if path.exists() else b""
    everybody = signatories_of(bureau)
    succession = Succession(everybody)
    try:
        found = ledger.verified(content, everybody.keys)
        for line in found:
            _check(line, everybody, succession)
    except LedgerError as error:
        raise _damaged(bureau, error.detail) from error
    if not found:
        raise _damaged(bureau, "it has no line: it is gone, or was emptied")
    return found


def _damaged(bureau: Bureau, why: str) -> LedgerError:
    folder = bureau.folder
    return LedgerError(f"{folder.ledger}: {why}; next: provision audit --bureau {folder.path}")


def _check(line: Line, everybody: Signatories, succession: Succession) -> None:
    """Nothing is built on a line that nobody understands or that had to be signed by others."""
    number = line.payload.get("i")
    try:
        kind = lines.check_line(line.payload)
    except CustodyError as error:
        raise LedgerError(f"line {number}: {error.detail}") from error
    if not succession.take(line):
        raise LedgerError(f"line {number}: it is signed by a replaced key")
    if kind is Kind.APPROVED and everybody.of(line.kid) is not Signatory.HEAD:
        raise LedgerError(f"line {number}: the head did not sign it")


def change(
    bureau_path: Path, moves: Sequence[Move], *, clock: UtcNs, dry_run: bool = False
) -> Report:
    """Make all of these so, or none; run again it changes nothing.

    Args:
        bureau_path: The bureau's folder.
        moves: In order.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        CustodyError: A rule refuses one of them; nothing was changed.
        DiskError: The disk took no more; the same command goes on where it stopped.
        ProvisioningError: The folder is no bureau, or its ledger does not verify.
    """
    with exclusive(BureauFolder(bureau_path.absolute())):
        register = open_register(open_bureau(bureau_path), at_ns=clock())
        proposal = register.propose([moves])
        for error in proposal.refused.values():
            raise error
        outcomes = carry_out(register.steps(proposal), dry_run=dry_run)
    return Report(outcomes=outcomes, facts=_facts(proposal))


_TOLD: Final = ("device", "number", "custodian", "approval", "form")


def _facts(proposal: Proposal) -> dict[str, str | int]:
    """What the clerk may want to write down: of one line, not of two hundred."""
    last = proposal.entries[-1] if proposal.entries else None
    if last is None:
        return {}
    return {name: last.fields[name] for name in _TOLD if name in last.fields}
