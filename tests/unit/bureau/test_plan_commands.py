"""``bureau plan``, ``ledger --open`` and ``explain``, on a bureau made by provisioning."""

from __future__ import annotations

import json
from pathlib import Path

import pyrage
import pytest
from cryptography import x509
from typer.testing import CliRunner

from bureau.cli import app
from bureau.clock import Clock
from bureau.ledger import Ledger, PlanAnswerRow
from evidence import plan
from evidence.moments import utc_ns
from tests.kits.bureau.enrolment import DEVICE_ID, enrol, shelve
from tests.kits.wire.peer import free_port
from tests.unit.bureau.test_stores import SID, row

NOW = utc_ns("2026-11-21T01:00:00.000000Z")
CLOCK = Clock(utc_ns=lambda: NOW, mono_ns=lambda: 0)
WORDS = [
    *("--to", DEVICE_ID, "--activity", "inspection", "--matter", "数据质量检查"),
    *("--party", "某某公司", "--place", "工业路1号", "--item", "统计台账"),
    *("--officer", "O-1:张三:41010200456", "--officer", "O-2:李四:豫A0100123"),
]


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Path:
    enrolled = enrol(tmp_path_factory.mktemp("p"), port=free_port())
    shelve(enrolled)
    folder = enrolled.bureau
    ledger = Ledger(f"sqlite:///{folder / 'ledger.sqlite'}")
    ledger.put(row(1))
    ledger.put(row(2, owes="no_plan,interrupted", plan_state="unplanned", officer=None))
    ledger.close()
    return folder


def run(bureau: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words, "--bureau", str(bureau)], obj=CLOCK)
    return result.exit_code, result.output


def test_a_plan_goes_from_words_to_signed_bytes(bureau: Path) -> None:
    code, text = run(bureau, "plan", "new", *WORDS, "--json")
    assert code == 0, text
    made = json.loads(text)
    assert (made["published"], made["officers"][1]["certificate"]) == (False, "豫A0100123")
    code, text = run(bureau, "plan", "publish", made["plan_id"])
    assert code == 0, text
    token = (bureau / "plans" / f"{made['plan_id']}.jws").read_bytes()
    ca = x509.load_pem_x509_certificate((bureau / "certs" / "ca.pem").read_bytes())
    signed = plan.read(token, ca, device=DEVICE_ID, now=CLOCK.utc())
    for role in ("bureau", "escrow"):
        lines = (bureau / "identities" / f"{role}.age").read_text().splitlines()
        secret = next(line for line in lines if line.startswith("AGE-SECRET-KEY-"))
        opened = pyrage.decrypt(signed.sealed, [pyrage.x25519.Identity.from_str(secret)])
        assert plan.read_particulars(opened).party == "某某公司"


def test_a_file_says_it_and_options_say_it_otherwise(bureau: Path, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        f'devices = ["{DEVICE_ID}"]\nactivity = "hearing"\nmatter = "听证"\nparty = "某某公司"\n'
        'place = "会议室"\nbegins = "2026-11-22 09:00"\nexpires = "2026-11-22 12:00"\n'
        '[[officers]]\nid = "O-1"\nname = "张三"\ncertificate = "41010200456"\n'
    )
    words = ("plan", "new", "--file", str(path), "--place", "三楼会议室", "--publish", "--json")
    code, text = run(bureau, *words)
    assert code == 0, text
    made = json.loads(text)
    assert (made["place"], made["begins"]) == ("三楼会议室", "2026-11-22T01:00:00.000000Z")
    assert made["published"] is True


@pytest.mark.rule("A4")
def test_a_plan_of_strangers_is_refused_with_the_next_step_before_anything_is_signed(
    bureau: Path,
) -> None:
    strangers = ["--officer", "O-7:王五:41010200777", "--officer", "O-8:赵六:41010200888"]
    words = ["plan", "new", *WORDS[:-4], *strangers, "--publish"]
    before = sorted((bureau / "plans").iterdir())
    code, text = run(bureau, *words)
    assert code == 1
    assert "都不在该设备的使用名单内" in text
    assert f"provision keep {DEVICE_ID} --officer O-7" in text
    code, text = run(bureau, *words, "--json")
    told = json.loads(text)
    assert (code, told["error"]) == (1, "plan_roster")
    assert "O-7, O-8 may not use" in told["detail"]
    assert sorted((bureau / "plans").iterdir()) == before


def test_plans_are_listed_with_what_recorders_answered(bureau: Path) -> None:
    plan_id = json.loads(run(bureau, "plan", "new", *WORDS, "--publish", "--json")[1])["plan_id"]
    assert "待送达" in run(bureau, "plan", "list")[1]
    ledger = Ledger(f"sqlite:///{bureau / 'ledger.sqlite'}")
    answer = {"device": DEVICE_ID, "plan_id": plan_id, "at": "now"}
    ledger.put(PlanAnswerRow(**answer, state="refused", code="plan_expired"))
    assert "拒收：记录仪认为已过期" in run(bureau, "plan", "list")[1]
    assert run(bureau, "plan", "publish", plan_id)[0] == 0
    assert "重新发送中" in run(bureau, "plan", "list")[1]
    ledger.put(PlanAnswerRow(**answer, state="taken", code=""))
    ledger.close()
    text = run(bureau, "plan", "list")[1]
    assert "已送达" in text
    assert plan_id in text
    rows = {one["plan_id"]: one for one in json.loads(run(bureau, "plan", "list", "--json")[1])}
    assert rows[plan_id]["answers"][DEVICE_ID]["state"] == "taken"


def test_a_plan_that_is_over_is_listed_on_request(bureau: Path) -> None:
    made = json.loads(run(bureau, "plan", "new", *WORDS, "--json")[1])
    later = Clock(utc_ns=lambda: NOW + 10**15, mono_ns=lambda: 0)

    def listed(*words: str) -> str:
        command = ["plan", "list", "--bureau", str(bureau), *words]
        return CliRunner().invoke(app, command, obj=later).output

    assert json.loads(listed("--json")) == []
    assert made["plan_id"] in {one["plan_id"] for one in json.loads(listed("--json", "--all"))}
    assert "草稿（已过期）" in listed("--all")


@pytest.mark.rule("N5")
def test_a_plan_is_listed_with_how_often_it_was_recorded(bureau: Path) -> None:
    plan_ids = [
        json.loads(run(bureau, "plan", "new", *WORDS, "--json")[1])["plan_id"] for _ in range(2)
    ]
    ledger = Ledger(f"sqlite:///{bureau / 'ledger.sqlite'}")
    ledger.put(row(4, plan_id=plan_ids[0], started="2026-02-01T08:00:00.000000Z"))
    ledger.close()
    listed = {one["plan_id"]: one for one in json.loads(run(bureau, "plan", "list", "--json")[1])}
    assert [listed[plan_id]["sessions"] for plan_id in plan_ids] == [1, 0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["new"], "missing: devices, activity"),
        (["new", *WORDS, "--activity", "filming"], "事项代码不在事项表中"),
        (["new", *WORDS, "--to", "ZF-404"], "未在本单位登记"),
        (["new", *WORDS, "--officer", "王五"], "执法人员"),
        (["new", *WORDS, "--officer", "O-3:王五:无"], "不符合格式"),
        (["new", *WORDS, "--begins", "明天"], "日期或时间"),
        (["new", "--file", "nowhere.toml"], "计划文件"),
        (["publish", "p-nowhere"], "查无此计划"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_with_a_plan_is_said_in_chinese(
    bureau: Path, words: list[str], said: str
) -> None:
    code, text = run(bureau, "plan", *words)
    assert code == 1
    assert said in text


def test_the_table_of_activities_is_told(bureau: Path) -> None:
    text = CliRunner().invoke(app, ["plan", "activities"]).output
    assert "听证" in text
    told = json.loads(CliRunner().invoke(app, ["plan", "activities", "--json"]).output)
    assert told["voluntary"] == "自主记录"


@pytest.mark.rule("E6")
@pytest.mark.rule("D12")
def test_what_is_owed_is_listed_and_explained(bureau: Path) -> None:
    sid = SID.format(2)
    text = run(bureau, "ledger", "--open")[1]
    assert sid in text
    assert "无计划记录的事由、记录中断的原因" in text
    assert SID.format(1) not in text
    assert run(bureau, "explain", sid, "--who", "张三", "--reason", " ")[0] == 1
    words = ("explain", sid, "--who", "张三", "--reason", "途中发现违法行为", "--party", "某某店")
    code, text = run(bureau, *words)
    assert code == 0
    assert "已登记第" in text
    assert sid not in run(bureau, "ledger", "--open")[1]
    (told,) = [one for one in json.loads(run(bureau, "ledger", "--json")[1]) if one["sid"] == sid]
    assert [one["party"] for one in told["explanations"]] == ["某某店"]
    assert json.loads(run(bureau, *words, "--json")[1])["owed"] == ["no_plan", "interrupted"]


def test_a_session_that_is_not_here_is_not_explained(bureau: Path) -> None:
    code, text = run(bureau, "explain", "nowhere", "--who", "张三", "--reason", "x")
    assert code == 1
    assert "查无此记录" in text


def test_days_are_days_in_beijing(bureau: Path) -> None:
    def counters(*words: str) -> list[int]:
        return [one["counter"] for one in json.loads(run(bureau, "ledger", "--json", *words)[1])]

    ledger = Ledger(f"sqlite:///{bureau / 'ledger.sqlite'}")
    ledger.put(row(3, started="2026-03-31T17:00:00.000000Z"))
    ledger.close()
    assert counters("--since", "2026-04-01") == [3]
    assert {1, 2} <= set(counters("--until", "2026-03-31"))
    assert 3 not in counters("--until", "2026-03-31")
    code, text = run(bureau, "ledger", "--since", "gestern")
    assert code == 1
    assert "日期" in text


@pytest.mark.parametrize(
    "words",
    [["plan"], ["plan", "new"], ["plan", "publish"], ["plan", "list"], ["explain"]],
    ids=str,
)
def test_every_command_teaches(words: list[str]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"], obj=CLOCK)
    assert result.exit_code == 0
    assert any("\u4e00" <= character <= "\u9fff" for character in result.output)
