"""Lets somebody attack recordings inside the machine, in a service's own sandbox, and looks.

Run in the virtual machine as root, standard library alone::

    attack_judge.py IDENTITY TARGET STORE

IDENTITY is a unit whose whole [Service] section is taken, with its drop-ins, but for what starts,
watches and stops it; or ``officer`` (a user without a service) or ``root`` (a service as root, with
nothing but what every service has and no devices). After each attack TARGET has to begin with what
it began with before; at the end so has every file of STORE. Prints JSON: attacks tried, those after
which something was not as before, and how each was refused.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ATTACKS = Path("/opt/bench/attacks.py")
UNITS = Path("/run/systemd/system")
CARD = "/var/lib/recorder"
LOCKER = "/run/recorder/locker/locker.sock"
DEVICE = "/dev/vdb"
UNIT = "bench-attack.service"
STARTS = ("Exec", "Type", "Restart", "Watchdog", "Timeout", "NotifyAccess", "Success", "Standard")
BARE = {
    "officer": "User=nobody\nGroup=nogroup\n",
    "root": "DevicePolicy=closed\nPrivateDevices=yes\n",
}


def sandbox(identity: str) -> str:
    """The [Service] section that the attack runs in."""
    if identity in BARE:
        return BARE[identity]
    told = subprocess.run(
        ["systemctl", "cat", identity], check=True, capture_output=True, text=True
    ).stdout
    section, kept = "", []
    for line in told.splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and not line.startswith(("#", *STARTS)):
            kept.append(line)
    return "\n".join(kept) + "\n"


def start(identity: str, target: Path, pipes: Path, spare: Path) -> None:
    words = f"/usr/bin/python3 {ATTACKS} {target} {spare} {LOCKER} {DEVICE}"
    (UNITS / UNIT).write_text(
        f"[Service]\n{sandbox(identity)}Type=exec\nExecStart={words}\nReadWritePaths={spare}\n"
        f"StandardInput=file:{pipes}/in\nStandardOutput=file:{pipes}/out\nStandardError=journal\n"
    )
    for order in (["daemon-reload"], ["reset-failed", UNIT], ["start", "--no-block", UNIT]):
        subprocess.run(["systemctl", *order], check=order[0] != "reset-failed", capture_output=True)


def harmed(before: dict[Path, bytes]) -> list[str]:
    """Files that do not begin with what they began with."""
    return [str(path) for path, content in before.items() if _begin(path, content) != content]


def _begin(path: Path, content: bytes) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(len(content))
    except OSError:
        return None


def attack(identity: str, target: Path, store: Path, pipes: Path, spare: Path) -> dict[str, Any]:
    files = [path for path in store.rglob("*") if path.is_file()]
    everything = {path: path.read_bytes() for path in files}
    watched = {target: everything[target]}
    for name in ("in", "out"):
        os.mkfifo(pipes / name)
    tried, harm = 0, list[str]()
    refused: dict[str, str] = {}
    # Both ends of both pipes: nobody waits for the other to open.
    with (pipes / "in").open("r+b", 0) as go_on, (pipes / "out").open("r+b", 0) as told:
        start(identity, target, pipes, spare)
        names = (
            ATTACKS.read_text().rpartition("ATTACKS: ")[2].partition("\n)\n")[0].count(",\n") + 1
        )
        while tried < names:
            line = json.loads(told.readline())
            tried += 1
            refused[line["attack"]] = line["outcome"]
            if harmed(watched):
                harm.append(line["attack"])
                break  # what it was is gone: the judgement is made
            go_on.write(b"\n")
    subprocess.run(["systemctl", "stop", UNIT], check=False, capture_output=True)
    bytes_held = sum(len(content) for content in everything.values())
    return {
        "identity": identity,
        "target": target.name,
        "tried": tried,
        "harm": harm,
        "gone": harmed(everything),
        "files": len(everything),
        "bytes": bytes_held,
        "refused": refused,
    }


if __name__ == "__main__":
    whose, what, where = sys.argv[1:]
    with tempfile.TemporaryDirectory() as pipes, tempfile.TemporaryDirectory(dir=CARD) as spare:
        # The attacker's own place, on the same medium: more than any sandbox gives.
        Path(spare).chmod(0o1777)
        found = attack(whose, Path(what), Path(where), Path(pipes), Path(spare))
    sys.stdout.write(json.dumps(found) + "\n")
