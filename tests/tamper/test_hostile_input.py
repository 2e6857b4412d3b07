"""Whatever bytes are handed over: they cost a bounded amount and are reported, never raised."""

from __future__ import annotations

import random
import warnings
from typing import Any

from evidence.journal import NEWLINE
from evidence.verify import Judgement, verify
from tests.conftest import CampaignSize
from tests.kits.records import forging
from tests.kits.records.folders import PARTS, Folder, bundle
from tests.kits.records.signers import SeededSigner
from tests.tamper.cases import BUREAU, Case, cases

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**63,
    2**70,
    "",
    "x" * 3_000,
    "\x00",
    [],
    [1],
    {},
    {"a": {}},
    "0" * 64,
)


def noisy(folder: Folder, dice: random.Random) -> Folder:
    """Bytes changed, doubled, cut and mixed anywhere, many at once."""
    changed = dict(folder)
    for name in dice.sample(sorted(changed), dice.randint(1, 3)):
        content = bytearray(changed[name])
        for _ in range(dice.choice((1, 3, 30))):
            start = dice.randrange(len(content) + 1)
            end = min(len(content), start + dice.choice((1, 7, 900)))
            other = changed[dice.choice(sorted(PARTS))]
            piece = dice.choice((b"", dice.randbytes(9), NEWLINE * 3, other[:900], b"." * 50))
            content[start:end] = piece
        changed[name] = bytes(content)
    return changed


def forged(case: Case, dice: random.Random) -> Folder:
    """Records of any shape under the right keys, linked as they should be."""
    lines = case.lines()
    for _ in range(dice.randint(1, 3)):
        position = dice.randrange(len(lines))
        try:
            payload = forging.payload_of(lines[position])
        except (ValueError, IndexError):
            continue
        field = dice.choice(sorted(payload))
        holder = payload
        if isinstance(payload[field], dict) and payload[field] and dice.random() < 0.7:
            holder, field = payload[field], dice.choice(sorted(payload[field]))
        holder[field] = dice.choice(ODD)
        signer = dice.choice([*case.take.keys_used.values(), SeededSigner("attacker")])
        lines[position] = forging.resigned(b"e30.e30.", signer, **payload)
    return {**case.folder, "journal.jws": forging.join(lines)}


def test_no_noise_makes_the_verifier_raise_or_approve(
    campaign_size: CampaignSize, campaign_seed: int
) -> None:
    dice = random.Random(campaign_seed)
    honest = cases()
    for _ in range(campaign_size(ci=150, full=5_000)):
        case = dice.choice(honest)
        folder = noisy(case.folder, dice)
        with warnings.catch_warnings():
            # cryptography warns of serial numbers that it will refuse one day.
            warnings.simplefilter("ignore")
            verdict = verify(bundle(folder), BUREAU.ca)
        assert folder == case.folder or verdict.judgement is not Judgement.VERIFIED


def test_no_forged_record_makes_the_verifier_raise_or_approve(
    campaign_size: CampaignSize, campaign_seed: int
) -> None:
    dice = random.Random(campaign_seed)
    honest = cases()
    for _ in range(campaign_size(ci=150, full=5_000)):
        case = dice.choice(honest)
        folder = forged(case, dice)
        verdict = verify(bundle(folder), BUREAU.ca)
        assert folder == case.folder or verdict.judgement is Judgement.BROKEN
