"""Every refusal, fault, check and level has its sentence, and every sentence can be said."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import errors
from agent.vault.messages import CheckResult
from agent.voice import catalog, sentences
from agent.voice.numbers import Words
from agent.voice.words import clip_of
from evidence.activities import ACTIVITIES
from evidence.bounds import ENDINGS, TOLD_BY_MARK
from evidence.marks import END, OTHER_MATTER, SECRECY, STOP
from evidence.rulebook.words import ARRIVALS, CAUSES
from hw import errors as faults

ROOT = Path(__file__).parents[4]
LONGEST_CLIP_ID = 512
"""What the fake world keeps of a sound's name."""
READ_IN_A_TERMINAL = {
    "no_body",
    "not_fake",
    "field_test",
    "field_no_vault",
    "field_attached",
    "field_recording",
    "field_unsigned",
    "field_resume",
    "field_forged",
    "field_step",
}
MOST_SECONDS = 6.5
"""An announcement waits so long at most: a sentence that sounds cannot be silenced."""


def agent_codes() -> set[str]:
    """Stable codes of the recorder's errors: declared, worded, or raised somewhere in agent.

    Without those of the terminal's own commands: whoever meets them reads them.
    """
    classes = {
        thing.code
        for _, thing in inspect.getmembers(errors, inspect.isclass)
        if issubclass(thing, errors.AgentError)
    }
    worded = set(vars(errors)["_DIAGNOSES"])
    codes = (classes | worded | set(raised_codes())) - READ_IN_A_TERMINAL
    # What became of an update is told at the desk.
    return {code for code in codes if not code.startswith("update_")}


def raised_codes() -> Iterator[str]:
    """The ``code="…"`` of every error that is raised in ``agent``; enrolment has a screen."""
    for path in sorted((ROOT / "agent").rglob("*.py")):
        if path.parent.name == "enrolment":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                for keyword in node.exc.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)


def part_codes() -> set[str]:
    return {
        thing.code
        for _, thing in inspect.getmembers(faults, inspect.isclass)
        if issubclass(thing, faults.HardwareFault)
    }


def check_names() -> set[str]:
    """The ``NAME`` of every check of the preflight."""
    names = set()
    for path in sorted((ROOT / "agent" / "preflight").glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if (
                isinstance(node, ast.AnnAssign)
                and isinstance(node.target, ast.Name)
                and node.target.id == "NAME"
                and isinstance(node.value, ast.Constant)
            ):
                names.add(str(node.value.value))
    return names


def asked_of_sentences() -> set[str]:
    """Functions of ``sentences`` that the session uses."""
    return {
        node.attr
        for path in sorted((ROOT / "agent" / "session").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "sentences"
    }


def can_be_said(words: Words) -> None:
    for sentence in (words[i:j] for i, j in cuts(words)):
        clip = clip_of(sentence)
        assert len(clip.samples) / 2 / clip.rate < MOST_SECONDS
        assert len(catalog.clip_id(sentence)) <= LONGEST_CLIP_ID


def cuts(words: Words) -> list[tuple[int, int]]:
    ends = [index + 1 for index, word in enumerate(words) if word == "stop"]
    assert ends[-1] == len(words)
    return list(zip([0, *ends], ends, strict=False))


def test_every_code_of_the_recorder_has_a_sentence_of_its_own() -> None:
    assert agent_codes() <= sentences.REFUSALS.keys()
    for code in sentences.REFUSALS:
        can_be_said(sentences.refused(code))


def test_a_code_that_nobody_knows_is_said_to_be_a_fault() -> None:
    assert catalog.text(sentences.refused("new_code")) == "设备异常，请交管理人员。"


@pytest.mark.rule("A1", "A4", "M2")
@pytest.mark.parametrize(
    ("finding", "said"),
    [
        ("unassigned", "本机尚未配发，请交管理人员。"),
        ("frozen", "本机待检修，未获准使用，请交管理人员。"),
        ("ended", "本机已报失或注销，请交管理人员。"),
        ("stop_use", "本机有故障，必须停止使用，请交管理人员。"),
        ("revoked", "本机未获准使用，请交管理人员。"),
    ],
)
def test_a_recorder_that_is_nobodys_says_why(finding: str, said: str) -> None:
    assert catalog.text(sentences.refused("custody", f"custody: {finding}: told")) == said


@pytest.mark.rule("C2", "C3", "D2")
def test_every_end_and_every_beginning_has_its_sentence() -> None:
    assert sentences.ENDS.keys() == ENDINGS.keys()
    assert sentences.BEGINS.keys() == TOLD_BY_MARK
    for code in ENDINGS:
        can_be_said(sentences.ending(END + code))
    assert catalog.text(sentences.ending("end:hearing_closed")) == "听证会已结束，请按标记键结束。"
    assert catalog.text(sentences.begin("hearing_opened")) == "听证会开始时，请按标记键。"


@pytest.mark.rule("E2", "E3")
def test_every_cause_of_the_rulebook_has_its_sentence() -> None:
    assert sentences.WHYS.keys() == CAUSES.keys()
    for cause in (*CAUSES, OTHER_MATTER):
        can_be_said(sentences.cause(cause, first=True))
        can_be_said(sentences.ending(STOP + cause))
    assert catalog.text(sentences.ending("stop:weather")) == "因天气等自然原因，请按标记键结束。"
    assert catalog.text(sentences.cause("weather", first=True)) == (
        "上次记录由人工结束，请选择原因。天气等自然原因，请按标记键。"
    )


@pytest.mark.rule("L1")
def test_every_class_of_secrecy_has_its_sentence_and_names_the_next() -> None:
    assert list(sentences.CLASSES) == list(SECRECY)
    for code, name in SECRECY.items():
        assert catalog.WORDS[sentences.CLASSES[code]].text == name
        can_be_said(sentences.secrecy(code))
    assert catalog.text(sentences.secrecy("privacy")) == (
        "已标记个人隐私，属商业秘密请再按住拍照键。"
    )
    assert catalog.text(sentences.secrecy("state")) == "已标记国家秘密。"


def test_every_part_that_can_fail_has_a_sentence() -> None:
    assert part_codes() <= sentences.PARTS.keys()
    for part in sentences.PARTS:
        for recording in (False, True):
            can_be_said(sentences.part_failed(part, recording=recording))
        can_be_said(sentences.part_recovered(part))


@pytest.mark.rule("B1")
def test_every_check_before_use_has_a_sentence() -> None:
    assert check_names() <= sentences.CHECKS.keys()
    for name in sentences.CHECKS:
        for state in ("warn", "refuse"):
            can_be_said(sentences.preflight([check(name, state)]))


@pytest.mark.rule("B1")
@pytest.mark.parametrize(("name", "code"), sentences.FINDINGS)
def test_a_finding_with_words_of_its_own_is_one_of_a_check(name: str, code: str) -> None:
    source = (ROOT / "agent" / "preflight" / f"{name}.py").read_text()
    shared = (ROOT / "agent" / "preflight" / "results.py").read_text()
    assert f'"{code}"' in source + shared
    found = CheckResult(name=name, state="warn", detail=f"{code}: test")
    can_be_said(sentences.preflight([found]))


@pytest.mark.rule("B1")
def test_a_check_before_use_says_the_worst_first_and_whether_one_can_record() -> None:
    checks = [check("battery", "warn"), check("lamp", "ok"), check("key", "refuse")]
    assert catalog.text(sentences.preflight(checks)) == (
        "使用前检查发现问题。签名密钥不可用，请交管理人员。电量不足，请充电。不能开始记录。"
    )
    assert catalog.text(sentences.preflight([check("lamp", "ok")])) == (
        "使用前检查正常，可以开始记录。"
    )
    all_wrong = [check(name, "warn") for name in sentences.CHECKS]
    can_be_said(sentences.preflight(all_wrong))
    assert catalog.text(sentences.preflight(all_wrong)).endswith("仍可记录。")


@pytest.mark.parametrize("level", ["warn", "alarm", "close", "full"])
def test_every_level_of_the_space_has_a_sentence(level: str) -> None:
    can_be_said(sentences.storage(level, 30))
    assert catalog.text(sentences.storage(level)).endswith("请放回底座移交。")


def test_enough_space_needs_no_words() -> None:
    assert sentences.storage("ok") == ()


@pytest.mark.rule("C5")
def test_every_template_of_the_rulebook_asks_for_its_statement() -> None:
    assert sentences.ARRIVALS.keys() == set(ARRIVALS)
    for template in ARRIVALS:
        words = sentences.arrival(template)
        assert (template == "none") == (words == ())
        if words:
            can_be_said(words)


def test_every_activity_has_its_name() -> None:
    for code, name in ACTIVITIES.items():
        assert catalog.WORDS[f"activity.{code}"].text == name
        can_be_said(sentences.plan(12, code))
    assert catalog.text(sentences.plan(2, "patrol")) == "计划二号，巡查，选用请按住标记键。"
    assert catalog.text(sentences.plan_chosen(12, "unheard_of")) == "已选用计划十二号。"


@pytest.mark.rule("B4")
def test_a_clock_that_is_not_to_be_trusted_says_so_before_the_time() -> None:
    assert catalog.text(sentences.clock(0)) == "现在是八点整。"
    assert catalog.text(sentences.clock(0, sure=False)) == "时间未校准，现在是八点整。"


@pytest.mark.rule("H1")
def test_the_backlog_is_said_with_its_deadline() -> None:
    assert catalog.text(sentences.backlog(0)) == "没有待移交的记录。"
    assert catalog.text(sentences.backlog(2, 90)) == ("两份记录待移交，距移交期限一小时三十分钟。")
    assert catalog.text(sentences.backlog(12, -1)) == (
        "十二份记录待移交，已超过移交期限，请放回底座移交。"
    )


def test_the_status_is_said_in_sentences_that_something_may_come_between() -> None:
    words = sentences.status(125, None, 95)
    assert catalog.text(words) == (
        "正在记录，已录一分钟三十五秒。电池可录两小时五分钟。存储空间未知。"
    )
    can_be_said(words)


@pytest.mark.rule("E5")
@pytest.mark.parametrize("reason", ["", "nobody knows", *sentences.CLOSINGS])
def test_an_interruption_is_asked_for_whatever_its_reason(reason: str) -> None:
    can_be_said(sentences.interrupted(reason))
    assert catalog.text(sentences.interrupted(reason)).endswith("请说明中断原因。")
    can_be_said(sentences.closing(reason))


@pytest.mark.parametrize("level", ["close", "full"])
def test_a_recording_that_ends_for_want_of_space_says_so(level: str) -> None:
    assert catalog.text(sentences.closing(level)) == (
        "存储空间已用完，记录已结束，请放回底座移交。"
    )


def test_the_session_asks_for_no_sentence_that_is_not_there() -> None:
    missing = [name for name in asked_of_sentences() if not hasattr(sentences, name)]
    assert missing == []


def test_every_sentence_without_a_number_can_be_said() -> None:
    plain = [
        function
        for _, function in inspect.getmembers(sentences, inspect.isfunction)
        if function.__module__ == sentences.__name__
        and not function.__name__.startswith("_")
        and not inspect.signature(function).parameters
    ]
    assert len(plain) > 10
    for function in plain:
        can_be_said(function())


def check(name: str, state: str) -> CheckResult:
    return CheckResult(name=name, state=state, detail="test")
