"""A bureau on this host and a recorder in the virtual machine: one day of both.

Owns the order of enrolling (by stick, as without a network), of a recording (a finger on the
header) and of handing in. Refuses to look into any process of the device: what happened is read
from its signed files and from the bureau's.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Final, Self

from agent.session.moves.speaking import ATTEMPTS
from evidence import journal
from evidence.canonical import JsonObject
from hw.types import ButtonName
from scripts.bench_pi.machine.machine import (
    BROKER_PORT,
    BUREAU,
    Machine,
    MachineError,
)
from scripts.clerk import CUSTODIAN, DEVICE_ID, HEAD, KEEPER, Clerk
from scripts.stage import Stage

_DEVICE: Final = "/var/lib/recorder"
_SEED: Final = "/boot/firmware/seed"
_STICK: Final = "/run/bench-stick"
_RECORDER: Final = "/opt/recorder/current/bin/recorder"
_PROCESSES: Final = ("locker", "vault", "session", "dock")
_SMALL: Final = ("--width", "320", "--height", "240", "--bitrate", "400000", "--fps", "5")
"""What an emulated processor encodes in real time; 25 pictures a second starve the session."""
HOLD_SECONDS: Final = 3.6
_READY_SECONDS: Final = 240.0


class Day:
    """One bureau, one machine.

    Args:
        folder: Everything of both.
        keep_days: How long the device keeps what has a receipt.
    """

    def __init__(self, folder: Path, *, keep_days: int = 0) -> None:
        self.stage = Stage(folder)
        self._keep_days = keep_days
        self.machine = Machine(folder / "machine")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.machine.cut()
        self.stage.clear()
        _loopback("del")

    # The bureau.

    def found(self) -> None:
        """Found the bureau, register its people, and let its desk run."""
        passphrases = self.stage.folder / "root-passphrases"
        passphrases.write_text("".join(f"of root key {number}\n" for number in (1, 2, 3)))
        passphrases.chmod(0o600)
        _loopback("replace")
        words = ["--name", "某县统计局", "--broker-host", BUREAU, "--bind", BUREAU]
        words += ["--port", str(BROKER_PORT)]
        words += ["--keep-days", str(self._keep_days), "--root-passphrases", str(passphrases)]
        self.clerk.found(words)
        self.clerk.register_people()
        self.stage.start_bureau()

    @property
    def clerk(self) -> Clerk:
        """Who prepares the recorder."""
        return Clerk(self.stage.bureau, self.stage.folder / "stick")

    def bureau_verdict(self, sid: str) -> JsonObject:
        """What ``evidence verify`` says of what the bureau has of a session."""
        opened = self.open_at_bureau(sid)
        ca = str(self.stage.bureau / "certs" / "ca.pem")
        words = ["verify", str(opened["evidence"]), "--ca", ca, "--json"]
        verdict: JsonObject = json.loads(self.stage.command("evidence", words, expect=(0, 1)))
        return verdict

    def open_at_bureau(self, sid: str) -> JsonObject:
        """``bureau open``."""
        where = ["--bureau", str(self.stage.bureau), "--to", str(self.stage.folder / "opened")]
        why = ["--who", "bench", "--why", "scripts/bench_pi/machine", "--json"]
        return self.stage.command_json("bureau.main", ["open", sid, *where, *why])

    def ledger(self) -> dict[str, Any]:
        """The bureau's rows by session."""
        words = ["ledger", "--bureau", str(self.stage.bureau), "--json"]
        return {row["sid"]: row for row in json.loads(self.stage.command("bureau.main", words))}

    # The device.

    def prepare(self) -> None:
        """Everything up to a recorder that is ready for a press."""
        self.machine.new_medium()
        self.machine.start()
        self.found()
        self.enrol()
        self.begin_work()

    def announced(self, sid: str) -> dict[str, Any]:
        """Wait until the announcement is signed as verified, or was not at its last attempt.

        Returns:
            What was signed of that attempt.
        """

        def told() -> list[dict[str, Any]]:
            tried = self.events(sid, "disclosure")
            return [
                one for one in tried if one["verdict"] == "verified" or one["attempt"] >= ATTEMPTS
            ]

        return self.machine.wait_until(told, "the announcement", seconds=120, pause=1)[-1]

    def enrol(self) -> None:
        """Seed, ask, compare six digits, assign, take the answer: by stick."""
        clerk, folder = self.clerk, self.stage.folder
        document = ["--approver", HEAD, "--document", "统批2026-1号"]
        clerk.provision("approve", DEVICE_ID, "--to", CUSTODIAN, *document)
        seed = folder / "seed"
        board = ["--board", "pi", "--run-dir", "/run/recorder", *_SMALL]
        clerk.provision("seed", DEVICE_ID, "--to", str(seed), *board)
        machine = self.machine
        # A boot that is not over yet would find the seed, and begin to enrol by the network.
        machine.sh("systemctl mask --runtime --now recorder-enrol.service")
        machine.sh(f"mkdir -p {_SEED} {_STICK}")
        machine.put(seed, _SEED)
        words = (_RECORDER, "enrol", "--device", _DEVICE, "--seed", _SEED)
        asked = self._recorder(*words, "--to", _STICK, "--json")
        digits = json.loads(asked.splitlines()[0])["digits"]
        self._fetch(_STICK, clerk.stick)
        answer = ("enrol", DEVICE_ID, "--request", str(clerk.stick))
        clerk.provision(*answer, "--confirm", digits)
        hands = ["--to", CUSTODIAN, "--keeper", KEEPER, "--leader", HEAD]
        clerk.provision("assign", DEVICE_ID, *hands)
        clerk.provision(*answer)  # again, now with the assignment in it
        machine.put(clerk.stick, _STICK)
        self._recorder(*words, "--from", _STICK)
        machine.sh(
            f"rm -r {_STICK} {_SEED}; systemd-tmpfiles --create /etc/tmpfiles.d/recorder.conf;"
            " systemctl unmask --runtime recorder-enrol.service"
        )

    def begin_work(self) -> None:
        """Start what a boot starts, and wait for the check before use: then a press is admitted."""
        known = len(self.device_log())
        self.machine.sh("systemctl restart --no-block recorder.target")
        self.machine.wait_until(
            lambda: any(one["t"] == "preflight" for one in self.device_log()[known:]),
            "the check before use",
            seconds=_READY_SECONDS,
            pause=1,
        )

    def device_log(self) -> list[JsonObject]:
        """The records of the device log so far."""
        return journal.payloads(self.machine.read(f"{_DEVICE}/store/device.jws"))

    def journal(self, sid: str) -> list[JsonObject]:
        """The records of a session's journal so far."""
        return journal.payloads(self.machine.read(f"{_DEVICE}/store/sessions/{sid}/journal.jws"))

    def sessions(self) -> list[str]:
        """Sessions with a folder on the device, oldest first."""
        return sorted(self.machine.run("ls", f"{_DEVICE}/store/sessions").text.split())

    def press_record(self) -> str:
        """Press RECORD on the header; returns the session that began."""
        before = set(self.sessions())
        self.machine.press(ButtonName.RECORD)

        def begun() -> set[str]:
            return set(self.sessions()) - before

        return self.machine.wait_until(begun, "a session", seconds=30).pop()

    def stop(self, sid: str) -> None:
        """Hold RECORD, confirm, and wait until the session is closed."""
        self.machine.hold(ButtonName.RECORD, HOLD_SECONDS)
        self.machine.wait_until(lambda: self._held(sid), "the hold to be signed", seconds=30)
        self.machine.press(ButtonName.RECORD)
        self.logged("session", sid)

    def logged(self, t: str, sid: str, *, seconds: float = 90.0) -> None:
        """Wait for a record of the device log."""

        def there() -> bool:
            return any(one["t"] == t and one.get("sid") == sid for one in self.device_log())

        self.machine.wait_until(there, f"{t} of {sid} in the device log", seconds=seconds, pause=1)

    def events(self, sid: str, kind: str) -> list[dict[str, Any]]:
        """The fields of a session's events of one kind."""
        return [one["fields"] for one in self.journal(sid) if one.get("kind") == kind]

    def services(self) -> dict[str, str]:
        """The recorder's units and how they are."""
        units = [f"recorder-{name}.service" for name in _PROCESSES]
        said = self.machine.run("systemctl", "is-active", *units).text.split()
        return dict(zip(_PROCESSES, said, strict=True))

    def _held(self, sid: str) -> bool:
        return [one["gesture"] for one in self.events(sid, "button")][-1:] == ["hold"]

    def _recorder(self, *words: str) -> str:
        done = self.machine.run(*words, seconds=180)
        if done.code != 0:
            raise MachineError(f"{words}: {done.code}: {done.text}{done.err.decode()}")
        return done.text

    def _fetch(self, path: str, to: Path) -> None:
        packed = self.machine.run("tar", "c", "-C", path, ".").out
        to.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "x", "--no-same-owner", "-C", str(to)], input=packed, check=True)


def _loopback(verb: str) -> None:
    """Give this host's loopback the bureau's address, or take it away again."""
    words = ["ip", "address", verb, f"{BUREAU}/32", "dev", "lo"]
    subprocess.run(words, check=False, capture_output=True)
