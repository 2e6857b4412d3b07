"""Canonical JSON: one value, one spelling.

Owns writing signed values and reading inbound ones strictly. Refuses floats, duplicate keys,
non-finite numbers, deep nesting and oversize input. A signed thing is compared as the bytes that
were signed: read after verifying, never write again what was read.
"""

from __future__ import annotations

import json
from typing import Any

from evidence.errors import LimitError, MalformedError
from evidence.limits import MAX_DEPTH, MAX_INTEGER

JsonObject = dict[str, Any]
_LONGEST_INTEGER = len(str(MAX_INTEGER)) + 1


def dumps(value: JsonObject) -> bytes:
    """Write ``value`` canonically: sorted keys, no white space, UTF-8.

    Raises:
        MalformedError: The value holds a float or something JSON cannot say.
    """
    _refuse_floats(value)
    try:
        text = json.dumps(
            value,
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            allow_nan=False,
        )
        return text.encode()
    except (TypeError, ValueError) as error:
        raise MalformedError(f"not canonical JSON: {error}") from error


def loads(text: bytes, *, limit: int) -> JsonObject:
    """Read one JSON object strictly.

    Args:
        text: UTF-8.
        limit: Most bytes accepted.

    Raises:
        LimitError: Larger than ``limit`` or nested deeper than ``MAX_DEPTH``.
        MalformedError: Not UTF-8, not JSON, not an object, with a duplicate key or a float.
    """
    if len(text) > limit:
        raise LimitError(f"{len(text)} bytes where at most {limit} are accepted")
    try:
        value = json.loads(
            text.decode(),
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_integer,
        )
    except RecursionError as error:
        raise LimitError(f"nested deeper than {MAX_DEPTH}") from error
    except ValueError as error:
        raise MalformedError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise MalformedError("a JSON object is expected")
    _bound_depth(value, MAX_DEPTH)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> JsonObject:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise MalformedError("a key stands twice in one object")
    return result


def _no_float(text: str) -> None:
    raise MalformedError(f"numbers are integers with their unit in the name, not {text[:20]}")


def _integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER:
        raise LimitError("an integer has too many digits")
    return int(text)


def _bound_depth(value: object, left: int) -> None:
    if not isinstance(value, (dict, list)):
        return
    if left == 0:
        raise LimitError(f"nested deeper than {MAX_DEPTH}")
    for child in value.values() if isinstance(value, dict) else value:
        _bound_depth(child, left - 1)


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise MalformedError("a float cannot be signed; use an integer with its unit in the name")
    if isinstance(value, dict):
        for child in value.values():
            _refuse_floats(child)
    elif isinstance(value, (list, tuple)):
        for child in value:
            _refuse_floats(child)
