"""The power of the whole machine is cut while it records; what was acknowledged is on the card."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pyrage
import pytest

from evidence import journal
from hw.types import ButtonName
from scripts.bench_pi.machine.day import Day
from scripts.bench_pi.machine.machine import Machine
from scripts.bench_pi.machine.write_log import settle
from tests.kits.films import unseal
from tests.machine.conftest import in_the_machine

pytestmark = in_the_machine
CUTS = 25


@contextmanager
def mounted(card: Path) -> Iterator[Path]:
    place = card.with_suffix(".mounted")
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", "loop", str(card), str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def lost(store: Path, told: list[dict[str, int]], identity: pyrage.x25519.Identity) -> list[str]:
    """What was acknowledged, and is not there."""
    sessions = sorted((store / "sessions").iterdir())
    if not sessions:
        return [str(one) for one in told]
    records = len(journal.payloads((sessions[-1] / "journal.jws").read_bytes()))
    held = {path.name: len(unseal(path, identity)) for path in sessions[-1].glob("*.mp4.age")}
    return [
        str(one)
        for one in told
        if one["i"] >= records or held.get(f"{one['file']:06d}.mp4.age", 0) < one["bytes"]
    ]


@pytest.mark.timeout(1_800)
def test_a_machine_whose_power_is_cut_keeps_what_it_acknowledged(
    day: Day, tmp_path: Path, campaign_seed: int
) -> None:
    dice = random.Random(campaign_seed)
    text = (day.stage.bureau / "identities" / "bureau.age").read_text()
    secret = next(line for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-"))
    identity = pyrage.x25519.Identity.from_str(secret)
    state = tmp_path / "state"
    day.machine.keep(state)
    for _ in range(CUTS):
        with Machine(day.machine.folder) as machine:
            machine.start(state)
            machine.press(ButtonName.RECORD)
            machine.wait_until(machine.acknowledged.copy, "an acknowledgement")
            Event().wait(dice.uniform(0.2, 7.0))
            machine.cut()
            told = list(machine.acknowledged)
            card = tmp_path / "card.raw"
            settle(state / "card.raw", machine.log, card, dice, dice.choice((0, 0.5, 1)))
        with mounted(card) as found:
            assert lost(found / "store", told, identity) == []
