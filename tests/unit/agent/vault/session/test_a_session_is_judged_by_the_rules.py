"""What a real vault signs is judged by the rules: one device, one session, its own rulebook."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509

from agent.vault import messages as m
from evidence import rulebook
from evidence.compliance import RowResult, State, assess
from evidence.ids import DEVICE_LOG_NAME, JOURNAL_NAME
from evidence.rulebook import Rulebook
from evidence.store.folder import FolderFiles
from evidence.verify import Bundle, Judgement, verify
from hw.fake.clock import SystemClock
from provisioning.policy.fixtures import read_fixture
from tests.kits.bureau.enrolment import Enrolled
from tests.kits.bureau.policy import install, set_policy
from tests.kits.device.vault import RunningVault, TestRecorder

OWN_CHECKS = ("battery", "camera", "view", "microphone", "speaker")


def adopt(enrolled: Enrolled, text: str) -> None:
    clock = SystemClock().utc_ns
    set_policy(enrolled.bureau, read_fixture(text), clock=clock)
    install(enrolled.bureau, enrolled.device.paths.folder, clock=clock)


def disclosure(rule: m.AnnouncementRule, from_ns: int) -> dict[str, Any]:
    return {
        "clip": rule.id,
        "text_sha256": rule.text_sha256,
        "pcm_sha256": rule.pcm_sha256,
        "announced": True,
        "frames_played": rule.samples,
        "underruns": 0,
        "from_ns": from_ns,
        "to_ns": from_ns + 1,
        "check": "acoustic",
        "heard": True,
        "complete": True,
        "score_milli": 20_000,
        "missing": [],
        "delay_ns": 0,
        "drift_ppm": 0,
        "level_mdb": 0,
        "verdict": "verified",
        "reason": None,
        "attempt": 1,
    }


def record(recorder: TestRecorder, *, sign: bool) -> str:
    attached = recorder.attach()
    checks = [m.CheckResult(name=one, state="ok", detail="ok: fine") for one in OWN_CHECKS]
    recorder.ask(m.StorePreflight(trigger="power_up", checks=checks), m.PreflightStored)
    sid = recorder.open().sid
    recorder.segment(0)
    told = disclosure(attached.announcements[0], recorder.progress.last_pts_ns)
    recorder.ask(m.StoreEvent(kind="disclosure", fields=told), m.Recorded)
    if sign:
        recorder.ask(m.StoreEvent(kind="mark", fields={"code": "sign", "at_ns": 1}), m.Recorded)
    recorder.close("officer")
    return sid


def judge(enrolled: Enrolled, sid: str) -> dict[str, RowResult]:
    folder = enrolled.session(sid)
    bureau = enrolled.device.paths.folder / "bureau"
    ca = x509.load_pem_x509_certificate((enrolled.bureau / "certs" / "ca.pem").read_bytes())
    bundle = Bundle(
        journal=(folder / JOURNAL_NAME).read_bytes(),
        files=FolderFiles(folder),
        device_log=(enrolled.device.paths.store / DEVICE_LOG_NAME).read_bytes(),
        rulebook=(bureau / "rulebook.json").read_bytes(),
        root=(bureau / "root.json").read_bytes(),
    )
    verdict = verify(bundle, ca)
    assert verdict.judgement is Judgement.VERIFIED, verdict.findings
    return {one.row: one for one in assess(bundle, verdict, book(bundle, ca))}


def book(bundle: Bundle, ca: x509.Certificate) -> Rulebook:
    assert bundle.rulebook is not None
    assert bundle.root is not None
    return rulebook.read_rulebook(bundle.rulebook, rulebook.read_root(bundle.root, ca))


@pytest.mark.rule("B5")
@pytest.mark.rule("C4")
@pytest.mark.parametrize("sign", [True, False])
def test_a_session_under_the_rulebook_of_a_county_bureau(enrolled: Enrolled, *, sign: bool) -> None:
    adopt(enrolled, "S0")
    with RunningVault(enrolled) as vault:
        sid = record(vault.recorder(), sign=sign)
    rows = judge(enrolled, sid)
    assert rows["C4"].state is (State.MET if sign else State.NOT_MET)
    for row in ("A3", "B1", "B2", "B3", "B5", "C8", "D10", "E4", "E7", "G2", "H5", "N5"):
        assert rows[row].state is State.MET, rows[row]
    for row in ("C5", "D7", "H1", "H9"):
        assert rows[row].state is (State.NOT_MET if row == "C5" else State.OPEN), rows[row]


@pytest.mark.rule("E1")
def test_a_session_under_the_rulebook_of_a_brigade(enrolled: Enrolled) -> None:
    adopt(enrolled, "S3")
    with RunningVault(enrolled) as vault:
        sid = record(vault.recorder(), sign=False)
    rows = judge(enrolled, sid)
    for row in ("C9", "C12", "E1"):
        assert rows[row].state is State.MET, rows[row]
    for row in ("C4", "C5", "C8", "E2", "E4", "E5"):
        assert rows[row].state is State.NOT_APPLICABLE, rows[row]
