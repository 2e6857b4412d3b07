"""The clerks' handbook, walked through: from an empty folder to a bureau that hands out recorders.

Every command is read out of the handbook and run by the program it names, at a terminal of its
own, in the order of the pages. The test adds nothing but ports that nobody else uses, plugs in the
sticks, types what is asked for, and does by hand what the handbook says is done by hand.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from typer.main import get_command

import provisioning.cli
from evidence import assignment
from hw.fake.world import FakeWorld
from provisioning.custody.docked import Desk, Docked
from scripts.stage import free_port
from tests.kits.bureau.handbook import Act, Command, Sheet, Step, steps
from tests.kits.device.updates import wheel
from tests.kits.processes.terminals import ENTRIES, SECONDS, Terminal, wait_for

ROOT: Final = Path(__file__).parents[2]
CLIP: Final = ROOT / "provisioning" / "files" / "announce" / "zh-CN"
DIGITS: Final = re.compile(r"请核对六位数字：([\d ]+)")
ASKS_DIGITS: Final = r"请输入[^\n]*六位数字[^\n]*[:：] ?$"
PASSPHRASES: Final = {
    rf"离线根密钥 {number} .*口令[^\n]*: ?$": f"三月七日 第{number}位保管人的口令 {number * 1117}"
    for number in (1, 2, 3)
}
STICKS: Final = ("stick", "stick-1", "stick-2", "stick-3")
AGAIN: Final = r"(?:confirmation|再[^\n]*): ?$"
DOCKED: Final = r"把 (\S+) 放上底座，等它领到通知"
UNUSED: Final = frozenset({"claim"})
"""Commands that no clerk needs: ``seed`` makes the claim, too."""


@dataclass
class Walk:
    """A clerk at work.

    Attributes:
        folder: Where the clerk sits.
        waiting: Terminals that stay open, by their first words.
        visited: Recorders that will be put into a cradle; they run as soon as they are enrolled.
        digits: What a recorder showed last.
    """

    folder: Path
    waiting: dict[str, Terminal] = field(default_factory=dict)
    visited: frozenset[str] = frozenset()
    digits: str = ""
    desk_port: int = field(default_factory=free_port)
    reception_port: int = field(default_factory=free_port)

    @property
    def bureau(self) -> Path:
        return self.folder / "bureau"

    def do(self, step: Step) -> None:
        """Whatever the handbook says."""
        if isinstance(step, Sheet):
            (self.folder / step.name).write_text(step.content)
        elif isinstance(step, Act):
            self._act(step.what)
        else:
            self._type(step)

    def _type(self, command: Command) -> None:
        terminal = Terminal(self._with_ports(command.words), self.folder)
        if command.words[:2] == ("bureau", "desk"):
            self._wait(terminal, "the desk listens")
            self.waiting["desk"] = terminal
        elif "--listen" in command.words:
            self._wait(terminal, str(self.reception_port))
            self.waiting["listen"] = terminal
        else:
            self._finish(terminal)
            code = terminal.end()
            expected = 1 if command.refused else 0
            assert code == expected, f"line {command.line}: {terminal.said[-4_000:]}"
            assert ("✘" in terminal.said) == command.refused, terminal.said[-4_000:]
        if command.words[:2] == ("recorder", "enrol"):
            self._switch_on(command.words[3].removeprefix("./"))
        if command.last and "listen" in self.waiting:
            listening = self.waiting.pop("listen")
            listening.press_ctrl_c()
            self._finish(listening)
            assert listening.end() == 0, listening.said[-4_000:]

    def _with_ports(self, words: tuple[str, ...]) -> tuple[str, ...]:
        if words[:2] == ("provision", "init"):
            return (*words, "--port", str(self.desk_port))
        if words[:2] == ("provision", "seed") or {"--listen", "--csv"} & set(words):
            return (*words, "--port", str(self.reception_port))
        return words

    def _wait(self, terminal: Terminal, until: str) -> None:
        wait_for(
            lambda: until in terminal.said or terminal.code is not None, [terminal], PASSPHRASES
        )
        assert terminal.code is None, terminal.said[-4_000:]

    def _finish(self, terminal: Terminal) -> None:
        """Wait for its end; meanwhile look at it and at who waits, and type what is asked for."""
        questions = {**PASSPHRASES, AGAIN: ""}
        if terminal.words[0] == "provision":
            questions[ASKS_DIGITS] = self.digits

        def ended() -> bool:
            shown = DIGITS.findall(terminal.said)
            if shown:
                questions[ASKS_DIGITS] = self.digits = shown[-1].strip()
            return terminal.code is not None

        wait_for(ended, [*self.waiting.values(), terminal], questions)

    # What hands do.

    def _act(self, what: str) -> None:
        acts: dict[str, Callable[..., None]] = {
            DOCKED: self._dock,
            r"把归档的备份放回 (\S+)": self._bring_back,
            r"录好告知语音 (\S+) 和文字 (\S+)": self._speak,
            r"把供货方的升级文件放进 (\S+)": self._unpack_release,
        }
        for pattern, act in acts.items():
            said = re.fullmatch(pattern, what)
            if said is not None:
                act(*said.groups())
                return
        raise AssertionError(f"nobody knows how to do this: {what}")

    def _switch_on(self, device: str) -> None:
        if device in self.visited and device not in self.waiting:
            words = ("recorder", "run", "--device", f"./{device}")
            self.waiting[device] = Terminal(words, self.folder)

    def _dock(self, device: str) -> None:
        """Put it into its cradle, wait until it has all that is for it, and take it out again."""
        socket = self.folder / device / "run" / "world.sock"
        self._until(socket.exists, f"the world of {device}")
        world = FakeWorld.at(socket)
        try:
            world.dock()
            self._until(lambda: self._has_all(device), f"{device} to take what is for it")
            world.undock()
        finally:
            world.close()

    def _has_all(self, device: str) -> bool:
        seen = self.docked(device)
        words = list((self.bureau / "registry" / "assignments" / device).glob("*.jws"))
        version = len(list((self.bureau / "rulebook" / "versions").glob("*.json")))
        # The first one came with the enrolment, without a word in the log.
        rulebook = version if version > 1 else 0
        return (seen.adopted, seen.rulebook, seen.left) == (len(words), rulebook, ())

    def docked(self, device: str) -> Docked:
        """What the desk has of a recorder."""
        ca = x509.load_pem_x509_certificate((self.bureau / "certs" / "ca.pem").read_bytes())
        return Desk(self.bureau, ca).docked(device)

    def _until(self, fact: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not fact():
            for terminal in self.waiting.values():
                terminal.listen(0.02)
            assert time.monotonic() < deadline, f"never: {what}\n" + "\n".join(
                terminal.said[-3_000:] for terminal in self.waiting.values()
            )

    def _speak(self, sound: str, text: str) -> None:
        """The sentence in the voice that the program brings along."""
        command = ["ffmpeg", "-v", "error", "-i", str(CLIP / "audio.flac")]
        subprocess.run([*command, str(self.folder / sound)], check=True)
        shutil.copy(CLIP / "text.txt", self.folder / text)

    def _unpack_release(self, source: str) -> None:
        wheels = self.folder / source / "wheels"
        wheels.mkdir(parents=True)
        (wheels / "zhifa_recorder-0.2.0-py3-none-any.whl").write_bytes(wheel("0.2.0"))

    def _bring_back(self, archive: str) -> None:
        shutil.copytree(self.bureau / "archive", self.folder / archive, dirs_exist_ok=True)

    def close(self) -> None:
        """Go home."""
        for terminal in reversed(list(self.waiting.values())):
            terminal.end()


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    visited = (re.fullmatch(DOCKED, step.what) for step in steps() if isinstance(step, Act))
    walk = Walk(
        tmp_path_factory.mktemp("h"), visited=frozenset(said[1] for said in visited if said)
    )
    for stick in STICKS:
        (walk.folder / stick).mkdir()
    try:
        for step in steps():
            walk.do(step)
        yield walk
    finally:
        walk.close()


def ask(walk: Walk, *words: str) -> Any:
    """What a command of ``provision`` says to a program."""
    terminal = Terminal(("provision", *words, "--bureau", "./bureau", "--json"), walk.folder)
    wait_for(lambda: terminal.code is not None, [terminal], {})
    assert terminal.end() == 0, terminal.said
    return json.loads(terminal.said)


@pytest.mark.slow
@pytest.mark.rule("A1", "A3", "A5")
def test_the_handbook_ends_with_five_handed_out_and_a_new_id_for_one_that_ended(walk: Walk) -> None:
    rows = {row["device"]: row for row in ask(walk, "status")}
    standing = {name: (row["standing"], row["custodian"]) for name, row in rows.items()}
    assert standing == {
        "ZF-001": ("assigned", "O-1"),
        "ZF-002": ("assigned", "O-2"),
        "ZF-003": ("assigned", "O-3"),
        "ZF-004": ("ended", None),
        "ZF-005": ("ended", None),
        "ZF-006": ("unassigned", None),
    }


@pytest.mark.slow
def test_the_ledger_of_the_walk_stands_up_to_an_audit(walk: Walk) -> None:
    ask(walk, "audit")


@pytest.mark.slow
def test_a_recorder_ends_with_the_rulebook_and_the_root_of_its_bureau(walk: Walk) -> None:
    for name in ("rulebook.json", "root.json"):
        inside = walk.folder / "ZF-001" / "bureau" / name
        assert inside.read_bytes() == (walk.bureau / "rulebook" / name).read_bytes()
    assert len(list((walk.bureau / "rulebook" / "roots").iterdir())) == 2


@pytest.mark.slow
@pytest.mark.rule("A3")
def test_a_recorder_that_was_handed_on_knows_its_new_custodian_alone(walk: Walk) -> None:
    device = walk.folder / "ZF-003"
    ca = x509.load_pem_x509_certificate((walk.bureau / "certs" / "ca.pem").read_bytes())
    word = assignment.read((device / "bureau" / "assignment.jws").read_bytes(), ca, device="ZF-003")
    assert (word.number, word.custodian, word.keeper) == (3, "O-3", "K-1")
    for path in device.rglob("*"):
        if path.is_file():
            assert "郑十".encode() not in path.read_bytes()


@pytest.mark.slow
@pytest.mark.rule("H8")
def test_what_was_lost_or_retired_is_on_the_revocation_list(walk: Walk) -> None:
    crl = x509.load_pem_x509_crl((walk.bureau / "ca" / "crl.pem").read_bytes())
    serials = {item.serial_number for item in crl}
    for device, revoked in {"ZF-001": False, "ZF-004": True, "ZF-005": True}.items():
        entry = json.loads((walk.bureau / "registry" / f"{device}.json").read_bytes())
        for certificate in ("signing", "tls"):
            assert (int(entry[certificate]["serial"], 16) in serials) is revoked


@pytest.mark.slow
@pytest.mark.rule("A7")
def test_the_papers_of_the_walk_lie_ready_to_be_printed(walk: Walk) -> None:
    papers = {path.name for path in (walk.bureau / "paper").iterdir()}
    assert {name[:2] for name in papers} == {"PF", "GH", "WX", "YS", "la"}
    assert {path.name for path in (walk.folder / "papers").iterdir()} >= {"labels.html"}


def test_every_command_of_the_clerk_stands_in_the_handbook() -> None:
    typed = [step.words for step in steps() if isinstance(step, Command)]
    asked = {words[1:3] for words in typed} | {words[1:2] for words in typed}
    app: Any = get_command(provisioning.cli.app)
    for name, command in app.commands.items():
        inner = getattr(command, "commands", None)
        missing = [(name, one) for one in inner] if inner else [(name,)]
        assert not [one for one in missing if one not in asked and name not in UNUSED]


def test_the_terminals_run_what_the_scripts_run() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {f"{module}:run" for module in ENTRIES.values()} <= set(project["scripts"].values())
