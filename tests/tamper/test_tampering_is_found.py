"""Whatever is done to a session is found as declared beforehand, and nothing else is blamed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from evidence.verify import Finding, Severity, Verdict, verify
from tests.conftest import CampaignSize
from tests.kits.records.folders import bundle
from tests.tamper import on_documents, on_ends, on_files, on_lines, with_keys
from tests.tamper.cases import BUREAU, cases
from tests.tamper.kinds import KINDS, Expected, Mutation, mutate

LISTED = (on_lines, on_ends, with_keys, on_files, on_documents)


def judged(mutation: Mutation) -> Verdict:
    return verify(bundle(mutation.folder), BUREAU.ca)


def is_the_one(finding: Finding, expected: Expected) -> bool:
    place = (finding.file, finding.record if expected.record is not None else None)
    return (
        finding.code in expected.codes
        and place == (expected.file, expected.record)
        and expected.second in (None, finding.second)
        and finding.severity.value == expected.severity
    )


def why_not_as_declared(verdict: Verdict, expected: Expected) -> str | None:
    """What is wrong with the verdict, or None."""
    broken = verdict.of(Severity.BROKEN)
    if not any(is_the_one(finding, expected) for finding in verdict.findings):
        return f"{expected} is not among {[*broken, *verdict.of(Severity.EXPLAINED)]}"
    others = [
        finding
        for finding in broken
        if not is_the_one(finding, expected) and finding.code not in expected.also
    ]
    return f"{expected} but also {others}" if others else None


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_mutation_is_found_as_declared(
    name: str, campaign_size: CampaignSize, campaign_seed: int
) -> None:
    dice = random.Random(campaign_seed)
    honest = cases()
    for number in range(campaign_size(ci=15, full=200)):
        mutation = mutate(dice.choice(honest), name, dice)
        problem = why_not_as_declared(judged(mutation), mutation.expected)
        assert problem is None, f"{name}, {number}: {problem}"


def test_there_are_many_kinds_and_none_of_them_asks_the_verifier() -> None:
    assert len(KINDS) >= 50
    for module in LISTED:
        assert "evidence.verify" not in Path(str(module.__file__)).read_text()
