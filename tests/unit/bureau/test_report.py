"""The compliance report of a stored session: for people, for machines, for paper."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bureau.cli import app
from bureau.clock import Clock
from bureau.errors import ReportError
from bureau.explaining import Explained, add_explanation
from bureau.report.document import signed as signed_file
from bureau.report.document import to_json
from bureau.report.moments import MOST, moments_of
from bureau.report.page import SignedFile
from bureau.report.page import page as page_of
from bureau.report.report import Report, make_report
from evidence import assignment
from evidence.assignment import Assignment, Officer
from evidence.compliance import ROWS, document
from evidence.compliance.reading import Reading
from evidence.compliance.telling import tell
from evidence.digests import sha256_hex
from evidence.verify import Bundle
from tests.kits.bureau.intake import IntakeRig, Pusher
from tests.kits.records.plans import PARTICULARS, PLAN_ID, PlannedTake, a_plan
from tests.kits.records.recorder import START_UTC_NS, Recorder
from tests.kits.records.take import Take
from tests.kits.records.words import a_word
from tests.kits.rules.days import Day, bureau_of

CLOCK = Clock(utc_ns=lambda: START_UTC_NS, mono_ns=lambda: 0)
EVIL = '<script>alert(1)</script><img src="http://x/y">\u202e&"'


class Scene:
    """A bureau under one text's rulebook, and what came in."""

    def __init__(self, folder: Path, text: str = "S0") -> None:
        self.bureau = bureau_of(text)
        self.rig = IntakeRig(folder, self.bureau)
        self.rig.enrol("REC-0001")
        self.recorder = Recorder(self.bureau)

    def take_in(self, one: Take) -> None:
        one.close("officer")
        Pusher(self.rig, one.recorder).push(one)
        assert self.rig.state(one.sid) == "stored"

    def report(self, one: Take) -> Report:
        return make_report(self.rig.office, "REC-0001", one.sid)


def page(report: Report) -> str:
    return page_of(report, SignedFile("r.signed.json", b"{}"))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def stored(scene: Scene, **opening: object) -> Day:
    one = Day(recorder=scene.recorder, **opening)  # type: ignore[arg-type]
    one.arrive()
    one.still(400)
    one.work()
    scene.take_in(one)
    return one


@pytest.mark.rule("G5")
def test_every_row_is_told_to_machines_with_its_proof(scene: Scene) -> None:
    said = to_json(scene.report(stored(scene)))
    assert [row["row"] for row in said["rows"]] == list(ROWS)
    assert sum(said["summary"].values()) == 104
    assert (said["judgement"], said["disclosure"]) == ("verified", "verified")
    disclosed = next(row for row in said["rows"] if row["row"] == "C8")
    assert disclosed["state"] == "met"
    assert disclosed["proof"]["file"] == "journal.jws"
    assert json.loads(json.dumps(said)) == said


def test_a_terminal_is_told_what_is_wrong_first(scene: Scene) -> None:
    one = Day(recorder=scene.recorder)
    one.work()
    one.tell("unverified")
    one.work()
    scene.take_in(one)
    lines = list(tell(to_json(scene.report(one)), "zh"))
    said = "\n".join(lines)
    assert said.index("不符合") < said.index("待核") < said.index("不适用")
    assert any("C8" in line and "未经证实" in line for line in lines)
    assert any("C4" in line and "未标记标牌" in line for line in lines)
    assert any("核验通过" in line for line in lines)
    everything = list(tell(to_json(scene.report(one)), "zh", everything=True))
    assert len(everything) > len(lines)
    english = "\n".join(tell(to_json(scene.report(one)), "en"))
    assert english.index("not met") < english.index("open") < english.index("does not apply")


def test_the_plan_that_was_sealed_in_says_who_and_what(scene: Scene) -> None:
    plan = a_plan()
    scene.rig.publish(plan)
    rulebook = {"version": 1, "sha256": sha256_hex(scene.bureau.rulebook)}
    one = PlannedTake(scene.recorder, plan, rulebook=rulebook)
    one.segment(seconds=1, size=600)
    scene.take_in(one)
    made = scene.report(one)
    html = page(made)
    for said in (PARTICULARS.party, PARTICULARS.matter, PARTICULARS.place, "豫A0100123"):
        assert said in html
    other = stored(scene, plan_id=PLAN_ID, officers=list(plan.officers))
    assert scene.report(other).plan is None
    assert PARTICULARS.party not in page(scene.report(other))


@pytest.mark.rule("A4")
def test_who_used_it_is_held_against_the_assignment_that_provisioning_signed(scene: Scene) -> None:
    one = stored(scene, officers=["o-2"], custodian="o-1", assignment=2, approval="a-1")

    def told() -> tuple[str, str]:
        (row,) = [row for row in scene.report(one).rows if row.row == "A4"]
        return row.state, row.because_en

    assert told() == ("open", "the roster is the desk's")
    word = a_word(number=2)
    path = scene.rig.folder / "registry" / "assignments" / "REC-0001" / "000002.jws"
    path.parent.mkdir(parents=True)

    def sign(said: Assignment) -> None:
        bureau = scene.bureau
        path.write_bytes(assignment.make(said, bureau.receipt_signer, bureau.receipt_certificate))

    sign(word)
    assert told() == ("not_met", "nobody named is on the roster of assignment 2")
    sign(replace(word, officers=(Officer(id="o-2"),)))
    assert told() == ("met", "used by who is on the roster of assignment 2")
    path.write_bytes(path.read_bytes()[:-5])
    assert told()[0] == "open"


class Elements(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


def elements(html: str) -> Elements:
    found = Elements()
    found.feed(html)
    return found


def test_the_page_stands_alone_and_is_for_paper(scene: Scene) -> None:
    html = page(scene.report(stored(scene)))
    found = elements(html)
    assert not found.tags & {"script", "img", "link", "iframe", "object", "a", "form", "svg"}
    assert not {name for name, _ in found.attributes} & {"src", "href", "onload", "style"}
    assert not re.search(r"url\(|@import|https?://", html)
    assert "default-src 'none'" in html
    assert "size: A4" in html
    assert '<html lang="zh-CN">' in html
    for word in ("某县统计局", "符合", "待核", "不适用", "制表人", "S0§12"):
        assert word in html
    assert "r.signed.json" in html
    assert sha256_hex(b"{}") in html


def test_whatever_is_written_is_shown_and_never_obeyed(scene: Scene) -> None:
    one = Day(recorder=scene.recorder)
    one.arrive()
    one.event("fault", {"part": "camera", "code": "x", "detail": EVIL, "state": "begun"})
    one.event("tamper", {"part": "case", "detail": EVIL})
    one.work()
    scene.take_in(one)
    row = scene.rig.ledger.find(one.sid)
    assert row is not None
    add_explanation(scene.rig.ledger, row, Explained(who=EVIL, reason=EVIL), CLOCK)
    html = page(scene.report(one))
    assert "\u202e" not in html
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert not elements(html).tags & {"script", "img"}


def test_a_broken_session_says_so_before_anything_else(scene: Scene) -> None:
    one = stored(scene)
    film = scene.rig.archive.session("REC-0001", one.sid) / "000000.mp4.age"
    content = bytearray(film.read_bytes())
    content[450] ^= 1
    film.chmod(0o600)
    film.write_bytes(content)
    made = scene.report(one)
    assert to_json(made)["judgement"] == "broken"
    html = page(made)
    assert html.index("核验未通过") < html.index("逐项情况")


def test_a_day_of_marks_is_cut_to_what_a_page_holds(scene: Scene) -> None:
    one = Day(recorder=scene.recorder)
    for _ in range(MOST + 50):
        one.mark()
    moments = moments_of(Reading(Bundle(journal=bytes(one.content))))
    assert len(moments) == MOST
    assert moments[-1].text == "其余 52 项从略"


def test_without_session_or_rulebook_there_is_no_report(scene: Scene) -> None:
    with pytest.raises(ReportError) as missing:
        make_report(scene.rig.office, "REC-0001", "019c0000-0000-7000-8000-000000000000")
    assert missing.value.code == "no_session"
    one = stored(scene)
    for path in (scene.rig.folder / "rulebook" / "versions").iterdir():
        path.write_bytes(b"{}")
    scene.rig.restart()
    with pytest.raises(ReportError) as unruled:
        scene.report(one)
    assert unruled.value.code == "no_rulebook"
    assert "办法" in unruled.value.diagnosis()


@pytest.fixture
def desk(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The command finds the scene's office, whatever folder it is given."""
    monkeypatch.setattr("bureau.cli.words.load_bureau", lambda folder: folder)
    monkeypatch.setattr("bureau.office.open_office", lambda *_: scene.rig.office)
    monkeypatch.setattr("bureau.office.open_ledger", lambda _: scene.rig.ledger)
    return scene


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["report", *words, "--bureau", "b"], obj=CLOCK)
    return result.exit_code, result.output


def test_the_command_tells_and_saves(desk: Scene, tmp_path: Path) -> None:
    one = stored(desk)
    code, text = run(one.sid)
    assert code == 0
    assert "执法音像记录合规报告" in text
    saved, beside = tmp_path / "report.html", tmp_path / "report.signed.json"
    code, text = run(one.sid, "--html", str(saved))
    assert (code, "已保存" in text) == (0, True)
    before = saved.read_bytes()
    assert before.startswith(b"<!DOCTYPE html>")
    assert sha256_hex(beside.read_bytes()).encode() in before
    code, text = run(one.sid, "--html", str(saved))
    assert (code, saved.read_bytes()) == (1, before)
    assert "导出目录不可用" in text
    saved.unlink()
    kept = beside.read_bytes()
    assert run(one.sid, "--html", str(saved))[0] == 1
    assert (saved.exists(), beside.read_bytes()) == (False, kept)


def test_what_machines_are_told_and_what_lies_beside_the_page_is_signed(
    desk: Scene, tmp_path: Path
) -> None:
    one = stored(desk)
    row = desk.rig.ledger.find(one.sid)
    assert row is not None
    add_explanation(desk.rig.ledger, row, Explained(who="张三", reason="途中发现"), CLOCK)
    _, text = run(one.sid, "--json", "--html", str(tmp_path / "report.html"))
    beside = (tmp_path / "report.signed.json").read_bytes()
    assert text.encode() == beside + b"\n"
    verdict = document.judge(beside, desk.rig.office.ca, journal=bytes(one.content))
    assert verdict.findings == ()
    assert verdict.report is not None
    assert (verdict.report["session"], len(verdict.report["rows"])) == (one.sid, len(ROWS))
    assert [said["reason"] for said in verdict.report["explanations"]] == ["途中发现"]


def test_a_report_on_a_journal_of_which_nothing_is_left_is_signed_all_the_same(
    scene: Scene,
) -> None:
    one = stored(scene)
    path = scene.rig.archive.session("REC-0001", one.sid) / "journal.jws"
    lines = path.read_bytes().splitlines(keepends=True)
    path.chmod(0o600)
    path.write_bytes(lines[0] + b"nothing\n" * 3)
    content = signed_file(scene.report(one), scene.rig.office)
    said = document.judge(content, scene.rig.office.ca).report
    assert said is not None
    assert (said["judgement"], said["closed"]) == ("broken", None)


def test_a_session_that_is_not_here_is_said_in_chinese(desk: Scene) -> None:
    code, text = run("nowhere")
    assert (code, "查无此记录" in text) == (1, True)


@pytest.mark.parametrize("text", ["S0", "S1", "S2", "S3", "S4"])
def test_each_bureau_gets_its_page(tmp_path: Path, text: str) -> None:
    scene = Scene(tmp_path, text)
    one = Day(text, recorder=scene.recorder)
    one.arrive()
    one.still(400)
    one.work()
    scene.take_in(one)
    made = scene.report(one)
    assert made.book.word("bureau.name") in page(made)
    assert to_json(made)["summary"]["not_met"] == 0
