"""A recording told to a newcomer, line by line, from what was signed.

Owns the wording. Refuses to tell anything that no record says: every line is a record of the device
log, of a session's journal, or of the bureau's ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from rich.console import Console
from rich.markup import escape

from evidence.canonical import JsonObject
from evidence.moments import utc_ns

_SECOND_NS: Final = 1_000_000_000
_COLOURS: Final = {"officer": "yellow", "recorder": "cyan", "vault": "green", "bureau": "magenta"}
Line = tuple[str, str]
"""Who, and what."""


class Timeline:
    """Prints records as lines; second 0 is the first record told.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._zero: JsonObject | None = None
        self._told: set[tuple[str, int]] = set()
        self.lines: list[dict[str, object]] = []

    def follow(self, chains: Mapping[str, list[JsonObject]], receipts: list[JsonObject]) -> None:
        """Tell what was not told yet: records by chain, and the bureau's receipts."""
        news = [line for chain, records in chains.items() for line in self._read(chain, records)]
        for receipt in receipts:
            if self._is_new("receipts", int(receipt["serial"])) and self._zero is not None:
                at_ns = utc_ns(receipt["stored_at"]) - utc_ns(self._zero["utc"])
                news.append((at_ns / _SECOND_NS, _signed_receipt(receipt)))
        for seconds, line in sorted(news):
            self._print(seconds, *line)

    def tell(self, who: str, what: str, at_ns: int) -> None:
        """Tell something that is dated by CLOCK_BOOTTIME."""
        zero = at_ns if self._zero is None else int(self._zero["mono_ns"])
        self._print((at_ns - zero) / _SECOND_NS, who, what)

    def say(self, who: str, what: str, utc: str) -> None:
        """Tell something that is dated by the wall clock alone."""
        zero = utc if self._zero is None else self._zero["utc"]
        self._print((utc_ns(utc) - utc_ns(zero)) / _SECOND_NS, who, what)

    def _read(self, chain: str, records: list[JsonObject]) -> Iterator[tuple[float, Line]]:
        for record in records:
            if self._is_new(chain, int(record["i"])):
                self._zero = self._zero or record
                told = _TELLERS.get(str(record["t"]), _nothing)(record)
                if told is not None:
                    yield (_moment_of(record) - int(self._zero["mono_ns"])) / _SECOND_NS, told

    def _is_new(self, chain: str, number: int) -> bool:
        new = (chain, number) not in self._told
        self._told.add((chain, number))
        return new

    def _print(self, seconds: float, who: str, what: str) -> None:
        self.lines.append({"at_ms": round(seconds * 1000), "who": who, "what": what})
        label = f"[{_COLOURS[who]}]{who:<8}[/]"
        self._console.print(
            f"{seconds:8.2f} s  {label}  {escape(what)}", highlight=False, soft_wrap=True
        )


def _moment_of(record: JsonObject) -> int:
    """When what the record tells happened, CLOCK_BOOTTIME."""
    fields = record.get("fields", record)
    return int(fields.get("at_ns", record["mono_ns"]))


def _nothing(record: JsonObject) -> Line | None:
    del record
    return None


def _start(record: JsonObject) -> Line:
    return "vault", f"ready; the device log continues (file lock: {record['protection']})"


def _open(record: JsonObject) -> Line:
    rulebook = record["rulebook"]["version"]
    return "vault", (
        f"opens session {record['sid']} under rulebook {rulebook}; "
        "everything is sealed to the bureau and to escrow while it is written"
    )


def _segment(record: JsonObject) -> Line:
    kilobytes = record["size"] / 1000
    return "vault", (
        f"segment {record['number']}: {record['frames']} pictures, "
        f"{record['samples']} sound samples, {kilobytes:.0f} kB sealed, hashed and signed"
    )


def _resume(record: JsonObject) -> Line:
    return "vault", f"went on after an interruption (cause: {record['cause']})"


def _close(record: JsonObject) -> Line:
    return "vault", (
        f"closes the session: {record['segments']} segments, {record['size'] / 1000:.0f} kB, "
        f"reason: {record['reason']}"
    )


def _event(record: JsonObject) -> Line | None:
    teller = _EVENTS.get(str(record["kind"]))
    return teller(record["fields"]) if teller is not None else None


_GESTURES: Final[Mapping[tuple[str, str], str]] = {
    ("record", "press"): "presses RECORD",
    ("record", "tap"): "taps RECORD while it records: the status is spoken, nothing stops",
    ("record", "hold"): "holds RECORD for 3 s: asks for the end",
    ("record", "confirm"): "presses RECORD within 5 s: confirms the end",
    ("mark", "tap"): "taps MARK",
    ("mark", "hold"): "holds MARK: the announcement plays again",
    ("photo", "press"): "presses PHOTO",
}


def _button(fields: JsonObject) -> Line:
    gesture = (fields["button"], fields["gesture"])
    return "officer", _GESTURES.get(gesture, " ".join(gesture))


def _disclosure(fields: JsonObject) -> Line:
    seconds = (fields["to_ns"] - fields["from_ns"]) / _SECOND_NS
    said = "announced" if fields["announced"] else f"NOT announced ({fields['reason']})"
    heard = "nobody could listen"
    if fields["check"] == "acoustic":
        whole = "whole" if fields["complete"] else f"missing {fields['missing']} ms"
        heard = f"the microphone heard it, {whole}" if fields["heard"] else "it was NOT heard"
        heard += f" (score {fields['score_milli'] / 1000:.0f}, 12 is enough)"
    return "recorder", (
        f"{said}: clip {fields['clip']}, {seconds:.1f} s; {heard}: {fields['verdict']}"
    )


def _statement(fields: JsonObject) -> Line:
    seconds = (fields["to_ns"] - fields["from_ns"]) / _SECOND_NS
    voiced = fields["voiced_ms"]
    measured = "not measured" if voiced is None else f"{voiced / 1000:.1f} s of it voice"
    return "officer", f"states ({fields['template']}): {seconds:.1f} s, {measured}"


def _photo(fields: JsonObject) -> Line:
    return "vault", f"seals the photo {fields['file']}, {fields['size'] / 1000:.0f} kB"


def _battery(fields: JsonObject) -> Line:
    return "recorder", f"battery: {fields['percent']} %"


def _prompt(fields: JsonObject) -> Line:
    return "recorder", f"asks the officer: {fields['prompt']}"


def _check(fields: JsonObject) -> Line | None:
    if fields["passed"]:
        return None
    return "recorder", f"check {fields['name']}: {fields['detail']}"


def _gap(fields: JsonObject) -> Line:
    if fields["to_ns"] is None:
        return "recorder", f"{fields['track']} is missing from now on ({fields['cause']})"
    milliseconds = (fields["to_ns"] - fields["from_ns"]) / 1_000_000
    return "recorder", f"{fields['track']} is missing for {milliseconds:.0f} ms ({fields['cause']})"


def _doubt(fields: JsonObject) -> Line:
    milliseconds = (fields["to_ns"] - fields["from_ns"]) / 1_000_000
    within = fields["within_ns"] / 1_000_000
    return "recorder", f"{milliseconds:.0f} ms of sound have times right to {within:.0f} ms only"


def _fault(fields: JsonObject) -> Line:
    return "recorder", f"{fields['part']}: {fields['detail']} ({fields['state']})"


def _mark(fields: JsonObject) -> Line:
    return "recorder", f"puts a mark into the journal ({fields['code']})"


def _clock_step(fields: JsonObject) -> Line:
    return "vault", f"the wall clock stepped by {fields['step_ms']} ms"


def _storage(fields: JsonObject) -> Line:
    return "vault", f"space: {fields['level']}, {fields['minutes']} minutes"


def _dock(record: JsonObject) -> Line:
    return "recorder", f"cradle: {record['state']} {record['detail']}".rstrip()


def _receipt(record: JsonObject) -> Line:
    return "vault", (
        f"verified the bureau's receipt no. {record['serial']}: {record['kind']} "
        f"(sha256 {record['sha256'][:12]}…)"
    )


def _signed_receipt(receipt: JsonObject) -> Line:
    number, files = receipt["serial"], len(receipt["files"])
    if receipt["kind"] == "committed":
        return "bureau", f"verified the journal and signs receipt no. {number}: committed"
    return "bureau", (
        f"verified and archived all {files} files, writes its ledger, "
        f"and signs receipt no. {number}: stored"
    )


def _preflight(record: JsonObject) -> Line:
    odd = [one["name"] for one in record["checks"] if one["state"] != "ok"]
    said = "all well" if not odd else f"worth a look: {', '.join(odd)}"
    return (
        "recorder",
        f"checked itself ({record['trigger']}): {len(record['checks'])} checks, {said}",
    )


def _plan(record: JsonObject) -> Line:
    return "vault", f"plan {record['plan_id']}: {record['state']}"


def _release(record: JsonObject) -> Line:
    kilobytes = record["bytes"] / 1000
    return "vault", f"frees {kilobytes:.0f} kB, because receipt no. {record['serial']} allows it"


def _press(record: JsonObject) -> Line:
    return "officer", f"{record['button']} {record['gesture']} without a session"


def _refusal(record: JsonObject) -> Line:
    return "vault", f"refused: {record['detail']} ({record['code']})"


_TELLERS: Final[Mapping[str, Callable[[JsonObject], Line | None]]] = {
    "start": _start,
    "open": _open,
    "seg": _segment,
    "resume": _resume,
    "close": _close,
    "event": _event,
    "dock": _dock,
    "receipt": _receipt,
    "release": _release,
    "press": _press,
    "refusal": _refusal,
    "preflight": _preflight,
    "plan": _plan,
}
_EVENTS: Final[Mapping[str, Callable[[JsonObject], Line | None]]] = {
    "battery": _battery,
    "button": _button,
    "check": _check,
    "disclosure": _disclosure,
    "gap": _gap,
    "doubt": _doubt,
    "fault": _fault,
    "mark": _mark,
    "photo": _photo,
    "prompt": _prompt,
    "statement": _statement,
    "clock_step": _clock_step,
    "storage": _storage,
}
