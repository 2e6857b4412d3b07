"""From a clerk's wish to a plan in the book, and from there to one that is signed.

Owns what the bureau asks of a plan: enrolled recorders that its officers may use, an activity of
the table, officers enough and certified, a time to come; then sealing to bureau and escrow, and the
signature. Refuses to send it: ``bureau.plans.courier`` does.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyrage
from cryptography import x509

from bureau import days
from bureau.clock import Clock
from bureau.errors import BureauError, PlanningError
from bureau.plans.book import PlanBook, Signed
from bureau.plans.draft import Draft, Wish, officers_of
from bureau.plans.rosters import check_rosters
from bureau.registry import Registry
from bureau.words.shelf import WordShelf
from evidence import plan
from evidence.activities import ACTIVITIES
from evidence.jws import Signer
from evidence.moments import utc_ns
from evidence.plan import LONGEST_NS, Particulars, Plan
from evidence.rulebook import Rulebook

_NOT_YET = "unnumbered"


@dataclass(frozen=True, kw_only=True)
class Planning:
    """What a plan is checked against and signed with.

    Attributes:
        book: Where plans stand.
        registry: Which recorders there are.
        words: Who may use them.
        rulebook: In force now.
        signer: The bureau's receipt key.
        certificate: Of that key.
        clock: Says when.
    """

    book: PlanBook
    registry: Registry
    words: WordShelf
    rulebook: Rulebook
    signer: Signer
    certificate: x509.Certificate
    clock: Clock

    def draft(self, wish: Wish) -> Draft:
        """Check a wish and write it down.

        Raises:
            PlanningError: With the code of what is wrong with it.
            PlanError: ``plan_particulars``: a text or a certificate number is not one.
        """
        begins, expires = self._times(wish)
        draft = Draft(
            number=wish.number,
            to=tuple(wish.devices),
            activity=wish.activity,
            begins=begins,
            expires=expires,
            particulars=Particulars(
                plan_id=_NOT_YET,
                matter=wish.matter.strip(),
                party=wish.party.strip(),
                place=wish.place.strip(),
                officers=officers_of(wish),
                items=tuple(item.strip() for item in wish.items),
            ),
        )
        self._check(draft)
        return self.book.enter(draft)

    def publish(self, plan_id: str) -> Signed:
        """Seal and sign a plan; one that was published is given back as it was.

        Raises:
            PlanningError: It is not here, over, or no longer as the rulebook asks.
            PlanError: It is not what a plan is.
        """
        published = self.book.find(plan_id)
        if published is not None:
            return published
        draft = self.book.draft(plan_id)
        self._check(draft)
        signed = Plan(
            plan_id=draft.plan_id,
            number=draft.number,
            to=draft.to,
            activity=draft.activity,
            officers=tuple(one.id for one in draft.particulars.officers),
            begins=draft.begins,
            expires=draft.expires,
            sealed=_seal(draft.particulars.to_bytes(), self.rulebook),
        )
        return self.book.keep(plan_id, plan.make(signed, self.signer, self.certificate))

    def _times(self, wish: Wish) -> tuple[str, str]:
        begins = days.parse(wish.begins) if wish.begins else self.clock.utc()
        return begins, days.parse(wish.expires) if wish.expires else days.end_of_day(begins)

    def _check(self, draft: Draft) -> None:
        _check_whole(draft)
        for device in draft.to:
            try:
                self.registry.admit(device)
            except BureauError as error:
                raise PlanningError(error.detail, code="plan_device") from error
        self._check_activity(draft.activity)
        self._check_officers(len(draft.particulars.officers))
        self._check_times(draft)
        draft.particulars.to_bytes()
        check_rosters(draft, self.words, self.clock.utc())

    def _check_activity(self, activity: str) -> None:
        own = {
            code
            for key in ("must_record.codes", "may_record.codes")
            for code in self.rulebook.codes(key)
        }
        if activity not in ACTIVITIES and activity not in own:
            raise PlanningError(
                f"{activity[:64]!r} is no activity; bureau plan activities lists them",
                code="plan_activity",
            )

    def _check_officers(self, number: int) -> None:
        least = self.rulebook.number("officers.min")
        if number < least:
            raise PlanningError(
                f"{number} officers where the rulebook asks for {least} (officers.min)",
                code="plan_officers",
            )

    def _check_times(self, draft: Draft) -> None:
        if utc_ns(draft.expires) <= utc_ns(self.clock.utc()):
            raise PlanningError("the plan is over already", code="plan_time")
        if not 0 < utc_ns(draft.expires) - utc_ns(draft.begins) <= LONGEST_NS:
            raise PlanningError("a plan expires after it begins, within 31 days", code="plan_time")


def _check_whole(draft: Draft) -> None:
    """Name everything that is missing at once."""
    said = draft.particulars
    parts = {
        "devices": draft.to,
        "activity": draft.activity,
        "matter": said.matter,
        "party": said.party,
        "place": said.place,
        "officers": said.officers,
    }
    missing = [name for name, value in parts.items() if not value]
    if missing:
        raise PlanningError(f"missing: {', '.join(missing)}", code="plan_missing")
    if len(set(draft.to)) != len(draft.to):
        raise PlanningError("a recorder is named twice", code="plan_device")


def _seal(content: bytes, rulebook: Rulebook) -> bytes:
    """One age file to the bureau and to escrow, as devices seal what they record."""
    try:
        recipients = [
            pyrage.x25519.Recipient.from_str(text) for text in rulebook.recipients.values()
        ]
    except pyrage.RecipientError as error:
        raise PlanningError(f"a recipient of the rulebook is unusable: {error}") from error
    return bytes(pyrage.encrypt(content, recipients))
