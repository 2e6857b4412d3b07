"""One value, one spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence import canonical
from evidence.errors import LimitError, MalformedError

LIMIT = 10_000
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return 1 + max((depth(item) for item in value), default=0)
    return 0


def encodable(value: object) -> bool:
    return "\\ud" not in json.dumps(value)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=5).filter(encodable))
def test_what_is_written_reads_back_and_is_written_alike(value: dict[str, Any]) -> None:
    text = canonical.dumps(value)
    if depth(value) <= 8:
        read = canonical.loads(text, limit=max(LIMIT, len(text)))
        assert read == value
        assert canonical.dumps(read) == text


def test_keys_are_sorted_and_nothing_is_spaced_or_escaped() -> None:
    assert canonical.dumps({"b": [1, None], "a": "告知"}) == '{"a":"告知","b":[1,null]}'.encode()


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b"[1]",
        b"1",
        b"",
        b"{",
        b'{"a":1}x',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\xff"}',
        b"{'a':1}",
    ],
)
def test_anything_that_has_another_spelling_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedError):
        canonical.loads(text, limit=LIMIT)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":' + b"[" * 9 + b"]" * 9 + b"}",
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b'{"a":' + b"9" * 400 + b"}",
        b'{"a":"' + b"x" * LIMIT + b'"}',
    ],
)
def test_what_is_too_deep_or_too_large_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedError):
        canonical.loads(text, limit=40_000 if text.startswith(b'{"a":{') else LIMIT)


def test_depth_counts_to_eight() -> None:
    canonical.loads(b'{"a":' + b"[" * 7 + b"]" * 7 + b"}", limit=LIMIT)
    with pytest.raises(LimitError):
        canonical.loads(b'{"a":' + b"[" * 8 + b"]" * 8 + b"}", limit=LIMIT)


@pytest.mark.parametrize("value", [{"a": 1.5}, {"a": [{"b": 0.0}]}, {"a": {1, 2}}, {"a": b"x"}])
def test_a_float_or_a_foreign_value_cannot_be_signed(value: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        canonical.dumps(value)
