"""Files, chunks and trees, hashed as other tools hash them."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from evidence.digests import (
    CHUNK_BYTES,
    RunningDigest,
    facts_of,
    file_id,
    merkle_leaf,
    merkle_root,
)

# The test data of RFC 6962's reference implementation, whose tree RFC 9162 keeps.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("count", sorted(ROOTS))
def test_roots_are_those_of_the_reference_implementation(count: int) -> None:
    assert merkle_root([merkle_leaf(item) for item in INPUTS[:count]]) == ROOTS[count]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle_root([]) == hashlib.sha256(b"").hexdigest()


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=40))
def test_roots_are_those_of_pymerkle(items: list[bytes]) -> None:
    tree = InmemoryTree(algorithm="sha256")
    for item in items:
        tree.append_entry(item)
    assert merkle_root([merkle_leaf(item) for item in items]) == tree.get_root().hex()


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES]
)
def test_chunks_are_cut_at_the_constant_of_the_format(size: int) -> None:
    content = b"\x5a" * size
    facts = facts_of(content)
    cut = [content[at : at + CHUNK_BYTES] for at in range(0, size, CHUNK_BYTES)]
    assert facts.chunks == tuple(hashlib.sha256(part).hexdigest() for part in cut)
    assert (facts.size, facts.sha256) == (size, hashlib.sha256(content).hexdigest())


@given(st.lists(st.binary(max_size=50), max_size=8))
def test_a_growing_file_has_the_same_facts_whatever_the_pieces(pieces: list[bytes]) -> None:
    digest = RunningDigest()
    for piece in pieces:
        digest.update(piece)
    assert digest.facts() == facts_of(b"".join(pieces))


def test_a_file_id_is_the_device_a_zero_and_the_digest() -> None:
    digest = hashlib.sha256(b"file")
    expected = hashlib.sha256(b"REC-1\0" + digest.digest()).hexdigest()[:32]
    assert file_id("REC-1", digest.hexdigest()) == expected
