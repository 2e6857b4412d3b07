"""Request and answer on a stick, for a bureau without a dock network.

Owns the two files' names and the request that waits for its answer. Refuses a second request while
the first still fits: the digits that a clerk wrote down stay true.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from agent.enrolment import own_keys
from agent.enrolment.body import Body
from agent.enrolment.errors import EnrolmentRefusedError
from agent.enrolment.seed import Seed
from agent.settings import Paths
from evidence.enrolment import MAX_BUNDLE_BYTES, claim_signer, read_request
from evidence.errors import EvidenceError
from evidence.store.durable import make_folder, replace_file

REQUEST_SUFFIX: Final = ".request.jws"
BUNDLE_SUFFIX: Final = ".bundle.json"
_WAITING: Final = "enrolment.jws"


def put_request(
    medium: Path, paths: Paths, seed: Seed, body: Body, compose: Callable[[], bytes]
) -> bytes:
    """Write the request onto the stick; again, the same one while it still fits.

    Raises:
        EnrolmentRefusedError: ``medium``: the stick cannot be written.
    """
    waiting = paths.state / _WAITING
    if not _fits(waiting, paths, seed, body):
        make_folder(waiting.parent)
        replace_file(waiting, compose())
    request = waiting.read_bytes()
    try:
        make_folder(medium)
        replace_file(medium / f"{seed.device}{REQUEST_SUFFIX}", request, mode=None)
    except OSError as error:
        raise EnrolmentRefusedError(f"{medium}: {error.strerror}", code="medium") from error
    return request


def get_bundle(medium: Path, paths: Paths, seed: Seed) -> tuple[bytes, str]:
    """The answer on the stick, not yet judged, and the digest of the request it has to answer.

    Raises:
        EnrolmentRefusedError: ``no_request``, ``no_answer`` or ``medium``.
    """
    waiting = paths.state / _WAITING
    if not waiting.exists():
        raise EnrolmentRefusedError("no request was written", code="no_request")
    path = medium / f"{seed.device}{BUNDLE_SUFFIX}"
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BUNDLE_BYTES + 1)
    except FileNotFoundError as error:
        raise EnrolmentRefusedError(f"{path} is not there", code="no_answer") from error
    except OSError as error:
        raise EnrolmentRefusedError(f"{path}: {error.strerror}", code="medium") from error
    return content, sha256(waiting.read_bytes()).hexdigest()


def _fits(waiting: Path, paths: Paths, seed: Seed, body: Body) -> bool:
    """Whether the request that waits was made by this claim, these keys and this body."""
    if not waiting.exists():
        return False
    try:
        held = read_request(waiting.read_bytes())
        claim = claim_signer(seed.claim, seed.device)
    except EvidenceError:
        return False
    own = (own_keys.public_key(paths.signing_key), own_keys.public_key(paths.tls_key))
    same = (held.request.device, held.request.serial) == (seed.device, body.serial)
    return same and held.claim == claim.kid and (held.signing, held.tls) == own
