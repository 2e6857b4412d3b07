"""From draft to rulebook in force: two signatures, then publishing.

Owns ``rulebook/signing.json``, the draft as it is signed, and putting it into force. Refuses a
draft with a problem, a signature by any other key than clerk's and head's, publishing with one of
the two missing or after the draft has changed, and what a recorder would refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from evidence import canonical, jws, rulebook
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError, RulebookError
from evidence.keys import EcSigner
from evidence.limits import MAX_RULEBOOK_BYTES
from evidence.moments import utc_ns, utc_text
from evidence.rulebook import EVERY_DEVICE
from evidence.rulebook.adoption import Held, judge
from evidence.rulebook.carried import MAX_POLICY_BYTES, CarriedClip, pack
from evidence.rulebook.envelope import open_envelope
from provisioning.authority.keyring import KeyRole
from provisioning.bureau_folder import Bureau, UtcNs, exclusive, open_bureau
from provisioning.custody.register import read_state
from provisioning.layout import BureauFolder
from provisioning.plan import Report, Step, carry_out, content_step
from provisioning.policy import clips
from provisioning.policy.checks import problems_of
from provisioning.policy.draft import Draft, load, require
from provisioning.policy.errors import PolicyRefusedError, PolicyWrongError
from provisioning.policy.rulebook import YEAR_NS, YEARS, keep

MEDIUM_NAME: Final = "policy.json"
"""What a removable medium holds, for ``recorder words --from``."""
SIGNATORIES: Final[Mapping[KeyRole, str]] = {KeyRole.CLERK: "经办人", KeyRole.HEAD: "负责人"}

_A_DEVICE: Final = "ZF-001"
"""Any device: the rulebook is for every one."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The next rulebook with the signatures it has.

    Attributes:
        envelope: As it is kept.
        payload: What is signed.
        signers: Thumbprints of whoever signed it, verified.
    """

    envelope: bytes
    payload: JsonObject
    signers: frozenset[str]

    @property
    def version(self) -> int:
        """Of the rulebook."""
        return int(self.payload["version"])

    def says(self, draft: Draft) -> bool:
        """Whether it is that draft."""
        same_term = draft.expires in (None, self.payload["expires"])
        return self.payload["policy"] == draft.policy and same_term


def sign_draft(bureau_path: Path, role: KeyRole, *, clock: UtcNs, dry_run: bool = False) -> Report:
    """Sign the draft by one of the two keys.

    Args:
        bureau_path: The bureau's folder.
        role: ``CLERK`` or ``HEAD``.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        PolicyRefusedError: There is no draft, it changes nothing, or its term is over.
        PolicyWrongError: It has problems.
        KeyUnusableError: The key cannot be used.
    """
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        draft = require(bureau)
        _check(bureau, draft, clock())
        signer = bureau.signer(role)
        if signer.kid not in bureau.root.keys:
            raise PolicyRefusedError(f"the key of {role} is not the root's", code="signer")
        proposal = _read(bureau)
        if proposal is None or not proposal.says(draft) or proposal.version != draft.base + 1:
            proposal = _proposed(draft, clock())
        envelope = _with_signature(proposal, signer)
        title = f"{SIGNATORIES[role]}签署第 {proposal.version} 版"
        done = _reading(envelope, bureau)
        outcomes = carry_out(
            [content_step(title, bureau.folder.signing, envelope)], dry_run=dry_run
        )
    return Report(outcomes=outcomes, facts=_facts(bureau, done))


def publish(
    bureau_path: Path, *, to: Path | None = None, clock: UtcNs, dry_run: bool = False
) -> Report:
    """Put the signed draft into force, and onto a removable medium; done once, again it is no more.

    The desk carries what is in force to every recorder.

    Args:
        bureau_path: The bureau's folder.
        to: A folder on a medium; None: over the network alone.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        PolicyRefusedError: A signature is missing, the draft changed since, a recorder would refuse
            it, or it is too large for the network and no medium was named.
    """
    with exclusive(BureauFolder(bureau_path.absolute())):
        bureau = open_bureau(bureau_path)
        read_state(bureau)
        envelope, version = _to_publish(bureau)
        message = _packed(bureau, envelope, clock())
        if to is None and len(message) > MAX_POLICY_BYTES:
            raise PolicyRefusedError(
                f"{len(message)} bytes, at most {MAX_POLICY_BYTES} go over the network",
                code="too_large",
            )
        steps = _steps(bureau, envelope, version, at_ns=clock())
        if to is not None:
            steps.append(content_step(f"介质 {to}", to / MEDIUM_NAME, message))
        outcomes = carry_out(steps, dry_run=dry_run)
    return Report(outcomes=outcomes, facts={"version": version, "bytes": len(message)})


def carried_clips(folder: BureauFolder, policy: Mapping[str, Any]) -> list[CarriedClip]:
    """The clips that a policy names, as they travel.

    Raises:
        OSError: One is not there.
    """
    return [
        CarriedClip(
            id=one["id"],
            meta=(folder.announce / one["id"] / clips.META).read_bytes(),
            text=(folder.announce / one["id"] / clips.TEXT).read_bytes(),
            audio=(folder.announce / one["id"] / clips.AUDIO).read_bytes(),
        )
        for one in policy["disclosure.announcements"]
    ]


def signed_by(bureau: Bureau) -> dict[str, bool] | None:
    """Who has signed the draft that is under way; None where nobody has begun."""
    proposal = _read(bureau)
    draft = load(bureau)
    if proposal is None or draft is None or not proposal.says(draft):
        return None
    return _signatures(bureau, proposal)


def _check(bureau: Bureau, draft: Draft, now_ns: int) -> None:
    found = problems_of(draft.policy, bureau.folder.announce)
    if found:
        raise PolicyWrongError(found)
    if not draft.differs(bureau):
        raise PolicyRefusedError("it says what is in force", code="unchanged")
    if draft.expires is not None and utc_ns(draft.expires) <= now_ns:
        raise PolicyRefusedError(f"it expires on {draft.expires}", code="expired")


def _proposed(draft: Draft, now_ns: int) -> Proposal:
    payload: JsonObject = {
        "type": "rulebook",
        "version": draft.base + 1,
        "to": [EVERY_DEVICE],
        "not_before": utc_text(now_ns),
        "expires": draft.expires or utc_text(now_ns + YEARS * YEAR_NS),
        "policy": dict(draft.policy),
    }
    return Proposal(b"", payload, frozenset())


def _with_signature(proposal: Proposal, signer: EcSigner) -> bytes:
    """The envelope with one signature more; who has signed before signs nothing new."""
    if signer.kid in proposal.signers:
        return proposal.envelope
    try:
        mine = canonical.loads(
            rulebook.sign_rulebook(proposal.payload, [signer]), limit=MAX_RULEBOOK_BYTES
        )
    except RulebookError as error:
        raise PolicyWrongError([error.detail]) from error
    if not proposal.envelope:
        return canonical.dumps(mine)
    before = canonical.loads(proposal.envelope, limit=MAX_RULEBOOK_BYTES)
    return canonical.dumps({**mine, "signatures": [*before["signatures"], *mine["signatures"]]})


def _read(bureau: Bureau) -> Proposal | None:
    try:
        return _reading(bureau.folder.signing.read_bytes(), bureau)
    except FileNotFoundError:
        return None
    except (OSError, EvidenceError, KeyError, TypeError):
        return None  # torn or altered: it is signed anew


def _reading(envelope: bytes, bureau: Bureau) -> Proposal:
    outer = canonical.loads(envelope, limit=MAX_RULEBOOK_BYTES)
    payload = canonical.loads(jws.decode(outer["payload"].encode()), limit=MAX_RULEBOOK_BYTES)
    signers = frozenset(
        kid for kid, key in bureau.root.keys.items() if _has_signed(envelope, kid, key)
    )
    return Proposal(envelope, payload, signers)


def _has_signed(envelope: bytes, kid: str, key: ec.EllipticCurvePublicKey) -> bool:
    try:
        open_envelope(envelope, {kid: key}, 1, jws.TYP_RULEBOOK)
    except RulebookError:
        return False
    return True


def _to_publish(bureau: Bureau) -> tuple[bytes, int]:
    """The envelope to put into force: the signed draft, or what is in force already."""
    draft = load(bureau)
    if draft is None or not draft.differs(bureau):
        return bureau.folder.rulebook.read_bytes(), bureau.rulebook.version
    proposal = _read(bureau)
    if proposal is None:
        raise PolicyRefusedError("nobody has signed", code="unsigned")
    if not proposal.says(draft) or proposal.version != draft.base + 1:
        raise PolicyRefusedError("the draft is another than what was signed", code="signed_other")
    missing = [name for name, has in _signatures(bureau, proposal).items() if not has]
    if len(proposal.signers) < bureau.root.threshold:
        raise PolicyRefusedError(f"缺 {'、'.join(missing)} 签署", code="unsigned")
    return proposal.envelope, proposal.version


def _signatures(bureau: Bureau, proposal: Proposal) -> dict[str, bool]:
    """Clerk and head, and whether each has signed; by the root's order of keys."""
    pairs = zip(SIGNATORIES.values(), bureau.root.keys, strict=False)
    return {name: kid in proposal.signers for name, kid in pairs}


def _packed(bureau: Bureau, envelope: bytes, now_ns: int) -> bytes:
    """The message, once a recorder that holds what is in force would adopt it."""
    folder = bureau.folder
    root, held = folder.root.read_bytes(), folder.rulebook.read_bytes()
    policy = rulebook.read_rulebook(envelope, bureau.root).policy
    try:
        message = pack(root, envelope, carried_clips(folder, policy))
        judge(
            message,
            Held(root=root, rulebook=held, floor=bureau.rulebook.version),
            bureau.ca,
            device=_A_DEVICE,
            now=utc_text(now_ns),
            decode=clips.decode,
        )
    except (EvidenceError, OSError) as error:
        raise PolicyRefusedError(str(error), code="refused") from error
    return message


def _steps(bureau: Bureau, envelope: bytes, version: int, *, at_ns: int) -> list[Step]:
    folder = bureau.folder

    def in_force() -> bool:
        kept = folder.rulebook_version(version)
        return folder.rulebook.read_bytes() == envelope and kept.exists()

    return [
        Step(
            f"本单位办法第 {version} 版生效（经办人、负责人双签名）",
            in_force,
            lambda: keep(folder, version, envelope),
        ),
        bureau.ledger_step("rulebook", {"version": version}, at_ns=at_ns),
    ]


def _facts(bureau: Bureau, proposal: Proposal) -> dict[str, str | int]:
    signed = _signatures(bureau, proposal)
    return {
        "version": proposal.version,
        "expires": str(proposal.payload["expires"]),
        "signed": "、".join(name for name, has in signed.items() if has),
        "missing": "、".join(name for name, has in signed.items() if not has),
    }
