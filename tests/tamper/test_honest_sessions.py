"""Sessions of every shape that nobody touched: whatever a crash did, nothing is broken."""

from __future__ import annotations

import pytest

from evidence.verify import Judgement, Severity, verify
from tests.conftest import CampaignSize
from tests.kits.records.folders import bundle
from tests.tamper.cases import BUREAU, cases


@pytest.mark.rule("E8")
def test_no_honest_session_is_called_broken(
    campaign_size: CampaignSize, campaign_seed: int
) -> None:
    judgements = []
    for case in cases(campaign_seed, campaign_size(ci=30, full=1_000)):
        verdict = verify(bundle(case.folder), BUREAU.ca)
        assert verdict.of(Severity.BROKEN) == []
        judgements.append(verdict.judgement)
    assert set(judgements) == {Judgement.VERIFIED, Judgement.EXPLAINED}
