"""A root document is followed by one that the offline keys signed, and by no other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from evidence import rulebook
from evidence.errors import RulebookError
from tests.kits.records.bureau import Bureau
from tests.kits.records.signers import SeededSigner

BUREAU = Bureau()
STRANGER = Bureau("stranger")
OFFLINE = [SeededSigner(f"offline {n}") for n in range(6)]
FIRST = OFFLINE[:3]


def document(
    version: int, offline: Sequence[SeededSigner] | None, threshold: int = 2
) -> dict[str, Any]:
    payload = {**BUREAU.root_document(), "version": version}
    if offline is not None:
        payload["authority"] = {"threshold": threshold, "keys": [one.jwk for one in offline]}
    return payload


def root(
    version: int,
    offline: Sequence[SeededSigner] | None,
    *signers: SeededSigner,
    ca: SeededSigner = BUREAU.ca_signer,
) -> bytes:
    return rulebook.sign_root(document(version, offline), ca, *signers)


ONE = root(1, FIRST, *FIRST[:2])
OLD = BUREAU.root


def follows(old: bytes, new: bytes) -> int:
    return rulebook.check_rotation(old, new, BUREAU.ca).version


def test_a_root_names_its_offline_keys() -> None:
    read = rulebook.read_root(ONE, BUREAU.ca)
    assert read.authority is not None
    assert read.authority.threshold == 2
    assert list(read.authority.keys) == [one.kid for one in FIRST]


def test_a_root_of_before_there_were_offline_keys_stays_readable() -> None:
    assert rulebook.read_root(OLD, BUREAU.ca).authority is None


def test_the_same_bytes_are_no_change() -> None:
    assert follows(ONE, ONE) == 1


@pytest.mark.parametrize("signers", [FIRST[:2], FIRST[1:], [FIRST[0], FIRST[2]], FIRST])
def test_two_of_three_replace_a_rulebook_key(signers: list[SeededSigner]) -> None:
    payload = document(2, FIRST)
    payload["keys"] = [SeededSigner("new clerk").jwk, payload["keys"][1]]
    assert follows(ONE, rulebook.sign_root(payload, BUREAU.ca_signer, *signers)) == 2


def test_two_that_stay_replace_the_third() -> None:
    new = [*FIRST[:2], OFFLINE[3]]
    assert follows(ONE, root(2, new, *FIRST[:2])) == 2


def test_all_are_replaced_when_two_of_either_sign() -> None:
    new = OFFLINE[3:]
    assert follows(ONE, root(2, new, *FIRST[:2], *new[:2])) == 2


def test_a_version_that_was_missed_is_skipped_while_the_trusted_keys_sign() -> None:
    assert follows(ONE, root(5, [*FIRST[:2], OFFLINE[3]], *FIRST[:2])) == 5


def test_a_root_without_offline_keys_is_followed_by_what_the_ca_signs() -> None:
    assert follows(OLD, root(2, None)) == 2
    assert follows(OLD, root(2, FIRST, *FIRST[:2])) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(ONE, root(2, FIRST, *FIRST[:1], OFFLINE[3]), id="one-of-two"),
        pytest.param(ONE, root(2, FIRST), id="the-ca-alone"),
        pytest.param(ONE, root(2, FIRST, FIRST[0], FIRST[0]), id="one-key-twice"),
        pytest.param(ONE, root(2, OFFLINE[3:], *OFFLINE[3:]), id="new-keys-alone"),
        pytest.param(
            ONE, root(2, OFFLINE[3:], *FIRST, OFFLINE[3]), id="old-keys-and-one-of-the-new"
        ),
        pytest.param(ONE, root(2, None, *FIRST), id="without-offline-keys"),
        pytest.param(ONE, root(2, FIRST, *FIRST, ca=STRANGER.ca_signer), id="another-bureaus-ca"),
        pytest.param(ONE, root(1, FIRST, *FIRST), id="the-same-version-with-other-bytes"),
        pytest.param(root(3, FIRST, *FIRST), root(2, FIRST, *FIRST), id="a-lower-version"),
        pytest.param(OLD, root(2, FIRST, FIRST[0]), id="offline-keys-that-nobody-holds"),
        pytest.param(ONE, b"{}", id="no-root"),
    ],
)
def test_another_root_does_not_follow(old: bytes, new: bytes) -> None:
    with pytest.raises(RulebookError):
        follows(old, new)


@pytest.mark.parametrize(
    "part",
    [
        {"threshold": 1, "keys": [one.jwk for one in FIRST]},
        {"threshold": 4, "keys": [one.jwk for one in FIRST]},
        {"threshold": 2, "keys": [FIRST[0].jwk]},
        {"threshold": 2, "keys": [FIRST[0].jwk, FIRST[0].jwk, FIRST[1].jwk]},
        {"threshold": 2, "keys": [*(one.jwk for one in FIRST[:2]), BUREAU.clerks[0].jwk]},
        {"threshold": 2, "keys": [*(one.jwk for one in FIRST[:2]), BUREAU.ca_signer.jwk]},
        {"threshold": 2, "keys": [one.jwk for one in OFFLINE]},
        {"threshold": 2},
        {},
        None,
    ],
)
def test_an_authority_that_protects_nothing_is_no_authority(part: dict[str, Any] | None) -> None:
    payload = {**document(1, None), "authority": part}
    signers = [*FIRST, *BUREAU.clerks]
    with pytest.raises(RulebookError):
        rulebook.read_root(rulebook.sign_root(payload, BUREAU.ca_signer, *signers), BUREAU.ca)
