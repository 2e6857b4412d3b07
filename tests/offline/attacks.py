"""Eighteen attacks with the card in hand: what each does, and by what it has to be named.

Every attack changes a copy of a real card. What has to find it is declared here, from the format,
before anything is judged: the codes of the device's own chain (``evidence card``), or, where the
bytes cannot tell, those of the bureau's memory of the last docking.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bureau.docking import judging
from evidence import ids, journal, jws
from evidence.digests import sha256_hex
from evidence.journal import Chain, ChainStatement
from evidence.keys import ChainKey
from evidence.moments import Moment, TimeSource, utc_ns, utc_text
from tests.kits.device.offline import Thief, image, lines, payload, places, write
from tests.kits.records import forging

Attack = Callable[[Thief, random.Random], None]


@dataclass(frozen=True, slots=True)
class Named:
    """An attack.

    Attributes:
        does: In a sentence.
        attack: Does it.
        chain: Codes of the device's own chain, one of which has to be found; empty where its bytes
            cannot tell.
        memory: Codes of the bureau's memory, one of which has to be found where the chain is
            silent.
    """

    does: str
    attack: Attack
    chain: frozenset[str]
    memory: frozenset[str] = frozenset()


OLD: Final = 1
"""A session that was never torn; sessions are told from 1."""
TORN: Final = 2
STORED: Final = 4
NEWEST: Final = 5


def flip_media(thief: Thief, dice: random.Random) -> None:
    """One bit of one segment."""
    _flip(thief.session(dice.choice((OLD, STORED, NEWEST))) / "000001.mp4.age", dice)


def flip_journal(thief: Thief, dice: random.Random) -> None:
    """One bit of one line."""
    path = thief.journal(dice.randint(OLD, NEWEST))
    content = lines(path)
    number = dice.randrange(len(content))
    line = bytearray(content[number])
    line[dice.randrange(len(line))] ^= 1
    content[number] = bytes(line)
    write(path, content)


def drop_last_line(thief: Thief, dice: random.Random) -> None:
    """The last line of a closed journal."""
    path = thief.journal(dice.randint(OLD, NEWEST))
    write(path, lines(path)[:-1])


def drop_tail(thief: Thief, dice: random.Random) -> None:
    """Everything after a segment, and the files of what is gone: as if power had failed there."""
    number = dice.choice((OLD, STORED, NEWEST))
    content = lines(thief.journal(number))
    cut = dice.choice(places(content, "seg")[:-1])
    kept = payload(content[cut])["number"]
    write(thief.journal(number), content[: cut + 1])
    for path in thief.session(number).glob("*.mp4.age"):
        if int(path.name[:6]) > kept:
            path.unlink()


def drop_session(thief: Thief, dice: random.Random) -> None:
    """A whole session's folder."""
    shutil.rmtree(thief.session(dice.randint(OLD, NEWEST)))  # noqa: TID251 - the thief's own copy


def drop_newest(thief: Thief, _dice: random.Random) -> None:
    """The newest session, and its line out of the log."""
    shutil.rmtree(thief.session(NEWEST))  # noqa: TID251 - the thief's own copy
    content = lines(thief.log)
    del content[places(content, "session")[-1]]
    write(thief.log, content)


def reorder_sessions(thief: Thief, dice: random.Random) -> None:
    """Two sessions change their places: in the log, or their folders' names."""
    if dice.random() < 0.5:
        content = lines(thief.log)
        first, second = dice.sample(places(content, "session"), 2)
        content[first], content[second] = content[second], content[first]
        write(thief.log, content)
        return
    one, other = (thief.session(number) for number in dice.sample((OLD, STORED, NEWEST), 2))
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def swap_segments(thief: Thief, dice: random.Random) -> None:
    """Two segments of a session."""
    folder = thief.session(dice.choice((OLD, STORED, NEWEST)))
    one, other = (folder / f"00000{n}.mp4.age" for n in dice.sample(range(3), 2))
    held = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(held)


def older_segment(thief: Thief, dice: random.Random) -> None:
    """A segment by that of the same number of an older session."""
    name = f"00000{dice.randrange(3)}.mp4.age"
    shutil.copy(thief.session(OLD) / name, thief.session(dice.choice((STORED, NEWEST))) / name)


def former_chain_key(thief: Thief, dice: random.Random) -> None:
    """A record is told otherwise, under the very key that signed it, stolen since."""
    path = thief.journal(dice.choice((OLD, STORED, NEWEST)))
    content = lines(path)
    at = dice.choice(places(content, "seg"))
    key = thief.keys.former[jws.parse(content[at], jws.TYP_RECORD).kid]
    said = payload(content[at])
    content[at] = forging.resigned(content[at], key, frames=said["frames"] + 1)
    write(path, content)


def live_key(thief: Thief, dice: random.Random) -> None:
    """What was is told anew with the log's key as it is now, taken out of memory, and goes on."""
    content = lines(thief.log)
    at = dice.choice(places(content, "session"))
    named = payload(content[-1])["next"]
    key = next(one for one in thief.keys.chains if one.jwk == named)
    content[at] = forging.resigned(content[at], key, reason="storage")
    prev = sha256_hex(content[at])
    for number in range(at + 1, len(content)):
        content[number] = forging.resigned(content[number], key, prev=prev)
        prev = sha256_hex(content[number])
    write(thief.log, content)


def older_log(thief: Thief, _dice: random.Random) -> None:
    """The device log by its older copy."""
    shutil.copy(thief.before / "store" / ids.DEVICE_LOG_NAME, thief.log)


def clock_stamps(thief: Thief, dice: random.Random) -> None:
    """The time of a record: an hour earlier."""
    number = dice.randint(OLD, NEWEST)
    path = dice.choice((thief.journal(number), thief.log))
    content = lines(path)
    at = dice.choice([n for n, line in enumerate(content) if payload(line)])
    earlier = utc_text(utc_ns(payload(content[at])["utc"]) - 3_600_000_000_000)
    content[at] = forging.edited(content[at], utc=earlier)
    write(path, content)


def forged_session(thief: Thief, dice: random.Random) -> None:
    """A session that never was, among those that were, by the device's key on the card."""
    model = dice.choice((OLD, STORED))
    real = [payload(line) for line in lines(thief.journal(model))]
    device = thief.judge().device or ""
    key, signer = ChainKey(), thief.device_key()
    counter = real[0]["counter"]
    sid = ids.session_id(utc_ns(real[0]["utc"]) // 1_000_000 + 1, dice.randbytes(10))
    stated = jws.parse(real[0]["chainkey"].encode(), jws.TYP_CHAIN_KEY).payload()
    statement = ChainStatement(
        dev=device,
        boot_id=stated["boot_id"],
        start_id=stated["start_id"],
        counter=counter,
        chain="session",
    )
    chain = Chain({"sid": sid}, key, prev=real[0]["prev"])
    told = journal.state_chain_key(statement, key, signer)
    opened = {name: real[0][name] for name in real[0] if name not in _MADE}
    moments = [_moment(one) for one in real]
    forged = [chain.append("open", {**opened, "chainkey": told}, moments[0])]
    forged.append(chain.attest(signer, moments[1]))
    closing = {"segments": 0, "size": 0, "root": sha256_hex(b""), "reason": "officer"}
    forged.append(chain.append("close", {**closing, "counter": counter}, moments[2]))
    forged.append(chain.attest(signer, moments[3]))
    folder = thief.session(model).with_name(sid)
    folder.mkdir()
    write(folder / ids.JOURNAL_NAME, forged)


def hide_what_happened(thief: Thief, dice: random.Random) -> None:
    """The record of a gap, or of the crash, is taken out."""
    number = dice.choice((OLD, TORN, STORED))
    content = lines(thief.journal(number))
    wanted = "resume" if number == TORN else "gap"
    at = next(
        n for n, line in enumerate(content) if wanted in (payload(line).get("t"), _kind(line))
    )
    del content[at]
    write(thief.journal(number), content)


def other_receipts(thief: Thief, dice: random.Random) -> None:
    """A receipt is altered, or another session's is put in its place."""
    path = thief.receipt(dice.choice((OLD, TORN)))
    if dice.random() < 0.5:
        shutil.copy(thief.receipt(STORED), path)
    else:
        _flip(path, dice)


def older_words(thief: Thief, dice: random.Random) -> None:
    """The assignment, or the rulebook, by the one that was in force before."""
    name = dice.choice(("assignment.jws", "rulebook.json"))
    shutil.copy(thief.before / "bureau" / name, thief.card / "bureau" / name)
    if name == "rulebook.json":
        floor = thief.before / "bureau" / "rulebook.floor"
        shutil.copy(floor, thief.card / "bureau" / "rulebook.floor")


def roll_back(thief: Thief, _dice: random.Random) -> None:
    """The whole card, by its image from before the last docking."""
    shutil.rmtree(thief.card)  # noqa: TID251 - the thief's own copy
    image(thief.before, thief.card)


_MADE: Final = frozenset(
    {"sid", "v", "t", "i", "prev", "mono_ns", "boot_id", "utc", "utc_q", "next", "chainkey"}
)
_LINE: Final = {
    "line_malformed",
    "line_missing",
    "signature",
    "chain_broken",
    "line_foreign",
    "record_invalid",
    "statement",
    "certificate",
    "not_opened",
}

EIGHTEEN: Final = {
    one.attack.__name__: one
    for one in (
        Named("flip a bit of a segment", flip_media, frozenset({"file_altered"})),
        Named("flip a bit of a journal", flip_journal, frozenset(_LINE)),
        Named("drop the last line", drop_last_line, frozenset({"journal_differs"})),
        Named("drop the tail of a session", drop_tail, frozenset({"journal_truncated"})),
        Named("drop a whole session", drop_session, frozenset({"session_gone"})),
        Named("drop the newest, and its line", drop_newest, frozenset({"line_missing"})),
        Named(
            "reorder sessions",
            reorder_sessions,
            frozenset({"line_moved", "session_misplaced"}),
        ),
        Named("swap two segments", swap_segments, frozenset({"file_altered"})),
        Named(
            "replace a segment by an older one",
            older_segment,
            frozenset({"file_altered", "file_truncated", "file_extended"}),
        ),
        Named("sign again with a former chain key", former_chain_key, frozenset(_LINE)),
        Named("sign again with the live chain key", live_key, frozenset(_LINE)),
        Named("replay an older device log", older_log, frozenset({"head_unknown"})),
        Named("change clock stamps", clock_stamps, frozenset(_LINE)),
        Named(
            "forge a session with the device key",
            forged_session,
            frozenset({"counter_gap", "session_unentered"}),
        ),
        Named("take out a gap or a crash", hide_what_happened, frozenset(_LINE)),
        Named(
            "change the receipts",
            other_receipts,
            frozenset({"receipt_invalid", "receipt_foreign", "receipt_unrecorded"}),
        ),
        Named("put back older words", older_words, frozenset({"word_differs"})),
        Named(
            "roll the whole card back",
            roll_back,
            frozenset(),
            frozenset({judging.ROLLED_BACK}),
        ),
    )
}


def _flip(path: Path, dice: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
    path.write_bytes(content)


def _kind(line: bytes) -> object:
    return payload(line).get("kind")


def _moment(record: dict[str, object]) -> Moment:
    return Moment(
        utc_ns=utc_ns(str(record["utc"])),
        mono_ns=int(str(record["mono_ns"])),
        boot_id=str(record["boot_id"]),
        source=TimeSource.NTP,
        error_ms=50,
    )
