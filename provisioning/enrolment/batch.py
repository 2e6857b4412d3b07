"""``provision enrol --csv``: a whole delivery at once.

Owns turning a list into people, approvals, claims and seeds, and later, once the devices have been
enrolled, into assignments. Refuses by row, all rows at once; without ``partial`` one wrong row
keeps everything from being done. Lines of the ledger are written together, after the files they
speak of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from evidence.errors import EvidenceError
from provisioning.authority.keyring import KeyRole
from provisioning.bureau_folder import Bureau, UtcNs, exclusive, open_bureau
from provisioning.custody import ledger
from provisioning.custody.ledger import Statement
from provisioning.custody.lines import Role
from provisioning.custody.moves import Move
from provisioning.custody.moves.approving import Approve
from provisioning.custody.moves.assigning import Assign
from provisioning.custody.moves.people import AddPerson
from provisioning.custody.register import Register, open_register
from provisioning.custody.state import Person, State
from provisioning.enrolment import claiming
from provisioning.enrolment.claiming import Expected
from provisioning.enrolment.errors import AdmissionError
from provisioning.enrolment.known import Known
from provisioning.enrolment.lists import Row, RowError, read_list
from provisioning.enrolment.settings import DeviceOptions
from provisioning.errors import ProvisioningError
from provisioning.layout import BureauFolder
from provisioning.plan import Outcome, Report, Step, carry_out

Progress = Callable[[Sequence[Step]], Iterable[Step]]
"""Goes through the steps and shows how far it is."""

_PERSON: Final = "P-{:04d}"


class RowsError(ProvisioningError):
    """A list with rows that cannot be carried out; nothing was changed.

    Args:
        errors: Every row that is wrong, in order.
    """

    code = "rows"

    def __init__(self, errors: Sequence[RowError]) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors = tuple(errors)

    def diagnosis(self) -> str:
        """All of it in Chinese, a line for each."""
        return "\n".join((f"名单有 {len(self.errors)} 处问题，未作改动：", *map(str, self.errors)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a clerk wants with a list.

    Attributes:
        path: The list.
        seeds: Where seeds are written, one folder per device; None for no seeds.
        options: What every ``device.toml`` will say.
        host: Where the devices find the desk; None for the broker's host.
        port: TCP port there.
        keeper: Who looks after the devices; with ``leader``, those that are enrolled are assigned.
        leader: The responsible leader.
        partial: Whether right rows are done though others are wrong.
    """

    path: Path
    seeds: Path | None = None
    options: DeviceOptions = field(default_factory=DeviceOptions)
    host: str | None = None
    port: int = claiming.PORT
    keeper: str | None = None
    leader: str | None = None
    partial: bool = False

    def expected(self, row: Row) -> Expected:
        """The device of one row."""
        return Expected(
            device=row.device,
            serial=row.serial,
            model=row.model,
            options=self.options,
            host=self.host,
            port=self.port,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a list.

    Attributes:
        report: What was done.
        devices: Which, in the list's order.
        errors: The rows that were left out.
    """

    report: Report
    devices: tuple[str, ...]
    errors: tuple[RowError, ...]


def carry_out_list(
    bureau_path: Path,
    batch: Batch,
    *,
    clock: UtcNs,
    dry_run: bool = False,
    progress: Progress = iter,
) -> Done:
    """Carry a list out; run again it changes nothing.

    Args:
        bureau_path: The bureau's folder.
        batch: What is wanted.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.
        progress: Goes through the steps.

    Raises:
        RowsError: Rows are wrong, and ``partial`` was not asked for.
        ProvisioningError: The list or the bureau as a whole is refused.
    """
    rows, errors = read_list(batch.path)
    if not rows and not errors:
        raise AdmissionError("the list has no rows", code="list")
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        register = open_register(bureau, at_ns=clock())
        right, moves, more = _judge(register, batch, rows)
        errors = sorted([*errors, *more], key=lambda error: error.row)
        if errors and not batch.partial:
            raise RowsError(errors)
        outcomes = _do(register, batch, right, moves, dry_run=dry_run, progress=progress)
    facts: Mapping[str, str | int] = {"rows": len(right), "left_out": len(errors)}
    return Done(
        report=Report(outcomes=outcomes, facts=facts),
        devices=tuple(row.device for row in right),
        errors=tuple(errors),
    )


def _do(
    register: Register,
    batch: Batch,
    rows: Sequence[Row],
    moves: Sequence[Sequence[Move]],
    *,
    dry_run: bool,
    progress: Progress,
) -> tuple[Outcome, ...]:
    steps = register.steps(register.propose(moves))
    if batch.seeds is not None:
        expected = [batch.expected(row) for row in rows]
        steps += _seed_steps(register.bureau, expected, batch.seeds, register.at_ns)
    return carry_out(progress(steps), dry_run=dry_run)


def _judge(
    register: Register, batch: Batch, rows: Sequence[Row]
) -> tuple[list[Row], list[list[Move]], list[RowError]]:
    """The rows that can be carried out, what each means, and what is wrong with the others."""
    people = _People(register.state)
    known = Known(register.bureau.folder.registry)
    planned: list[tuple[Row, list[Move]]] = []
    errors = []
    for row in rows:
        try:
            claiming.check_expected(register.bureau, batch.expected(row), known)
            planned.append((row, people.moves(row)))
        except (ProvisioningError, EvidenceError) as error:
            errors.append(RowError(row.row, error.diagnosis()))
    moves = [[*one, *_assigning(register.state, batch, row, people)] for row, one in planned]
    refused = register.propose(moves).refused
    errors += [RowError(planned[at][0].row, why.diagnosis()) for at, why in refused.items()]
    right = [at for at in range(len(planned)) if at not in refused]
    return [planned[at][0] for at in right], [moves[at] for at in right], errors


def _assigning(state: State, batch: Batch, row: Row, people: _People) -> Iterator[Move]:
    """The device is handed out, once it has been enrolled and the clerk says by whom."""
    custody = state.devices.get(row.device)
    if batch.keeper is None or custody is None or custody.enrolled is None:
        return
    yield Assign(
        device=row.device,
        custodian=people.ids[row.certificate],
        keeper=batch.keeper,
        leader=batch.leader,
        again=False,
    )


class _People:
    """Who of a list is on the bureau's list already, and who is new.

    Args:
        state: After the ledger's lines.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._by_certificate = {
            one.certificate: one for one in state.people.values() if one.certificate is not None
        }
        self.ids = {number: one.id for number, one in self._by_certificate.items()}
        self._taken = set(state.people)

    def moves(self, row: Row) -> list[Move]:
        """Custodian and approval of one row.

        Raises:
            AdmissionError: ``person`` or ``approver``.
        """
        approver = self._approver(row)
        return [
            self._custodian(row),
            Approve(
                approver=approver,
                custodian=self.ids[row.certificate],
                device=row.device,
                document=row.document,
                date=row.date,
            ),
        ]

    def _custodian(self, row: Row) -> Move:
        known = self._by_certificate.get(row.certificate)
        if known is None:
            known = Person(
                id=self._fresh(),
                name=row.name,
                certificate=row.certificate,
                department=row.department,
                role=Role.OFFICER,
                training_until=None,
            )
            self._by_certificate[row.certificate] = known
            self.ids[row.certificate] = known.id
        if (known.name, known.department) != (row.name, row.department):
            raise AdmissionError(
                f"{row.certificate}: {known.name}, {known.department}", code="person"
            )
        return AddPerson(
            id=known.id,
            name=known.name,
            certificate=known.certificate,
            department=known.department,
            role=known.role,
            training_until=known.training_until,
        )

    def _approver(self, row: Row) -> str:
        heads = [
            one.id
            for one in self._state.people.values()
            if one.role is Role.HEAD and one.left is None and row.approver in (one.name, one.id)
        ]
        if len(heads) != 1:
            raise AdmissionError(f"{row.approver}: {len(heads)} heads", code="approver")
        return heads[0]

    def _fresh(self) -> str:
        number = len(self._taken) + 1
        while (name := _PERSON.format(number)) in self._taken:
            number += 1
        self._taken.add(name)
        return name


def _seed_steps(
    bureau: Bureau, expected: Sequence[Expected], seeds: Path, at_ns: int
) -> list[Step]:
    """Claims and seeds, then all their lines of the ledger at once."""
    steps: list[Step] = []
    said: list[tuple[str, dict[str, str]]] = []
    for one in expected:
        plan = claiming.plan_seed(bureau, one, seeds / one.device, at_ns=at_ns)
        steps += plan.steps
        said += plan.said
    return [*steps, _lines_step(bureau, said, at_ns)]


def _lines_step(bureau: Bureau, said: Sequence[tuple[str, dict[str, str]]], at_ns: int) -> Step:
    book = ledger.at(bureau.folder.ledger)

    def missing() -> list[tuple[str, dict[str, str]]]:
        return [(kind, fields) for kind, fields in said if not book.holds(kind, fields)]

    def do() -> None:
        signer = bureau.signer(KeyRole.CLERK)
        statements = [Statement(kind, dict(fields), signer) for kind, fields in missing()]
        book.append(statements, at_ns=at_ns)

    return Step(f"配发台账（{len(said)} 条）", lambda: not missing(), do)
