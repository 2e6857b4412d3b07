"""Everything by which anybody can tell this product to do something, enumerated by reading it.

A *way in* is a button, a gesture, a command and its options, a topic and what a message on it says,
a key of a settings file or of the rulebook, a message to the vault, a pattern of the lamp. None of
them may hide, stop for a while, or get rid of what is recorded.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final, get_args, get_type_hints

import msgspec
import typer
from typer.main import get_command

import agent.cli
import agent.settings
import bureau.cli
import bureau.settings
import evidence.__main__
import provisioning.cli
from agent.vault import messages
from evidence import wire
from evidence.rulebook import KEYS
from hw.types import ButtonName, LampPattern
from tests.architecture.source_tree import ROOT, parse

FORBIDDEN: Final = frozenset(
    {
        # to get rid of what is recorded
        *("de" + "lete", "remove", "erase", "purge", "wipe", "scrub", "clear", "clean", "discard"),
        *("destroy", "drop", "trash", "overwrite", "truncate", "trim", "cut", "edit", "redact"),
        *("replace", "reset", "format", "prune", "unlink", "rm", "expunge", "shred", "forget"),
        # to stop for a while
        *("pause", "suspend", "snooze", "freeze", "interrupt", "break"),
        # not to be heard
        *("mute", "unmute", "silence", "silent", "quiet", "volume", "hush", "deafen", "noiseless"),
        # not to be seen
        *("hide", "hidden", "covert", "stealth", "secretly", "conceal", "invisible", "disguise"),
        *("discreet", "dark", "darken", "dim", "blackout", "off", "disable", "blind", "brightness"),
        # not to be told
        *("skip", "bypass", "omit", "suppress", "ignore", "without", "no", "never"),
        # not to be on time
        *("backdate", "postdate", "rewind"),
    }
)
FORBIDDEN_ZH: Final = re.compile(
    "删除|删去|清除|清空|擦除|抹去|覆盖|格式化|剪辑|暂停|中止|静音|消音|音量|隐藏|隐蔽|秘密录|暗拍"
    "|息屏|熄灭|关灯|灭灯|关闭指示灯|跳过|免告知|不告知|不播放|停用|禁用"
)

_ENDINGS: Final = ("s", "d", "r", "ed", "er", "ing")
TO_THE_VAULT: Final = (
    *get_args(messages.FromRecorder),
    *get_args(messages.FromDock),
    *get_args(messages.FromTester),
)


@dataclass(frozen=True, slots=True)
class WayIn:
    """One thing that somebody can press, type, send, set or sign.

    Attributes:
        kind: What it is: ``button``, ``gesture``, ``command``, ``option``, ``topic``, ``wire``,
            ``setting``, ``rulebook``, ``vault message``, ``lamp``.
        name: What it is called, with its owner before a dot.
        said: What is told of it in Chinese.
    """

    kind: str
    name: str
    said: str = ""

    @property
    def words(self) -> frozenset[str]:
        """The words of its name, ``camelCase`` and ``snake_case`` taken apart, and their stems."""
        parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", self.name)
        words = re.findall(r"[a-z]+", parted.lower())
        return frozenset(words) | {word.removesuffix(end) for word in words for end in _ENDINGS}


def whole_surface() -> list[WayIn]:
    """All of it."""
    return [
        *(WayIn("button", name.value) for name in ButtonName),
        *(WayIn("lamp", pattern.value) for pattern in LampPattern),
        *gestures(),
        *commands("recorder", agent.cli.app),
        *commands("bureau", bureau.cli.app),
        *commands("provision", provisioning.cli.app),
        *arguments("evidence", evidence.__main__.main),
        *topics(),
        *settings("device.toml", agent.settings.Settings),
        *settings("bureau.toml", bureau.settings.Settings),
        *(WayIn("rulebook", name, key.chinese) for name, key in KEYS.items()),
        *vault_messages(TO_THE_VAULT),
    ]


def offending(ways: Iterable[WayIn]) -> list[str]:
    """Those whose name or explanation hides, pauses or gets rid of something."""
    return [
        f"{way.kind} {way.name}: {sorted(bad)}"
        for way in ways
        if (bad := (way.words & FORBIDDEN) | set(FORBIDDEN_ZH.findall(way.said)))
    ]


def gestures() -> list[WayIn]:
    """What a finger can mean: the events that the gesture machine makes."""
    tree = parse(ROOT / "agent" / "session" / "gestures.py")
    imported = (
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "agent.session.events"
        for name in node.names
    )
    return [WayIn("gesture", name) for name in imported if name != "Event"]


def commands(program: str, app: typer.Typer) -> Iterator[WayIn]:
    """Every command of a typer application, with its arguments and options."""
    yield from _commands(program, get_command(app))


def _commands(name: str, command: Any) -> Iterator[WayIn]:
    yield WayIn("command", name, command.help or "")
    for parameter in command.params:
        flags = (*parameter.opts, *parameter.secondary_opts)
        yield WayIn("option", f"{name} {' '.join(flags)}", getattr(parameter, "help", None) or "")
    for inner in getattr(command, "commands", {}).values():
        yield from _commands(f"{name} {inner.name}", inner)


def arguments(program: str, main: Any) -> Iterator[WayIn]:
    """Every command of an argparse program, as its own help tells them."""
    told = _help(main, [])
    for command in re.findall(r"^    (\w+) {2,}", told, re.MULTILINE):
        yield WayIn("command", f"{program} {command}")
        for flag in re.findall(r"--[\w-]+", _help(main, [command])):
            yield WayIn("option", f"{program} {command} {flag}")


def _help(main: Any, words: list[str]) -> str:
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            main([*words, "--help"])
    except SystemExit:
        return printed.getvalue()
    raise AssertionError("--help ended in something else than the end")


def topics() -> Iterator[WayIn]:
    """Every topic of a device, and every field of every message of the wire."""
    for name in vars(wire.Topics):
        if not name.startswith("_") and name != "device":
            yield WayIn("topic", name)
    for name, value in vars(wire).items():
        if is_dataclass(value) and value is not wire.Topics:
            yield WayIn("wire", name)
            yield from (WayIn("wire", f"{name}.{one.name}") for one in fields(value))


def settings(file: str, struct: type[msgspec.Struct]) -> Iterator[WayIn]:
    """Every key of a settings file, sections included."""
    for key, kind in get_type_hints(struct).items():
        yield WayIn("setting", f"{file}.{key}")
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            yield from settings(f"{file}.{key}", kind)


def vault_messages(structs: Iterable[Any]) -> Iterator[WayIn]:
    """Every message, by class and tag, and its fields."""
    for struct in structs:
        yield WayIn("vault message", f"{struct.__name__}.{struct.__struct_config__.tag}")
        yield from (
            WayIn("vault message", f"{struct.__name__}.{f}") for f in struct.__struct_fields__
        )


def switches(struct: type[msgspec.Struct]) -> list[str]:
    """Settings that can only be on or off: a switch is how something is turned off."""
    found = []
    for key, kind in get_type_hints(struct).items():
        if kind is bool or bool in get_args(kind):
            found.append(key)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            found += switches(kind)
    return found
