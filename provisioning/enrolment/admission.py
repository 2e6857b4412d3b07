"""Admitting a recorder: judging its request, issuing its certificates, remembering it.

Owns the order of the judgement and of the steps. Refuses whoever was not expected, comes late, is
other hardware or shows other keys than before; nothing is issued before the clerk has compared the
digits. A request by the same keys under the same claim is answered again: so a run that was cut
short anywhere is simply made again, and nothing is doubled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from evidence import keys
from evidence.enrolment import Received, read_request
from evidence.errors import EvidenceError
from evidence.moments import utc_ns, utc_text
from provisioning.authority import certificates
from provisioning.bureau_folder import Bureau, UtcNs, exclusive, open_bureau
from provisioning.custody import registry
from provisioning.custody.register import read_state
from provisioning.custody.registry import Entry
from provisioning.enrolment import claims
from provisioning.enrolment.bundling import bundle_for
from provisioning.enrolment.claims import Claim, Use
from provisioning.enrolment.errors import AdmissionError
from provisioning.enrolment.known import Known
from provisioning.errors import EnrolledError, RevokedError
from provisioning.layout import BureauFolder
from provisioning.plan import Outcome, Step, carry_out

_STORAGE: Final = "storage_bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """A request that may be granted.

    Attributes:
        request: Its bytes.
        received: What it says.
        claim: What the device was promised.
        kids: Thumbprints of its signing and its TLS key.
        entry: Itself, where it has been admitted before: then nobody is asked again.
    """

    request: bytes
    received: Received
    claim: Claim
    kids: tuple[str, str]
    entry: Entry | None

    @property
    def device(self) -> str:
        """Device id."""
        return self.claim.device


class Admission:
    """The bureau's side, for as many requests as come.

    Args:
        path: The bureau's folder.
        clock: UTC in nanoseconds.

    Raises:
        LedgerError: The ledger does not verify: nobody is taken in.
    """

    def __init__(self, path: Path, clock: UtcNs) -> None:
        read_state(open_bureau(path))
        self.folder = BureauFolder(path.absolute())
        self._path = path
        self._clock = clock
        self._known = Known(self.folder.registry)

    def judge(self, request: bytes) -> Applicant:
        """Whether a request may be granted; changes nothing.

        Raises:
            ProvisioningError: It may not, see ``provisioning.enrolment.errors``.
        """
        try:
            received = read_request(request)
        except EvidenceError as error:
            raise AdmissionError(error.detail, code="malformed") from error
        claim = claims.find(self.folder.registry, received.request.device)
        if claim is None or claim.kid != received.claim:
            raise AdmissionError(
                f"{received.request.device} is not expected with this claim", code="claim_unknown"
            )
        applicant = Applicant(
            request=request,
            received=received,
            claim=claim,
            kids=(_kid(received.signing), _kid(received.tls)),
            entry=registry.find(self.folder.registry, claim.device),
        )
        self._check(applicant)
        return applicant

    def admit(self, request: bytes, *, dry_run: bool = False) -> tuple[bytes, tuple[Outcome, ...]]:
        """Grant a request whose digits were compared; again, it changes nothing.

        Returns:
            The bundle (empty for a dry run) and what was done.

        Raises:
            ProvisioningError: Refused; nothing was changed.
        """
        with exclusive(self.folder):
            bureau = open_bureau(self._path)
            applicant = self.judge(request)
            at_ns = self._clock()
            outcomes = carry_out(_steps(bureau, applicant, at_ns), dry_run=dry_run)
            return b"" if dry_run else self._bundle(bureau, applicant, at_ns), outcomes

    def answer_again(self, applicant: Applicant) -> bytes:
        """The bundle for a device that was admitted before."""
        return self._bundle(open_bureau(self._path), applicant, self._clock())

    def _bundle(self, bureau: Bureau, applicant: Applicant, at_ns: int) -> bytes:
        entry = registry.find(self.folder.registry, applicant.device)
        if entry is None:
            raise AdmissionError(f"{applicant.device} has not been admitted")
        sha256 = applicant.received.sha256
        return bundle_for(bureau, entry, applicant.claim, sha256, at_ns=at_ns)

    def _check(self, one: Applicant) -> None:
        _check_own(one)
        claim, request = one.claim, one.received.request
        if utc_ns(claim.until) < self._clock():
            raise AdmissionError(f"the claim was good until {claim.until}", code="claim_late")
        if claim.serial not in (None, request.serial):
            raise AdmissionError(
                f"the claim is for {claim.serial}, not {request.serial}", code="claim_serial"
            )
        if request.board != claim.options.body:
            raise AdmissionError(
                f"a {request.board} where {claim.options.body} is expected", code="claim_board"
            )
        _check_capability(one)
        other = self._known.device_with_serial(request.serial, claim.device)
        if other is not None:
            raise AdmissionError(f"serial {request.serial} is {other}'s", code="serial")
        other = self._known.device_with_keys(frozenset(one.kids), claim.device)
        if other is not None:
            raise AdmissionError(f"the keys are those of {other}", code="keys")


def _check_own(one: Applicant) -> None:
    """Whoever has this id, or used this claim, has these keys."""
    entry, use = one.entry, one.claim.use
    if entry is not None and entry.status == "revoked":
        raise RevokedError(f"{entry.device} was revoked at {entry.revoked_utc}; take a new id")
    if use is not None and (use.signing, use.tls) != one.kids:
        raise AdmissionError(f"other keys used this claim at {use.utc}", code="claim_used")
    if entry is not None and (entry.signing.kid, entry.tls.kid) != one.kids:
        raise EnrolledError(f"{entry.device} is enrolled with other keys")


def _check_capability(one: Applicant) -> None:
    """Its medium holds at least what is never used by recordings, and the reserve (A2)."""
    needed = one.claim.options.floor + one.claim.options.reserve
    there = one.received.request.facts.get(_STORAGE, 0)
    if there < needed:
        raise AdmissionError(
            f"its medium has {there} bytes where {needed} are kept free", code="capability"
        )


def _steps(bureau: Bureau, one: Applicant, at_ns: int) -> list[Step]:
    folder = bureau.folder.registry
    path = claims.request_path(folder, one.device)
    burnt = one.claim if one.claim.use is not None else _burnt(one, at_ns)
    return [
        Step(
            "领取码已使用",
            lambda: claims.find(folder, one.device) == burnt,
            lambda: claims.write(folder, burnt),
        ),
        Step(
            "设备申请存档",
            lambda: one.claim.use is not None and path.exists(),
            lambda: claims.keep_request(folder, one.device, one.request),
        ),
        Step("签发证书并登记", lambda: one.entry is not None, lambda: _issue(bureau, one, at_ns)),
        _ledger_step(bureau, one, at_ns),
    ]


def _burnt(one: Applicant, at_ns: int) -> Claim:
    request = one.received.request
    use = Use(
        utc=utc_text(at_ns),
        signing=one.kids[0],
        tls=one.kids[1],
        serial=request.serial,
        model=request.model,
        facts=dict(request.facts),
        request_sha256=one.received.sha256,
    )
    return msgspec.structs.replace(one.claim, use=use)


def _issue(bureau: Bureau, one: Applicant, at_ns: int) -> None:
    """Two certificates, each for one purpose."""
    issue = bureau.authority.issue
    signing = issue(one.device, one.received.signing, certificates.DEVICE_SIGNING, at_ns=at_ns)
    tls = issue(one.device, one.received.tls, certificates.TLS_CLIENT, at_ns=at_ns)
    entry = Entry(
        device=one.device,
        board=one.received.request.board,
        serial=one.received.request.serial,
        model=one.claim.model or one.received.request.model,
        status="active",
        enrolled_utc=utc_text(at_ns),
        signing=registry.certified(signing),
        tls=registry.certified(tls),
    )
    registry.write(bureau.folder.registry, entry)


def _ledger_step(bureau: Bureau, one: Applicant, at_ns: int) -> Step:
    """The line names the certificates, which are there only once they were issued."""

    def line() -> Step:
        entry = registry.find(bureau.folder.registry, one.device)
        said: dict[str, object] = {"device": one.device}
        if entry is not None:
            said |= {
                "signing": entry.signing.sha256,
                "tls": entry.tls.sha256,
                "serial": entry.serial,
                "model": entry.model,
            }
        return bureau.ledger_step("enrolled", said, at_ns=at_ns)

    return Step("配发台账", lambda: line().is_done(), lambda: line().do())


def _kid(key: ec.EllipticCurvePublicKey) -> str:
    return keys.thumbprint(keys.to_jwk(key))
