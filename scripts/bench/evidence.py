"""What evidence costs, against ``ffmpeg -c copy``, and how long a day's journal takes to judge.

    python -m scripts.bench.evidence [--runs 5] [--seconds 600] [--hours 8] [--json FILE]

The same ten-minute recording goes three ways, one after the other, in every run:

- ``remux``: one ``ffmpeg -c copy`` into fragmented segments of ten seconds, nothing else.
- ``remux each``: an ``ffmpeg -c copy`` for each of those segments, as the goal was once set.
- ``evidence``: the vault's own sealing of those segments (age to two recipients, digests of what is
  inside and of what is sealed, chunk by chunk) and its journal: a signed tick each second, a signed
  segment with a fresh chain key every ten.

The cost is what a remux and the evidence together use of the processor, as a multiple of that remux
alone; ffmpeg's start is much of the second, so both are given. ``verify`` judges the journal of a
whole duty, and a session with its files. Medians over interleaved runs.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyrage
from cryptography import x509

from agent.vault.messages import Progress
from agent.vault.store.seal import SealedFile
from evidence.digests import ZERO_SHA256
from evidence.ids import segment_name
from evidence.journal import Chain
from evidence.keys import ChainKey
from evidence.moments import Moment, TimeSource
from evidence.store.durable import AppendFile
from evidence.verify import Bundle, Judgement, verify
from tests.kits.records.bureau import Bureau
from tests.kits.records.folders import Folder, bundle, noise, sealed_file
from tests.kits.records.recorder import Recorder
from tests.kits.records.take import Take

SEGMENT_SECONDS: Final = 10
SOURCE_SECONDS: Final = 20
BITS: Final = 4_000_000
SID: Final = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
FRAGMENTS: Final = "empty_moov+default_base_moof+frag_keyframe"
DIGEST: Final = "0" * 64


def source(folder: Path) -> Path:
    """Twenty seconds of 720p25 at 4 Mbit/s with sound, to be repeated by ffmpeg."""
    path = folder / "source.mp4"
    picture = "testsrc2=size=1280x720:rate=25,noise=alls=20:allf=t"
    subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine"),
            *("-t", str(SOURCE_SECONDS), "-c:v", "libx264", "-preset", "ultrafast", "-g", "50"),
            *("-b:v", str(BITS), "-maxrate", str(BITS), "-bufsize", str(BITS), "-c:a", "aac"),
            str(path),
        ],
        check=True,
    )
    return path


def remux(path: Path, folder: Path, seconds: int) -> float:
    """Seconds of processor time that ffmpeg takes to cut ``seconds`` into segments."""
    for old in folder.glob("*.mp4"):
        old.unlink()
    looped = ["-stream_loop", str(seconds // SOURCE_SECONDS - 1), "-i", str(path)]
    cut = ["-f", "segment", "-segment_time", str(SEGMENT_SECONDS), "-segment_format_options"]
    return ffmpeg(*looped, "-c", "copy", *cut, f"movflags={FRAGMENTS}", str(folder / "%06d.mp4"))


def remux_each(folder: Path) -> float:
    """The same, segment by segment, with a process for each."""
    out = str(folder / "again.mp4")
    paths = sorted(folder.glob("[0-9]*.mp4"))
    return sum(
        ffmpeg("-y", "-i", str(path), "-c", "copy", "-movflags", FRAGMENTS, out) for path in paths
    )


def ffmpeg(*arguments: str) -> float:
    """Run ffmpeg; returns the processor time it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["ffmpeg", "-v", "error", *arguments], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def moment(second: int) -> Moment:
    """A stamp."""
    return Moment(
        utc_ns=second * 1_000_000_000,
        mono_ns=second * 1_000_000_000,
        boot_id="bench",
        source=TimeSource.BUREAU,
        error_ms=1,
    )


def seal_and_sign(plain: Path, folder: Path, recipients: list[str]) -> float:
    """Seconds of processor time that the vault takes for the segments in ``plain``."""
    contents = [path.read_bytes() for path in sorted(plain.glob("[0-9]*.mp4"))]
    chain = Chain({"sid": SID}, ChainKey(), prev=ZERO_SHA256)
    errors: list[Exception] = []
    before = time.process_time()
    with (folder / "journal.jws").open("wb") as journal:
        for number, content in enumerate(contents):
            file = AppendFile(folder / segment_name(number), fresh=True)
            sealed = SealedFile(number, file, recipients, errors.append)
            step = len(content) // SEGMENT_SECONDS + 1
            for second in range(SEGMENT_SECONDS):
                part = content[second * step : (second + 1) * step]
                sealed.feed(part, Progress(frames=25 * (second + 1)))
                journal.write(tick(chain, sealed, number * SEGMENT_SECONDS + second) + b"\n")
            journal.write(end(chain, sealed, number) + b"\n")
    spent = time.process_time() - before
    if errors:
        raise errors[0]
    for path in folder.glob("*.age"):
        path.unlink()
    return spent


def tick(chain: Chain, sealed: SealedFile, second: int) -> bytes:
    """A tick as the vault signs it."""
    mark = sealed.mark()
    fields = {"file": sealed.name, "length": mark.length, "sha256": mark.sha256}
    return chain.append("tick", {**fields, "frames": 1, "samples": 1}, moment(second))


def end(chain: Chain, sealed: SealedFile, number: int) -> bytes:
    """A ``seg`` record as the vault signs it, with a fresh chain key after it."""
    facts = sealed.finish()
    fields: dict[str, Any] = {
        "file": sealed.name,
        "number": number,
        "size": facts.size,
        "sha256": facts.sha256,
        "chunks": list(facts.chunks),
        "plain_size": sealed.plain_size,
        "plain_sha256": sealed.plain_sha256,
        "init_sha256": DIGEST,
        "ended_by": "recorder",
    }
    counts = ("first_pts_ns", "last_pts_ns", "frames", "samples", "dropped", "gop_first")
    fields |= dict.fromkeys((*counts, "gop_count"), 0)
    return chain.append("seg", fields, moment(number * SEGMENT_SECONDS))


def duty(bureau: Bureau, hours: int) -> bytes:
    """The journal of one session of so many hours: a tick each second, a segment every ten."""
    take = Take(Recorder(bureau), plan=False)
    sealed = sealed_file("bench", 1_000)
    for _ in range(hours * 3_600 // SEGMENT_SECONDS):
        take.ticks(sealed, SEGMENT_SECONDS)
        take.end(sealed)
    take.close()
    return bytes(take.content)


def session(bureau: Bureau) -> Folder:
    """A session of five minutes with its files: 150 MB at 4 Mbit/s."""
    take = Take(Recorder(bureau), plan=False)
    size = BITS // 8 * SEGMENT_SECONDS
    sealed = sealed_file("bench", 400) + noise("bench", size)
    for _ in range(30):
        take.ticks(sealed, SEGMENT_SECONDS)
        take.end(sealed)
    take.close()
    return take.folder()


def judged(judge: Bundle, ca: x509.Certificate) -> float:
    """Seconds of processor time to judge something that is whole."""
    before = time.process_time()
    verdict = verify(judge, ca)
    spent = time.process_time() - before
    if verdict.judgement is not Judgement.VERIFIED:
        raise RuntimeError(f"the bench's own session is {verdict.judgement}")
    return spent


def middle(values: list[float]) -> dict[str, float]:
    """Median and range."""
    return {
        "median": round(statistics.median(values), 3),
        "least": round(min(values), 3),
        "most": round(max(values), 3),
    }


def ratio(copies: list[float], proofs: list[float]) -> dict[str, float]:
    """Both together as a multiple of the copy alone, run by run."""
    return middle([(copy + proof) / copy for copy, proof in zip(copies, proofs, strict=True)])


def measure(runs: int, seconds: int, hours: int, folder: Path) -> dict[str, Any]:
    """All figures."""
    plain = folder / "plain"
    plain.mkdir()
    (folder / "sealed").mkdir()
    path = source(folder)
    recipients = [str(pyrage.x25519.Identity.generate().to_public()) for _ in range(2)]
    bureau = Bureau("bench")
    long, whole = duty(bureau, hours), session(bureau)
    jobs: dict[str, Callable[[], float]] = {
        "remux": lambda: remux(path, plain, seconds),
        "remux each": lambda: remux_each(plain),
        "evidence": lambda: seal_and_sign(plain, folder / "sealed", recipients),
        "verify journal": lambda: judged(Bundle(journal=long), bureau.ca),
        "verify session": lambda: judged(bundle(whole), bureau.ca),
    }
    spent: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(runs):
        for name, job in jobs.items():
            spent[name].append(job())
    media = sum(file.stat().st_size for file in plain.glob("[0-9]*.mp4"))
    return {
        "recorded_seconds": seconds,
        "media_bytes": media,
        "journal_lines": long.count(b"\n"),
        "journal_bytes": len(long),
        "cpu_seconds": {name: middle(values) for name, values in spent.items()},
        "cost_ratio": ratio(spent["remux"], spent["evidence"]),
        "cost_ratio_each": ratio(spent["remux each"], spent["evidence"]),
        "evidence_ms_per_second": round(1_000 * statistics.median(spent["evidence"]) / seconds, 3),
        "session_bytes": sum(map(len, whole.values())),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=600, help="of recording to seal")
    parser.add_argument("--hours", type=int, default=8, help="of journal to judge")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.runs, options.seconds, options.hours, Path(folder))
    text = json.dumps(found, indent=1)
    if options.json is not None:
        options.json.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
