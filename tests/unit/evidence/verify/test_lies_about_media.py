"""Signed records of pictures, files and announcements that cannot be true."""

from __future__ import annotations

from typing import Any

import pytest

from evidence.digests import sha256_hex
from tests.kits.records.folders import Folder
from tests.kits.records.lies import Lie, closed, monkey, new_take

SECOND = 1_000_000_000


def frames_are_missing() -> Folder:
    take = new_take()
    take.segment()
    take.pts_ns += SECOND // 5
    take.segment()
    return closed(take)


def a_gap_is_signed_too_small() -> Folder:
    take = new_take()
    take.segment()
    take.gap(SECOND)
    take.pts_ns += SECOND
    take.segment()
    return closed(take)


def frames_stand_twice() -> Folder:
    take = new_take()
    take.segment()
    take.pts_ns -= SECOND
    take.segment()
    return closed(take)


def a_file_is_named_twice() -> Folder:
    take = new_take()
    take.still()
    take.stills = 0
    take.still()
    return closed(take)


def a_file_is_not_sealed() -> Folder:
    take = new_take()
    plain = b"ftyp" * 200
    take.ticks(plain, 1)
    take.end(plain)
    return closed(take)


def a_file_is_sealed_to_a_third() -> Folder:
    take = new_take()
    sealed = take.begin(600)
    head, stanza, rest = sealed.partition(b"-> X25519")
    third = stanza + rest.partition(b"-> X25519")[0]
    take.ticks(head + third + stanza + rest, 1)
    take.end(head + third + stanza + rest)
    return closed(take)


def a_strange_announcement() -> Folder:
    take = new_take()
    honest = take.write

    def write(t: str, fields: dict[str, Any]) -> bytes:
        changed = {**fields["fields"], "pcm_sha256": sha256_hex(b"silence")}
        return honest(t, {**fields, "fields": changed})

    monkey(take, "write", write)
    take.announce()
    monkey(take, "write", honest)
    return closed(take)


MEDIA = {
    "frames are missing": Lie(frames_are_missing, "pts_gap", 9),
    "a gap is signed too small": Lie(a_gap_is_signed_too_small, "pts_gap", 10),
    "frames stand twice": Lie(frames_stand_twice, "pts_overlap", 9),
    "a file is named twice": Lie(a_file_is_named_twice, "digest_conflict", 3),
    "not sealed": Lie(a_file_is_not_sealed, "not_sealed", 3),
    "sealed to a third": Lie(a_file_is_sealed_to_a_third, "not_sealed", 3),
    "a strange announcement": Lie(a_strange_announcement, "announcement_unknown", 2),
}


@pytest.mark.parametrize("name", MEDIA)
def test_a_signed_lie_about_the_media_is_found(name: str) -> None:
    MEDIA[name].check()
