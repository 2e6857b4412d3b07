"""What a field may hold, said as data.

Owns a dozen small checks out of which ``evidence.records`` and the signed documents are described.
Refuses to
convert: a value is right as it stands or it is refused with the path to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evidence import ids, moments
from evidence.errors import EvidenceError, RecordError
from evidence.limits import MAX_CHUNKS, MAX_INTEGER

Check = Callable[[Any, str], None]
Schema = Mapping[str, Check]

_HEX64 = re.compile(r"[0-9a-f]{64}")
_CODE = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,63}")
_LONGEST_TEXT = 1_024
_LONGEST_TOKEN = 16 * 1024


def refuse(path: str, expected: str) -> RecordError:
    """The error for a value at ``path`` that is not what is ``expected``."""
    return RecordError(f"{path}: {expected} is expected")


def check_fields(schema: Schema, value: object, path: str) -> None:
    """Check that ``value`` is an object with exactly the fields of ``schema``.

    Fields marked ``May`` can be absent: what earlier devices signed stays well formed.

    Raises:
        RecordError: A field is missing, unknown or wrong; names its path.
    """
    if not isinstance(value, dict):
        raise refuse(path, "an object")
    needed = {name for name, check in schema.items() if not isinstance(check, May)}
    if not needed <= value.keys() <= schema.keys():
        odd = sorted((value.keys() - schema.keys()) | (needed - value.keys()))
        raise RecordError(f"{path}: missing or unknown fields {', '.join(map(repr, odd[:5]))}")
    for name, held in value.items():
        schema[name](held, f"{path}.{name}")


@dataclass(frozen=True, slots=True)
class May:
    """What a field must hold where it is there at all."""

    check: Check

    def __call__(self, value: object, path: str) -> None:
        """Check the field that is there."""
        self.check(value, path)


def fields(schema: Schema) -> Check:
    """An object with exactly these fields."""
    return lambda value, path: check_fields(schema, value, path)


def optional(check: Check) -> Check:
    """Null, or what ``check`` accepts."""
    return lambda value, path: None if value is None else check(value, path)


def many(check: Check, *, least: int = 0, most: int) -> Check:
    """A list of ``least`` to ``most`` values."""

    def check_list(value: object, path: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise refuse(path, f"a list of {least} to {most}")
        for index, item in enumerate(value):
            check(item, f"{path}[{index}]")

    return check_list


def one_of(*choices: str) -> Check:
    """One of these words."""

    def check_choice(value: object, path: str) -> None:
        if value not in choices:
            raise refuse(path, f"one of {', '.join(choices)}")

    return check_choice


def integer(least: int = 0, most: int = MAX_INTEGER) -> Check:
    """An integer within bounds, both included."""

    def check_integer(value: object, path: str) -> None:
        if type(value) is not int or not least <= value <= most:
            raise refuse(path, f"an integer from {least} to {most}")

    return check_integer


def matching(pattern: re.Pattern[str], name: str) -> Check:
    """A text that ``pattern`` matches whole."""

    def check_text(value: object, path: str) -> None:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise refuse(path, name)

    return check_text


def satisfying(predicate: Callable[[object], bool], name: str) -> Check:
    """A value for which ``predicate`` holds."""

    def check_value(value: object, path: str) -> None:
        if not predicate(value):
            raise refuse(path, name)

    return check_value


def boolean(value: object, path: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise refuse(path, "true or false")


def text(value: object, path: str) -> None:
    """Up to 1,024 characters."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise refuse(path, f"a text of at most {_LONGEST_TEXT} characters")


def string(value: object, path: str) -> None:
    """A text of any length: what holds it is bounded."""
    if not isinstance(value, str):
        raise refuse(path, "a text")


def anything(value: object, path: str) -> None:
    """Whatever it is; another schema judges it."""


def token(value: object, path: str) -> None:
    """An embedded signed line or certificate, up to 16 KiB of ASCII."""
    if not isinstance(value, str) or len(value) > _LONGEST_TOKEN or not value.isascii():
        raise refuse(path, "an ASCII token of at most 16 KiB")


def jwk(value: object, path: str) -> None:
    """A P-256 public key; that it lies on the curve is found when it is used."""
    if not isinstance(value, dict) or value.keys() != {"crv", "kty", "x", "y"}:
        raise refuse(path, "a P-256 public key")
    if not all(isinstance(member, str) for member in value.values()):
        raise refuse(path, "a P-256 public key")


def utc(value: object, path: str) -> None:
    """RFC 3339 in UTC with microseconds."""
    try:
        moments.utc_ns(value if isinstance(value, str) else "")
    except EvidenceError:
        raise refuse(path, "a UTC time with microseconds") from None


sha256 = matching(_HEX64, "a SHA-256 in lower-case hex")
code = matching(_CODE, "a lower-case code")
natural = integer()
chunks = many(sha256, most=MAX_CHUNKS)
device = satisfying(ids.is_device_id, "a device id")
session = satisfying(ids.is_session_id, "a session id")
content_name = satisfying(ids.is_content_name, "the name of a sealed file")
file_name = satisfying(ids.is_file_name, "the name of a session's file")
x5c = many(token, least=1, most=1)
