"""Composing the request of this recorder.

Owns what goes into it. Refuses to send it.
"""

from __future__ import annotations

from agent.enrolment import own_keys
from agent.enrolment.body import Body
from agent.enrolment.errors import EnrolmentRefusedError
from agent.enrolment.seed import Seed
from agent.settings import Paths
from evidence.enrolment import Request, claim_signer, commitment, make_request
from evidence.errors import EnrolmentError


def compose(paths: Paths, seed: Seed, body: Body, nonce: bytes) -> bytes:
    """The request, signed by the seed's claim; both keys are proved in it.

    Args:
        paths: Where the keys are.
        seed: By which the recorder asks.
        body: What it is.
        nonce: What it will reveal after the desk's challenge; thrown away for a stick.

    Raises:
        EnrolmentRefusedError: ``seed`` or ``body``: a value cannot stand in a request.
        KeyUnusableError: A key is missing or unusable.
    """
    try:
        claim = claim_signer(seed.claim, seed.device)
    except EnrolmentError as error:
        raise EnrolmentRefusedError(error.detail, code="seed") from error
    request = Request(
        device=seed.device,
        serial=body.serial,
        board=seed.board,
        model=body.model,
        facts=body.facts,
        signing=own_keys.prove_key(paths.signing_key, seed.device),
        tls=own_keys.prove_key(paths.tls_key, seed.device),
        commit=commitment(nonce),
    )
    try:
        return make_request(request, claim)
    except EnrolmentError as error:
        raise EnrolmentRefusedError(error.detail, code="body") from error
