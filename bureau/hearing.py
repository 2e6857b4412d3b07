"""The announcement heard again, at the desk.

Owns computing each ``disclosure`` record once more from the opened recording and the clip the
bureau holds, and saying whether the device's signed answer agrees. Refuses to judge the session by
it: a person does, who sees both answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum, unique
from pathlib import Path
from typing import BinaryIO, Final

import av
import numpy as np
from numpy.typing import NDArray

from bureau.films import Sound, sound_of
from evidence.canonical import JsonObject
from evidence.digests import sha256_hex
from evidence.hearing import RATE, Hearing, Reference, listen, to_16k

AUDIO_NAME: Final = "audio.flac"
MOST_CLIP_BYTES: Final = 16 * 1024 * 1024
MOST_CHECKS: Final = 512
"""Records of one session that are computed again; who wrote more wanted the desk to be busy."""

_NS: Final = 1_000_000_000
_AROUND_NS: Final = 7 * _NS // 10
_BESIDE_NS: Final = 2 * _NS
"""How far a segment's sound may lie outside of its pictures."""
_JOIN_NS: Final = 5_000_000
"""Packets closer than this follow one another: crystals differ, samples are not missing."""
_SAME_DELAY_NS: Final = 60_000_000
_MOST_APART: Final = 0.1
"""How much of the clip the two may differ in: the desk hears it through the recording's codec."""
_SAME_PART: Final = 0.05
"""In loud noise ``complete`` hangs by a hair: it differs where the missing parts do, too."""
_LEAST_SHARE: Final = 0.5
_RATES: Final = range(8_000, 192_001)

Open = Callable[[str], BinaryIO | None]
"""Opens a sealed file by its name in the record; None where it is not here or not to be opened."""


@unique
class Agreement(StrEnum):
    """What came of listening again."""

    AGREED = "agreed"
    DIFFERS = "differs"
    ADDED = "added"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, kw_only=True)
class Rehearing:
    """One announcement, heard again.

    Attributes:
        record: ``i`` of the ``disclosure`` record.
        clip: Which clip.
        agreement: ``added``: the device made no check of its own; ``unchecked``: see ``because``.
        because: Code of what differs or hinders: ``heard``, ``complete``, ``missing``, ``delay``,
            ``not_played``, ``no_clip``, ``no_sound``, ``no_identity``; None where nothing does.
        hearing: What the desk heard; None where it could not listen.
    """

    record: int
    clip: str
    agreement: Agreement
    because: str | None = None
    hearing: Hearing | None = None

    def to_json(self) -> JsonObject:
        """For machines."""
        return {
            "record": self.record,
            "clip": self.clip,
            "agreement": self.agreement.value,
            "because": self.because,
            "hearing": None if self.hearing is None else _hearing_json(self.hearing),
        }

    def told(self) -> str:
        """For the clerk, one line."""
        line = f"第 {self.record} 条记录 {self.clip}：{_STATES[self.agreement]}"
        if self.because is not None:
            line += f"（{_REASONS[self.because]}）"
        if self.hearing is not None:
            heard = self.hearing
            line += f"，本机听到 {heard.share_milli / 10:.1f}%，得分 {heard.score_milli / 1000:.1f}"
        return line


_STATES: Final = {
    Agreement.AGREED: "与设备结果一致",
    Agreement.DIFFERS: "与设备结果不一致",
    Agreement.ADDED: "设备未检测，由本机补充检测",
    Agreement.UNCHECKED: "无法复核",
}
_REASONS: Final = {
    "heard": "是否听到不同",
    "complete": "是否完整不同",
    "missing": "缺失部分不同",
    "delay": "开始时间不同",
    "not_played": "未播放",
    "no_identity": "本机没有可用的解密身份",
    "no_clip": "本单位没有该告知录音",
    "no_sound": "该时段没有可用的录音",
}


class Clips:
    """The clips this bureau holds, by the digest of their sound.

    Args:
        folder: ``announce/``: one folder each, with ``audio.flac``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Reference] | None = None

    def find(self, pcm_sha256: str) -> Reference | None:
        """The clip whose samples have that digest, prepared; None where it is not here."""
        if self._known is None:
            self._known = {}
            for path in sorted(self._folder.glob(f"*/{AUDIO_NAME}")):
                self._take(self._known, path)
        return self._known.get(pcm_sha256)

    def _take(self, known: dict[str, Reference], path: Path) -> None:
        if path.stat().st_size > MOST_CLIP_BYTES:
            return
        try:
            with av.open(str(path), format="flac") as file:
                rate = file.streams.audio[0].rate
                frames = [frame.to_ndarray()[0] for frame in file.decode(audio=0)]
            samples = np.concatenate(frames)
            if samples.dtype == np.int16:
                known[sha256_hex(samples.tobytes())] = Reference(samples, rate)
        except (av.FFmpegError, IndexError, ValueError):
            # No clip that a rulebook could name: it is not found by any digest.
            return


def hear_again(records: Sequence[JsonObject], files: Open | None, clips: Clips) -> list[Rehearing]:
    """Compute every announcement of a session again, at most 512.

    Args:
        records: The session's, in order; verified elsewhere.
        files: Opens its segments; None where nothing can be opened here.
        clips: What the bureau holds.
    """
    said = [one for one in records if one.get("kind") == "disclosure"][:MOST_CHECKS]
    return [_hear(record, records, files, clips) for record in said]


def _hear(
    record: JsonObject, records: Sequence[JsonObject], files: Open | None, clips: Clips
) -> Rehearing:
    fields = record["fields"]

    def outcome(
        agreement: Agreement, because: str | None = None, hearing: Hearing | None = None
    ) -> Rehearing:
        return Rehearing(
            record=record["i"],
            clip=fields["clip"],
            agreement=agreement,
            because=because,
            hearing=hearing,
        )

    if not fields["frames_played"]:
        return outcome(Agreement.UNCHECKED, "not_played")
    if files is None:
        return outcome(Agreement.UNCHECKED, "no_identity")
    reference = clips.find(fields["pcm_sha256"])
    if reference is None:
        return outcome(Agreement.UNCHECKED, "no_clip")
    window = _Window(fields["from_ns"], round(reference.seconds * _NS))
    window.take(_segments(records, window, files))
    window.lose(_gaps(records))
    if window.share() < _LEAST_SHARE:
        return outcome(Agreement.UNCHECKED, "no_sound")
    hearing = window.listen(reference)
    if fields["check"] == "none" or fields["heard"] is None:
        return outcome(Agreement.ADDED, None, hearing)
    because = _difference(fields, hearing, reference)
    return outcome(Agreement.DIFFERS if because else Agreement.AGREED, because, hearing)


def _difference(fields: JsonObject, hearing: Hearing, reference: Reference) -> str | None:
    """The first thing in which the device's answer and the desk's differ."""
    if fields["heard"] != hearing.heard:
        return "heard"
    if not hearing.heard:
        return None
    theirs = sum(part["to_ms"] - part["from_ms"] for part in fields["missing"])
    ours = sum(to_ms - from_ms for from_ms, to_ms in hearing.missing)
    apart = abs(theirs - ours) / (1000 * reference.seconds)
    if bool(fields["complete"]) != hearing.complete and apart > _SAME_PART:
        return "complete"
    if apart > _MOST_APART:
        return "missing"
    delay_ns = fields["delay_ns"]
    if delay_ns is not None and abs(delay_ns - hearing.delay_ns) > _SAME_DELAY_NS:
        return "delay"
    return None


def _segments(records: Sequence[JsonObject], window: _Window, files: Open) -> Iterable[BinaryIO]:
    """The opened segments that may hold sound of the window; torn ones have no times to ask."""
    for record in records:
        names = []
        if record["t"] == "seg" and (
            record["first_pts_ns"] - _BESIDE_NS < window.to_ns
            and record["last_pts_ns"] + _BESIDE_NS > window.from_ns
        ):
            names = [record["file"]]
        elif record["t"] == "resume":
            names = [orphan["file"] for orphan in record["orphans"]]
        for name in names:
            film = files(name)
            if film is not None:
                with film:
                    yield film


def _gaps(records: Sequence[JsonObject]) -> list[tuple[int, int | None]]:
    """Stretches of sound that the device signed as missing, device time."""
    return [
        (record["fields"]["from_ns"], record["fields"]["to_ns"])
        for record in records
        if record.get("kind") == "gap" and record["fields"]["track"] in ("audio", "both")
    ]


class _Window:
    """The sound around one announcement, on the device's clock."""

    def __init__(self, begins_ns: int, length_ns: int) -> None:
        self._begins_ns = begins_ns
        self.from_ns = max(0, begins_ns - _AROUND_NS)
        self.to_ns = begins_ns + length_ns + 2 * _AROUND_NS
        self._rate = 0
        self._sound: NDArray[np.int16] = np.zeros(0, np.int16)
        self._there: NDArray[np.bool_] = np.zeros(0, bool)

    def take(self, films: Iterable[BinaryIO]) -> None:
        """Lay every packet at its time; the same again after a crash changes nothing."""
        after: int | None = None
        for film in films:
            for sound in sound_of(film, self.from_ns, self.to_ns):
                if self._rate == 0 and sound.rate in _RATES:
                    self._begin(sound.rate)
                if sound.rate == self._rate:
                    after = self._lay(sound, after)

    def lose(self, gaps: Iterable[tuple[int, int | None]]) -> None:
        """Take out what the device says it did not capture."""
        for from_ns, to_ns in gaps:
            first = max(0, (from_ns - self.from_ns) * self._rate // _NS)
            end = self.to_ns if to_ns is None else to_ns
            self._there[first : max(0, (end - self.from_ns) * self._rate // _NS)] = False

    def share(self) -> float:
        """How much of the window was captured, 0 to 1."""
        return float(self._there.mean()) if self._there.size else 0.0

    def listen(self, reference: Reference) -> Hearing:
        """Look for the clip."""
        edges = np.flatnonzero(np.diff(np.concatenate(([True], self._there, [True])).astype(int)))
        lost = [
            (int(begin) * RATE // self._rate, -(-int(end) * RATE // self._rate))
            for begin, end in edges.reshape(-1, 2)
        ]
        return listen(
            reference,
            to_16k(self._sound, self._rate),
            expected_ns=self._begins_ns - self.from_ns,
            lost=lost,
        )

    def _lay(self, sound: Sound, after: int | None) -> int:
        """Lay one packet down; where the next one is due."""
        at = round((sound.first_ns - self.from_ns) * self._rate / _NS)
        if after is not None and abs(at - after) <= _JOIN_NS * self._rate // _NS:
            at = after
        part = sound.samples[: max(0, self._sound.size - at)]
        self._sound[at : at + part.size] = part
        self._there[at : at + part.size] = True
        return at + sound.samples.size

    def _begin(self, rate: int) -> None:
        self._rate = rate
        size = (self.to_ns - self.from_ns) * rate // _NS
        self._sound, self._there = np.zeros(size, np.int16), np.zeros(size, bool)


def _hearing_json(hearing: Hearing) -> JsonObject:
    missing = [{"from_ms": from_ms, "to_ms": to_ms} for from_ms, to_ms in hearing.missing]
    return {**asdict(hearing), "missing": missing}
