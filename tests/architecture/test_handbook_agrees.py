"""The officers' handbook quotes all that the recorder says, and names what its lamp shows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from agent.console.words import LAMPS
from agent.session.gestures import MARK_HOLD_NS, PHOTO_HOLD_NS, POWER_HOLD_NS, RECORD_HOLD_NS
from agent.session.moves.asking import ANSWER_NS, OPENED_NS
from agent.session.moves.checking import EVERY_NS
from agent.session.moves.choosing import OFFERED_NS
from agent.session.moves.ending import CONFIRM_NS
from agent.session.moves.menus import AWAITED_NS
from agent.vault.messages import CheckResult
from agent.voice import catalog, sentences
from evidence.marks import END, STOP
from hw.types import LampPattern
from tests.architecture.source_tree import ROOT

HANDBOOK: Final = (ROOT / "docs" / "officer.zh.md").read_text(encoding="utf-8")
QUOTE: Final = re.compile(r"“([^”]+)”")
CLIP: Final = ROOT / "provisioning" / "files" / "announce" / "zh-CN" / "text.txt"

AT_15_04: Final = 1_763_708_640 * 10**9
STARTS_REFUSED: Final = (
    *("storage", "no_store", "no_key", "custody", "no_rulebook"),
    *("recording", "protocol", "vault", "refused"),
)
"""What the vault may answer a press. The other refusals have a sentence and no loudspeaker: those
of the dock, of a plan or of a receipt are in the device log and at the desk.
"""
ENDINGS: Final = ("officer", "battery", "storage", "fault", "interrupted", "shutdown", "power_off")
"""Why the vault may say that the session before has ended."""


def check(name: str, state: str, code: str = "wrong") -> CheckResult:
    return CheckResult(name=name, state=state, detail=f"{code}: test", value=None)


def results() -> list[CheckResult]:
    usual = [check(name, "warn") for name in sentences.CHECKS]
    return [*usual, *(check(name, "warn", code) for name, code in sentences.FINDINGS)]


SAID: Final[dict[str, list[tuple[Any, ...]]]] = {
    "power_on": [()],
    "how_to_switch_off": [()],
    "not_off_while_recording": [()],
    "confirm_off": [()],
    "switching_off": [()],
    "battery_empty": [()],
    "docked": [()],
    "undocked": [()],
    "charging": [()],
    "status": [(125, 600, 185)],
    "battery": [(125,), (None,)],
    "space": [(600,), (None,)],
    "clock": [(AT_15_04,)],
    "backlog": [(0,), (2,), (2, 185), (2, -1)],
    "begin": [(code,) for code in sentences.BEGINS],
    "cause": [("weather",), ("other_matter",)],
    "confirm_stop": [()],
    "ending": [
        *((END + code,) for code in sentences.ENDS),
        *((STOP + cause,) for cause in ("weather", "obstruction")),
    ],
    "secrecy": [(code,) for code in sentences.CLASSES],
    "not_stopped": [()],
    "stopped": [()],
    "closing": [("battery",), ("storage",), ("fault",), ("session_lost",)],
    "resumed": [()],
    "photo_taken": [()],
    "photo_failed": [()],
    "photo_not_now": [()],
    "unverified": [()],
    "film_the_sign": [()],
    "arrival": [(template,) for template in sentences.ARRIVALS],
    "statement_taken": [()],
    "statement_unheard": [()],
    "interrupted": [(reason,) for reason in ENDINGS],
    "plan": [(3, "inspection")],
    "plan_chosen": [(3, "inspection")],
    "no_plan_chosen": [()],
    "no_plan": [()],
    "refused": [
        *((code,) for code in STARTS_REFUSED),
        *(
            ("custody", f"custody: {code}: test")
            for name, code in sentences.FINDINGS
            if name == "custody"
        ),
    ],
    "preflight": [
        ([],),
        *(([one],) for one in results()),
        ([check("key", "refuse")],),
    ],
    "finding": [(one,) for one in results()],
    "storage": [("warn", 9), ("alarm", 9), ("unknown",)],
    "battery_low": [(12,)],
    "part_failed": [
        (part,) for part in ("camera", "microphone", "speaker", "battery", "storage", "vault")
    ],
    "part_recovered": [
        (part,)
        for part in ("camera", "microphone", "speaker", "battery", "storage", "lamp", "vault")
    ],
}
"""Each function of ``sentences`` that the session uses, with what it is asked for."""
OTHERS: Final = (
    sentences.SELF_TEST,
    sentences.clock(AT_15_04, sure=False),
    sentences.part_failed("camera", recording=True),
    sentences.part_failed("microphone", recording=True),
    sentences.cause("weather", first=True),
)


def said() -> set[str]:
    """Every sentence that the recorder may say, with the handbook's numbers in it."""
    rows = [getattr(sentences, name)(*args) for name, calls in SAID.items() for args in calls]
    return {part for row in (*rows, *OTHERS) for part in parts(catalog.text(row))}


def quoted() -> set[str]:
    quotes = set(QUOTE.findall(HANDBOOK)) - {" "}
    return {part for quote in quotes for part in parts(quote)}


def parts(text: str) -> Iterator[str]:
    """The sentences of ``text``."""
    return (part for part in text.split("。") if part)


def asked_of_sentences() -> set[str]:
    """Functions of ``sentences`` that the session uses."""
    return {
        node.attr
        for path in sorted((ROOT / "agent" / "session").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "sentences"
    }


def lamp_rows() -> list[str]:
    table = HANDBOOK.split("## 指示灯", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    return [row.split("|")[1].strip() for row in rows[1:]]


def announcement(path: Path) -> set[str]:
    return set(parts(path.read_text(encoding="utf-8").strip()))


def test_the_handbook_knows_every_sentence_the_session_asks_for() -> None:
    assert SAID.keys() == asked_of_sentences()


def test_whatever_the_recorder_says_the_handbook_says_what_to_do() -> None:
    assert said() - quoted() == set()


def test_whatever_the_handbook_quotes_is_said_in_these_words() -> None:
    assert quoted() - said() == announcement(CLIP)


def test_the_handbook_names_everything_the_lamp_can_show() -> None:
    assert sorted(lamp_rows()) == sorted(LAMPS[pattern][0] for pattern in LampPattern)


@pytest.mark.parametrize(
    "words",
    [
        f"录制键，按住 {RECORD_HOLD_NS // 10**9} 秒",
        f"标记键，按住 {MARK_HOLD_NS / 10**9:.1f} 秒",
        f"{CONFIRM_NS // 10**9} 秒内再按一下才结束",
        f"电源键，按住 {POWER_HOLD_NS // 10**9} 秒",
        f"拍照键，按住 {PHOTO_HOLD_NS / 10**9:.1f} 秒",
        f"按标记键回答，{ANSWER_NS // 10**9} 秒内有效",
        f"开始的标记 {OPENED_NS // (60 * 10**9)} 分钟内有效",
        f"{AWAITED_NS // 10**9} 秒后念下一句",
        f"{OFFERED_NS // 10**9} 秒内按住标记键",
        f"空闲每 {EVERY_NS // (60 * 10**9)} 分钟一次",
    ],
)
def test_the_handbook_states_the_times_of_the_code(words: str) -> None:
    assert words in HANDBOOK
