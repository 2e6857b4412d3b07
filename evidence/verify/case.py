"""One session before its judge: the steps of the essay, in their order.

Owns which part is asked what, and putting together the verdict. Refuses rules of its own: each
step's rules stand in its module.
"""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509

from evidence import records
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.ids import DEVICE_LOG_NAME, JOURNAL_NAME
from evidence.limits import MAX_JOURNAL_BYTES
from evidence.receipt import Receipt, ReceiptKind
from evidence.rulebook import Rulebook
from evidence.verify import policy, receipts, witnesses
from evidence.verify.antecedents import check_antecedents
from evidence.verify.bundle import Bundle
from evidence.verify.chain import ChainWalk, Profile
from evidence.verify.counting import check_between
from evidence.verify.device_log import LogReading, read_device_log
from evidence.verify.files import FileCheck
from evidence.verify.findings import Findings
from evidence.verify.session import Announced, Session
from evidence.verify.verdict import Counts, Presence, Verdict
from evidence.verify.witnesses import JournalFacts, Witness

_PROFILE = Profile(
    file=JOURNAL_NAME,
    kind="session",
    owner_field="sid",
    check=records.check_session_record,
    first_prev=None,
    limit=MAX_JOURNAL_BYTES,
)


class Case:
    """One session before its judge.

    Args:
        bundle: Its bytes.
        ca: The pinned bureau CA.
    """

    def __init__(self, bundle: Bundle, ca: x509.Certificate) -> None:
        self._bundle = bundle
        self._ca = ca
        self._findings = Findings()
        self._walk = ChainWalk(bundle.journal, _PROFILE, ca, self._findings)
        self._session = Session(self._findings)
        self._journal_sound = True
        self._bytes = 0

    def judge(self) -> Verdict:
        """Take every step; call once."""
        if self._walk.readable:
            self._session.follow(self._walk)
        self._journal_sound = not self._findings.broken()
        self._check_certificate_period()
        log = self._device_log()
        found = [*self._receipt("committed"), *self._receipt("stored")]
        truncated = self._weigh(log, found)
        self._check_files(truncated=truncated)
        book = self._check_policy()
        if self._session.story.opened is not None:
            late = self._session.story.checked
            check_antecedents(self._session.story.opened, log, book, self._findings, late=late)
        self._tell_disclosure()
        return self._verdict()

    # Step 10.

    def _device_log(self) -> LogReading | None:
        content = self._bundle.device_log
        if content is None:
            return None
        part = Findings()
        log = read_device_log(content, self._walk.owner, self._ca, part)
        if None not in (log.device, self._walk.device) and log.device != self._walk.device:
            self._findings.add("log_foreign", f"of {log.device}", file=DEVICE_LOG_NAME)
            return None
        self._findings.extend(part)
        self._check_head(log)
        return log

    def _check_head(self, log: LogReading) -> None:
        """``open`` names the head of the device log at the press."""
        opened = self._session.story.opened
        if opened is None or not log.whole:
            return
        head = log.places.get(opened["prev"])
        if head is None:
            self._findings.add("head_unknown", file=JOURNAL_NAME, record=0)
            return
        check_between(
            self._session.counting,
            log.counting,
            self._findings,
            head=head,
            entry=log.entry_number,
        )
        if log.entry_number is None:
            self._unlisted(log)
        elif log.entry_number <= head:
            detail = "entered before it was opened"
            self._findings.add("log_differs", detail, file=DEVICE_LOG_NAME, record=log.entry_number)

    def _unlisted(self, log: LogReading) -> None:
        counter = self._session.counter
        if counter is not None and any(other >= counter for other in log.counters):
            detail = f"session {counter} is not in it"
            self._findings.add("counter_gap", detail, file=DEVICE_LOG_NAME)
        elif self._session.flow.closed:
            self._findings.add("session_unlisted", file=DEVICE_LOG_NAME)

    # Step 11.

    def _receipt(self, kind: ReceiptKind) -> list[Receipt]:
        token = self._bundle.committed if kind == "committed" else self._bundle.stored
        if token is None:
            return []
        found = receipts.read(token, kind, self._ca, self._findings)
        if found is None:
            return []
        ours = receipts.is_of(
            found,
            device=self._walk.device,
            sid=self._walk.owner,
            counter=self._session.counter,
            findings=self._findings,
        )
        return [found] if ours else []

    # Step 12.

    def _weigh(self, log: LogReading | None, found: list[Receipt]) -> bool:
        said = [_by_receipt(one) for one in found]
        if log is not None and log.entry is not None:
            said.append(_by_log(log))
        close = self._session.media.close
        journal = JournalFacts(
            sha256=sha256_hex(self._bundle.journal),
            size=len(self._bundle.journal),
            root=None if close is None else close["root"],
            counter=self._session.counter,
        )
        truncated = witnesses.weigh(
            journal,
            said,
            self._findings,
            sound=self._journal_sound,
            closed=self._session.flow.closed,
            last=self._session.story.last,
        )
        if self._journal_sound and not truncated:
            agreeing = [one for one in found if one.journal_sha256 == journal.sha256]
            for one in agreeing:
                receipts.check_files(one, self._session.media.claims, self._findings)
        return truncated

    # Step 9.

    def _check_files(self, *, truncated: bool) -> None:
        if self._bundle.files is None:
            return
        check = FileCheck(
            self._bundle.files,
            self._session.media,
            self._findings,
            closed=self._session.flow.closed,
            doubtful=truncated or not self._session.media.whole or not self._walk.readable,
        )
        check.run()
        self._bytes = check.bytes

    # Step 13.

    def _check_policy(self) -> Rulebook | None:
        book, root = self._bundle.rulebook, self._bundle.root
        if book is None or root is None:
            return None
        return policy.check_rulebook(book, root, self._ca, self._session.story, self._findings)

    # Step 15.

    def _tell_disclosure(self) -> None:
        self._tell_overlaps()
        if not self._session.story.announced:
            self._findings.add("disclosure_missing")
        for one in self._session.story.announced:
            fields = one.fields
            detail = f"clip {fields['clip']}, check {fields['check']}"
            if fields["reason"] is not None:
                detail += f", {fields['reason']}"
            self._findings.add(
                f"disclosure_{fields['verdict']}",
                detail,
                record=one.record,
                file=JOURNAL_NAME,
                second=one.second,
            )

    def _tell_overlaps(self) -> None:
        """Nothing speaks over the announcement."""
        spans = [
            (one.fields["from_ns"], one.fields["to_ns"])
            for one in self._session.story.announced
            if one.fields["announced"]
        ]
        for prompt in self._session.story.prompts:
            at_ns = prompt.fields["at_ns"]
            if any(start < at_ns < end for start, end in spans):
                self._findings.add(
                    "prompt_overlaps",
                    f"prompt {prompt.fields['prompt']}",
                    record=prompt.record,
                    file=JOURNAL_NAME,
                    second=prompt.second,
                )

    def _check_certificate_period(self) -> None:
        certificate, opened = self._walk.certificate, self._session.opened_utc_ns()
        if certificate is None or opened is None:
            return
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not start.timestamp() <= opened / 1e9 <= end.timestamp():
            self._findings.add(
                "certificate_period", f"{start} to {end}", file=JOURNAL_NAME, record=0
            )

    def _verdict(self) -> Verdict:
        story, media = self._session.story, self._session.media
        session = self._walk.owner
        return Verdict(
            session=session,
            device=self._walk.device,
            counter=self._session.counter,
            opened=None if story.opened is None else story.opened["utc"],
            closed=None if media.close is None else media.close["utc"],
            reason=None if media.close is None else media.close["reason"],
            disclosure=self._disclosure(),
            layers=self._layers(),
            counts=Counts(
                records=story.records,
                segments=media.totals.segments,
                files=len(media.claims),
                bytes=self._bytes,
                frames=media.totals.frames,
                samples=media.totals.samples,
                duration_ns=self._session.joints.duration_ns,
            ),
            findings=tuple(replace(one, session=session) for one in self._findings.listed()),
        )

    def _disclosure(self) -> str:
        said = [one["verdict"] for one in _outcomes(self._session.story.announced)]
        if not said:
            return "missing"
        return "verified" if "unverified" not in said else "unverified"

    def _layers(self) -> dict[str, Presence]:
        bundle = self._bundle
        there = {
            "seal": bundle.files is not None,
            "journal": True,
            "device_log": bundle.device_log is not None,
            "committed": bundle.committed is not None,
            "stored": bundle.stored is not None,
            "rulebook": bundle.rulebook is not None and bundle.root is not None,
        }
        return {name: Presence.PRESENT if is_ else Presence.ABSENT for name, is_ in there.items()}


def _outcomes(announced: list[Announced]) -> list[JsonObject]:
    """What became of each announcement: a further attempt stands for the one before it."""
    outcomes: list[JsonObject] = []
    for one in (each.fields for each in announced):
        again = one.get("attempt", 1) > 1 and outcomes and outcomes[-1]["clip"] == one["clip"]
        if again:
            outcomes.pop()
        outcomes.append(one)
    return outcomes


def _by_receipt(found: Receipt) -> Witness:
    facts = JournalFacts(sha256=found.journal_sha256, root=found.root, counter=found.counter)
    return Witness(receipts.RECEIPT_NAMES[found.kind], None, facts)


def _by_log(log: LogReading) -> Witness:
    entry = log.entry or {}
    facts = JournalFacts(
        sha256=entry["journal"]["sha256"],
        size=entry["journal"]["size"],
        root=entry["root"],
        counter=entry["counter"],
    )
    return Witness(DEVICE_LOG_NAME, log.entry_number, facts)
