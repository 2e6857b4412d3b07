"""Nothing that anybody can press, type, send, set or sign hides, pauses or gets rid of anything.

The whole surface is enumerated (``command_surface``), and its words are read. What reaches the
device is also a closed list: a new way in is found here and has to be thought about before it is
added below. Every check is shown to find a violation that was planted.
"""

from __future__ import annotations

import ast
from typing import Annotated, Any, Final

import msgspec
import pytest
import typer

from agent.settings import Settings
from evidence.digests import sha256_hex
from evidence.errors import RulebookError, WireError
from evidence.rulebook import check_policy
from evidence.wire import Topics, parse_topic
from hw import ports
from hw.types import LampPattern
from tests.architecture.command_surface import (
    TO_THE_VAULT,
    WayIn,
    arguments,
    commands,
    gestures,
    offending,
    settings,
    switches,
    vault_messages,
    whole_surface,
)
from tests.architecture.source_tree import ROOT, modules, parse, uses

pytestmark = pytest.mark.rule("C10", "G1")

SENTENCE: Final = "为保护您的合法权益，监督我们的执法行为，本次执法全程录音录像。"
EXPLAINED: Final = {
    "rulebook custody.revoked: ['停用']": "a revoked recorder refuses to start, says so aloud and"
    " signs it; nothing stops, and nothing that it holds is touched",
    "command provision clear: ['clear', '停用']": "the keeper hands a repaired recorder out again",
    "option provision clear ": "an option of that",
    "command provision fault: ['停用']": "a recorder with a fault is not handed out; as above",
    "command provision repair: ['停用']": "a recorder under repair refuses to start; as above",
    "command provision init: ['覆盖']": "says that an existing bureau is left alone",
    "command provision policy edit: ['edit']": "the next version of a rulebook, signed by two",
    "option provision policy edit ": "an option of that",
    "command provision policy voice: ['静音', '音量']": "an announcement that is silent or faint is"
    " not taken in",
    "option provision root rotate --replace-": "which key of the authority is followed by another",
    "option provision status --silent-days: ['silent']": "recorders that have not docked for long",
}
"""What begins like this, and why it hides nothing."""
GESTURES: Final = {
    "RecordPressed": "starts; while recording, confirms a stop that was held for",
    "RecordTapped": "while recording, the status is spoken",
    "RecordHolding": "beeps that rise on the way to a hold",
    "RecordHeld": "while recording, asks for the confirming press; idle, the status is spoken",
    "MarkTapped": "a mark; answers what is asked, an end that is asked for included; idle, the next"
    " plan is spoken",
    "MarkHeld": "the announcement is played again; idle, the plan is chosen",
    "PhotoPressed": "a still",
    "PhotoHeld": "while recording, raises the class of secrecy; nothing is left unrecorded for it",
    "PowerTapped": "switches nothing off; while recording, confirms an end that was held for",
    "PowerHeld": "idle, switches off; while recording, asks for the confirming press: the"
    " recording is closed with its reason before the power goes",
}
RECORDER_COMMANDS: Final = {
    "recorder": "help",
    "recorder run": "starts the three processes; its end closes a recording, signed",
    "recorder vault": "one process",
    "recorder session": "one process",
    "recorder dock": "one process",
    "recorder enrol": "keys are made and certified before the first start",
    "recorder locker": "one process: files are made append-only, and never the other way",
    "recorder words": "words on a medium are put aside; the vault verifies them before they count",
    "recorder update": "tries a release that two of the bureau signed, never while something is"
    " recorded or waits for the bureau; goes back from one that is not ready",
    "recorder doctor": "looks: parts and drivers, one line each",
    "recorder status": "looks",
    "recorder field-test": "records as a recorder does, watches, and has a report signed; refuses"
    " while a session is open",
    "recorder console": "looks, and presses the fake body's buttons",
}
TO_THE_DEVICE: Final = {
    "response": "how a push goes on",
    "receipt": "verified by the vault, which alone releases, and on a stored receipt alone",
    "receipts": "the subscription for them",
    "plan": "verified by the vault; what an officer may choose",
    "roster": "the assignment, verified by the vault: whose the recorder is",
    "policy": "the rulebook, verified by the vault and adopted between sessions alone",
    "challenge": "asks what the device holds; answered under two keys",
    "time": "the bureau's time, verified by the vault and put on record",
    "update": "pieces of a signed update, kept aside; tried only when nothing is recorded or waits",
}
FROM_THE_DEVICE: Final = frozenset(
    {
        *("init", "chunk", "fin", "log", "state", "base"),
        *("receipt_ack", "plan_ack", "roster_ack", "policy_ack"),
        *("challenge_answer", "update_wish"),
    }
)
MESSAGES: Final = {
    "attach": "who is there",
    "open": "a session begins",
    "begin": "a segment begins",
    "fragment": "media are added",
    "end": "a segment is complete",
    "event": "a record is added",
    "close": "a session is complete: signed, with its reason",
    "press": "a record is added",
    "fault": "a record is added",
    "photo": "a still is added",
    "preflight": "a record is added",
    "status": "looks",
    "list": "looks",
    "receipt": "verified; the one thing that may release, by the bureau's signature",
    "dock": "a record is added",
    "plan": "verified and kept",
    "word": "verified and kept: assignment or rulebook",
    "challenge": "a record is added, and what is held is said",
    "time": "verified, and a record is added",
    "piece": "kept aside: a part of a signed update",
    "facts?": "looks",
    "sign": "a record is added: the digest of a field test's report",
}
POLICY: Final[dict[str, Any]] = {
    "bureau.id": "county",
    "bureau.name": "某县统计局",
    "seal.recipients": [
        {"role": "bureau", "age": "age1" + "q" * 58},
        {"role": "escrow", "age": "age1" + "p" * 58},
    ],
    "segment.seconds": 10,
    "release.keep_days": 7,
    "storage.warn_minutes": 120,
    "storage.refuse_minutes": 15,
    "storage.alarm_minutes": 10,
    "storage.close_minutes": 2,
    "disclosure.announcements": [
        {
            "id": "zh-cn",
            "lang": "zh-CN",
            "text": SENTENCE,
            "text_sha256": sha256_hex(SENTENCE.encode()),
            "pcm_sha256": "0" * 64,
            "samples": 48_000,
            "rate": 48_000,
        }
    ],
}


@pytest.fixture(scope="module")
def surface() -> list[WayIn]:
    return whole_surface()


def test_no_word_of_the_whole_surface_hides_pauses_or_gets_rid_of_anything(
    surface: list[WayIn],
) -> None:
    assert len(surface) > 300
    found = [line for line in offending(surface) if not line.startswith(tuple(EXPLAINED))]
    assert found == []


def test_every_part_of_the_surface_was_looked_at(surface: list[WayIn]) -> None:
    kinds = {way.kind for way in surface}
    assert kinds == {
        *("button", "gesture", "lamp", "command", "option", "topic", "wire", "setting"),
        *("rulebook", "vault message"),
    }


def test_every_gesture_is_one_of_these() -> None:
    assert {gesture.name for gesture in gestures()} <= GESTURES.keys()


def test_every_command_of_the_recorder_is_one_of_these(surface: list[WayIn]) -> None:
    told = {way.name for way in surface if way.kind == "command" and way.name[:8] == "recorder"}
    assert told <= RECORDER_COMMANDS.keys()


def test_every_topic_is_of_one_direction_and_few_reach_the_device(surface: list[WayIn]) -> None:
    topics = {way.name for way in surface if way.kind == "topic"}
    assert topics <= TO_THE_DEVICE.keys() | FROM_THE_DEVICE
    with pytest.raises(WireError, match="topic"):
        parse_topic(f"{Topics('ZF-001').base}/command")


def test_the_dock_subscribes_to_nothing_else() -> None:
    subscribed = {
        inner.attr
        for path in modules("agent")
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "subscribe"
        for inner in ast.walk(node.args[0])
        if isinstance(inner, ast.Attribute) and inner.attr != "topics"
    }
    assert subscribed
    assert subscribed <= TO_THE_DEVICE.keys()


def test_every_message_to_the_vault_is_one_of_these() -> None:
    tags = {struct.__struct_config__.tag for struct in TO_THE_VAULT}
    assert tags <= MESSAGES.keys()


def test_the_recorders_settings_have_no_switch() -> None:
    assert switches(Settings) == []


def test_nothing_on_the_device_is_told_by_its_environment() -> None:
    """But where the supervisor listens: systemd tells a service that in no other way."""
    names = {".environ", ".getenv", "os.environ", "os.getenv"}
    found = [
        f"{path.name}:{use.line}"
        for path in modules("agent", "hw")
        for use in uses(parse(path))
        if use.name in names and path != ROOT / "hw/pi/watchdog.py"
    ]
    assert found == []


def test_the_lamp_has_no_pattern_for_darkness_and_one_way_to_be_told() -> None:
    assert {pattern.value for pattern in LampPattern}.isdisjoint({"off", "dark", "none", ""})
    assert _members(ports.Lamp) <= {"show", "read_back"}


def test_the_speaker_can_only_play() -> None:
    assert _members(ports.Speaker) == {"play"}


def _members(port: type) -> set[str]:
    return {name for name in vars(port) if not name.startswith("_")}


@pytest.mark.rule("C8", "C9")
def test_no_rulebook_is_without_an_announcement_and_none_records_before_the_press() -> None:
    check_policy(POLICY)
    with pytest.raises(RulebookError, match=r"disclosure\.announcements"):
        check_policy({**POLICY, "disclosure.announcements": []})
    with pytest.raises(RulebookError, match=r"prebuffer\.seconds"):
        check_policy({**POLICY, "prebuffer.seconds": 1})


# The checks can fail.

planted = typer.Typer()


@planted.command("mute", help="静音：不播放告知。")
def _mute(*, skip_announcement: Annotated[bool, typer.Option()] = False) -> None:
    """Never called."""


@planted.command("run")
def _run(*, dark: Annotated[bool, typer.Option("--dark/--no-dark")] = False) -> None:
    """Never called."""


class PlantedCamera(msgspec.Struct):
    night_dim: int = 0
    lamp_on: bool | None = None


class PlantedSettings(msgspec.Struct):
    camera: PlantedCamera
    beeps: bool = True


class PauseSession(msgspec.Struct, tag="pause"):
    until_ns: int


def test_a_planted_command_and_its_option_are_found() -> None:
    found = offending(commands("recorder", planted))
    assert [line.partition(":")[0] for line in found] == [
        "command recorder mute",
        "option recorder mute --skip-announcement --no-skip-announcement",
        "option recorder run --dark --no-dark",
    ]
    assert "静音" in found[0]


def test_a_planted_setting_and_a_planted_switch_are_found() -> None:
    found = offending(settings("device.toml", PlantedSettings))
    assert found == ["setting device.toml.camera.night_dim: ['dim']"]
    assert switches(PlantedSettings) == ["lamp_on", "beeps"]


def test_a_planted_message_to_the_vault_is_found() -> None:
    ways = list(vault_messages([PauseSession]))
    assert offending(ways)[0] == "vault message PauseSession.pause: ['pause']"
    assert "pause" not in MESSAGES


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("button", "mute", ""),
        ("gesture", "RecordPaused", "暂停"),
        ("lamp", "off", ""),
        ("topic", "clear", ""),
        ("wire", "Wipe", ""),
        ("rulebook", "disclosure.skip_minutes", ""),
        ("rulebook", "lamp.mode", "隐藏指示灯"),
        ("vault message", "EraseSession.erase", ""),
    ],
)
def test_any_other_planted_way_in_is_found(kind: str, name: str, said: str) -> None:
    assert len(offending([WayIn(kind, name, said)])) == 1


def test_a_planted_program_of_the_other_kind_is_read_too() -> None:
    def main(words: list[str]) -> None:
        print("    show   tell\n    purge  rid" if words == ["--help"] else "  --quiet  say less")  # noqa: T201
        raise SystemExit(0)

    assert offending(arguments("evidence", main)) == [
        "option evidence show --quiet: ['quiet']",
        "command evidence purge: ['purge']",
        "option evidence purge --quiet: ['purge', 'quiet']",
    ]
