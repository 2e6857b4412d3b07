"""A session's template, how its end was told, and its class: signed, kept over crashes, told on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.vault import messages as m
from evidence.canonical import JsonObject
from evidence.compliance import assess
from evidence.compliance.result import State
from evidence.ids import DEVICE_LOG_NAME
from evidence.rulebook import read_root, read_rulebook
from evidence.store.folder import read_folder
from evidence.verify import Judgement, verify
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.enrolment import Enrolled, enrol
from tests.kits.device.vault import RunningVault, records, rewrite

RULEBOOKS = Path(__file__).parents[4] / "rulebooks"


def under(folder: Path, text: str) -> Enrolled:
    """A recorder under what one of the five texts says of begin, end and interruptions."""
    enrolled = enrol(folder)
    stated: dict[str, Any] = json.loads((RULEBOOKS / text / "policy.json").read_text())
    wanted = ("session.", "continuity.", "must_record.", "arrival.")
    rewrite(enrolled, {key: value for key, value in stated.items() if key.startswith(wanted)})
    return enrolled


def journal(enrolled: Enrolled, sid: str) -> list[JsonObject]:
    return records(enrolled.journal(sid))


def last_session(enrolled: Enrolled) -> JsonObject:
    found = [one for one in records(enrolled.device.paths.device_log) if one["t"] == "session"]
    return found[-1]


def rows(enrolled: Enrolled, sid: str, *wanted: str) -> list[tuple[str, State]]:
    """How the rows stand for the real session, judged by its own rulebook."""
    paths = enrolled.device.paths
    folder = paths.sessions / sid
    (folder / DEVICE_LOG_NAME).write_bytes(paths.device_log.read_bytes())
    ca = ca_of(enrolled.bureau)
    bundle = read_folder(folder)
    verdict = verify(bundle, ca)
    assert verdict.judgement is Judgement.VERIFIED
    book = read_rulebook(paths.rulebook.read_bytes(), read_root(paths.root.read_bytes(), ca))
    found = {one.row: one.state for one in assess(bundle, verdict, book)}
    return [(row, found[row]) for row in wanted]


ANNEX = json.loads((RULEBOOKS / "S1" / "policy.json").read_text())["must_record.items"]
ANNEX_CODES = {
    1: ("evidence_taking", "on_arrival", "on_leaving"),
    2: ("hearing", "hearing_opened", "hearing_closed"),
}
"""Row of the annex → the activity it is about, its begin, its end."""


@pytest.mark.rule("C3", "D2")
@pytest.mark.parametrize("row", ANNEX, ids=lambda row: row["matter"])
def test_each_row_of_the_annex_is_a_template_on_the_device(
    tmp_path: Path, row: dict[str, Any]
) -> None:
    activity, begins, ends = ANNEX_CODES[row["number"]]
    enrolled = under(tmp_path, "S1")
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        session = recorder.open(activity=activity)
        assert (session.begins, session.ends) == (begins, ends)
        recorder.segment(0)
        if begins == "hearing_opened":
            recorder.mark("begin:hearing_opened")
        recorder.mark(f"end:{ends}")
        recorder.close()
    opened = journal(enrolled, session.sid)[0]
    assert opened["bounds"] == {"begins": begins, "ends": ends, "item": row["number"]}
    assert rows(enrolled, session.sid, "D2") == [("D2", State.MET)]


@pytest.mark.rule("C2", "C3")
@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("S0", "before_entering", "after_notification"),
        ("S1", "on_arrival", "on_leaving"),
        ("S2", "unstated", "unstated"),
        ("S3", "unstated", "unstated"),
        ("S4", "on_arrival", "after_inspection"),
    ],
)
def test_the_template_of_each_text_is_told_to_the_recorder_and_signed(
    tmp_path: Path, text: str, begins: str, ends: str
) -> None:
    enrolled = under(tmp_path, text)
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        session = recorder.open(activity="inspection")
        recorder.close()
    assert (session.begins, session.ends) == (begins, ends)
    bounds = journal(enrolled, session.sid)[0]["bounds"]
    assert bounds == {"begins": begins, "ends": ends, "item": None}


@pytest.mark.rule("E2", "E3")
@pytest.mark.parametrize("text", ["S1", "S4"])
def test_the_causes_of_the_rulebook_are_told_to_the_recorder_in_its_order(
    tmp_path: Path, text: str
) -> None:
    stated = json.loads((RULEBOOKS / text / "policy.json").read_text())
    with RunningVault(under(tmp_path, text)) as vault:
        conduct = vault.recorder().attach().conduct
    assert list(conduct.causes) == stated["continuity.causes"]


@pytest.mark.rule("C3", "E3")
@pytest.mark.parametrize(
    ("code", "state"),
    [("end:on_leaving", State.MET), ("stop:weather", State.OPEN), ("", State.OPEN)],
)
def test_how_it_ended_is_in_the_device_log_and_in_the_next_session_s_link(
    tmp_path: Path, code: str, state: State
) -> None:
    enrolled = under(tmp_path, "S1")
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        first = recorder.open(activity="on_site_enforcement").sid
        recorder.segment(0)
        said = {"template": "purpose", "from_ns": 1, "to_ns": 9, "voiced_ms": 9_000}
        recorder.ask(m.StoreEvent(kind="statement", fields=said), m.Recorded)
        if code:
            recorder.mark(code)
        recorder.close()
        assert last_session(enrolled)["ending"] == (code or None)
        previous = recorder.open(activity="on_site_enforcement").previous
        assert previous is not None
        assert previous.ending == (code or None)
        recorder.close()
    assert rows(enrolled, first, "C3") == [("C3", state)]


@pytest.mark.rule("L1")
@pytest.mark.parametrize(
    ("marked", "secrecy"),
    [
        ([], None),
        (["privacy"], "privacy"),
        (["privacy", "trade", "state"], "state"),
        (["state", "privacy"], "state"),
        (["unheard_of"], None),
    ],
)
def test_the_highest_class_that_was_marked_goes_to_the_desk_and_none_lowers_it(
    tmp_path: Path, marked: list[str], secrecy: str | None
) -> None:
    enrolled = enrol(tmp_path)
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        for one in marked:
            recorder.mark(f"secret:{one}")
        recorder.close()
    assert last_session(enrolled)["secrecy"] == secrecy


@pytest.mark.rule("L1", "C2", "C3", "E5")
def test_a_vault_that_died_tells_template_class_and_link_again(tmp_path: Path) -> None:
    enrolled = under(tmp_path, "S1")
    with RunningVault(enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        recorder.close("battery")
        before = recorder.open(activity="hearing")
        recorder.mark("secret:trade")
        vault.die()
        vault.restart()
        recorder = vault.recorder()
        after = recorder.attach_again()
        assert (after.begins, after.ends) == ("hearing_opened", "hearing_closed")
        assert after.secrecy == "trade"
        assert after.previous == before.previous
        assert before.previous is not None
        assert before.previous.reason == "battery"
        recorder.mark("end:hearing_closed")
        recorder.close()
    told = last_session(enrolled)
    assert (told["ending"], told["secrecy"]) == ("end:hearing_closed", "trade")


@pytest.mark.rule("L1", "C3")
def test_a_session_that_nobody_could_close_keeps_class_and_ending(tmp_path: Path) -> None:
    enrolled = enrol(tmp_path)
    with RunningVault(enrolled, boot_id="before") as vault:
        recorder = vault.attached()
        recorder.open()
        recorder.mark("secret:state")
        vault._boot_id = "after"  # noqa: SLF001 - the power went
        vault.die()
        vault.restart()
    told = last_session(enrolled)
    assert (told["reason"], told["ending"], told["secrecy"]) == ("interrupted", None, "state")
