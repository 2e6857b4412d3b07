"""A new root document reaches a recorder: only as the offline keys of before have signed it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from agent.vault import messages as m
from evidence import jws, rulebook
from evidence.canonical import JsonObject
from evidence.keys import EcSigner
from evidence.store.signers import file_signer
from tests.kits.bureau.enrolment import enrol
from tests.kits.device.vault import RunningVault, records
from tests.kits.device.words import Dock, clerks, day, document, policy, signed


def fresh(count: int) -> list[EcSigner]:
    """New keys."""
    return [EcSigner(ec.generate_private_key(ec.SECP256R1())) for _ in range(count)]


class Scene:
    """A bureau with three offline keys, and a device that holds root version 5."""

    def __init__(self, folder: Path) -> None:
        self.enrolled = enrol(folder)
        self.ca = file_signer(self.enrolled.bureau / "ca" / "key.pem")
        self.clerks: Sequence[Any] = clerks(self.enrolled)
        self.offline = fresh(3)
        self.held = self.root(5, self.offline, self.offline[:2])
        self.enrolled.device.paths.root.write_bytes(self.held)

    def root(
        self,
        version: int,
        offline: Sequence[EcSigner] | None,
        signers: Sequence[EcSigner],
        *,
        clerks: Sequence[Any] | None = None,
        ca: EcSigner | None = None,
    ) -> bytes:
        """A root document; it is signed as told, well or not."""
        payload: JsonObject = {
            "type": "root",
            "version": version,
            "threshold": 2,
            "keys": [dict(one.jwk) for one in clerks or self.clerks],
            "not_before": day(-1),
            "expires": day(3_000),
        }
        if offline is not None:
            payload["authority"] = {"threshold": 2, "keys": [dict(one.jwk) for one in offline]}
        return rulebook.sign_envelope(payload, [ca or self.ca, *signers], jws.TYP_ROOT)

    def submit(self, root: bytes, **changes: Any) -> str:
        """Send it with a rulebook; ``adopted``, ``staged`` or the code of the refusal."""
        dock = Dock(self.enrolled)
        answer = dock.submit("policy", policy(self.enrolled, root=root, **changes))
        dock.hang_up()
        return answer.code if isinstance(answer, m.Refused) else answer.state

    def code(self, root: bytes, **changes: Any) -> str:
        """The code of a refusal that has left the root alone."""
        with RunningVault(self.enrolled):
            code = self.submit(root, **changes)
        assert self.enrolled.device.paths.root.read_bytes() == self.held
        return code


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_root_that_two_old_and_two_new_offline_keys_signed_is_adopted(scene: Scene) -> None:
    offline, successors = fresh(3), fresh(2)
    root = scene.root(6, offline, [*scene.offline[1:], *offline[:2]], clerks=successors)
    paths = scene.enrolled.device.paths
    with RunningVault(scene.enrolled) as vault:
        assert scene.submit(root, signers=successors) == "adopted"
        assert paths.root.read_bytes() == root
        # Whoever signed before signs no more.
        assert scene.submit(root, version=3, signers=scene.clerks) == "policy_rulebook"
        assert scene.submit(scene.held, version=3, signers=scene.clerks) == "policy_root"
        recorder = vault.attached()
        recorder.open()
    assert [one["step"] for one in records(paths.device_log) if one["t"] == "provision"] == [
        "rulebook"
    ]


def test_a_version_that_was_missed_may_be_skipped(scene: Scene) -> None:
    offline = fresh(3)
    root = scene.root(9, offline, [*scene.offline[:2], *offline[:2]])
    with RunningVault(scene.enrolled):
        assert scene.submit(root) == "adopted"


def test_a_new_root_comes_with_the_rulebook_that_was_in_force(scene: Scene) -> None:
    root = scene.root(6, scene.offline, scene.offline[:2])
    book = scene.enrolled.device.paths.rulebook.read_bytes()
    with RunningVault(scene.enrolled):
        assert scene.submit(root, book=book) == "adopted"
    assert scene.enrolled.device.paths.root.read_bytes() == root


def test_a_rulebook_of_before_does_not_pass_under_a_root_with_other_clerks(scene: Scene) -> None:
    root = scene.root(6, scene.offline, scene.offline[:2], clerks=fresh(2))
    book = scene.enrolled.device.paths.rulebook.read_bytes()
    assert scene.code(root, book=book) == "policy_rulebook"


def test_one_old_offline_signature_is_too_few(scene: Scene) -> None:
    offline = fresh(3)
    assert scene.code(scene.root(6, offline, [scene.offline[0], *offline[:2]])) == "policy_root"


def test_the_same_old_offline_signature_twice_is_too_few(scene: Scene) -> None:
    offline = fresh(3)
    twice = [scene.offline[0], scene.offline[0], *offline[:2]]
    assert scene.code(scene.root(6, offline, twice)) == "policy_root"


def test_one_new_offline_signature_is_too_few(scene: Scene) -> None:
    offline = fresh(3)
    assert scene.code(scene.root(6, offline, [*scene.offline, offline[0]])) == "policy_root"


def test_the_ca_alone_replaces_no_root(scene: Scene) -> None:
    mine = fresh(3)
    assert scene.code(scene.root(6, mine, mine)) == "policy_root"
    assert scene.code(scene.root(6, None, [])) == "policy_root"


def test_offline_keys_without_the_ca_replace_no_root(scene: Scene) -> None:
    offline = fresh(3)
    root = scene.root(6, offline, [*scene.offline, *offline], ca=fresh(1)[0])
    assert scene.code(root) == "policy_root"


@pytest.mark.parametrize("version", [5, 4, 1])
def test_an_older_root_is_no_successor(scene: Scene, version: int) -> None:
    offline = fresh(3)
    assert scene.code(scene.root(version, offline, [*scene.offline, *offline])) == "policy_root"


def test_the_clerks_keys_are_no_offline_keys(scene: Scene) -> None:
    both = [*scene.clerks, fresh(1)[0]]
    assert scene.code(scene.root(6, both, [*scene.offline, *both])) == "policy_root"


def test_a_root_that_came_during_a_recording_waits_for_its_end(scene: Scene) -> None:
    successors = fresh(2)
    root = scene.root(6, scene.offline, scene.offline[:2], clerks=successors)
    paths = scene.enrolled.device.paths
    with RunningVault(scene.enrolled) as vault:
        recorder = vault.attached()
        recorder.open()
        recorder.segment(0)
        assert scene.submit(root, signers=successors) == "staged"
        assert paths.root.read_bytes() == scene.held
        recorder.close()
        recorder.wait(m.WordAdopted)
    assert paths.root.read_bytes() == root


def test_a_power_cut_between_root_and_rulebook_is_made_good(scene: Scene) -> None:
    successors = fresh(2)
    root = scene.root(6, scene.offline, scene.offline[:2], clerks=successors)
    paths = scene.enrolled.device.paths
    book = signed(document(scene.enrolled, 2, segment__seconds=4), successors)
    paths.staged_policy.write_bytes(policy(scene.enrolled, root=root, book=book))
    # The root is the new one; the rulebook in force does not verify under it any more.
    paths.root.write_bytes(root)
    with RunningVault(scene.enrolled) as vault:
        assert vault.recorder().attach().segment_seconds == 4
