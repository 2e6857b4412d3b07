"""What desk and recorder make of a root that was replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from bureau.intake.rulebooks import Rulebooks
from evidence import rulebook
from evidence.digests import sha256_hex
from evidence.errors import RulebookError
from evidence.keys import to_jwk
from evidence.rulebook import adoption
from evidence.rulebook.adoption import Held
from evidence.rulebook.carried import CarriedClip, pack
from provisioning.authority.keyring import KeyRole
from provisioning.authority.root import documents
from provisioning.bureau_folder import open_bureau
from provisioning.layout import BureauFolder
from provisioning.policy import clips
from tests.kits.bureau.ca import ca_of
from tests.kits.bureau.roots import Rotate


def test_the_desk_judges_old_sessions_by_the_root_of_their_time(
    rooted: Path, rotate: Rotate
) -> None:
    folder = BureauFolder(rooted)
    old, root = folder.rulebook.read_bytes(), folder.root.read_bytes()
    rotate(rooted, roles=frozenset({KeyRole.CLERK}))
    books = Rulebooks(folder.rulebook.parent, ca_of(rooted))
    assert books.root_of(sha256_hex(old)) == root
    assert books.number(sha256_hex(old), "upload.deadline_hours") == 24
    new = folder.rulebook.read_bytes()
    assert books.root_of(sha256_hex(new)) == folder.root.read_bytes() != root
    assert books.root_of("0" * 64) == folder.root.read_bytes()


def test_a_recorder_adopts_what_the_new_clerk_signed_and_not_what_the_ca_alone_did(
    rooted: Path, rotate: Rotate
) -> None:
    folder = BureauFolder(rooted)
    held = Held(root=folder.root.read_bytes(), rulebook=folder.rulebook.read_bytes(), floor=1)
    rotate(rooted, roles=frozenset({KeyRole.CLERK}))

    def judge(root: bytes) -> int:
        message = pack(root, folder.rulebook.read_bytes(), carried_clips(folder))
        adopted = adoption.judge(
            message, held, ca_of(rooted), device="ZF-001", now=None, decode=clips.decode
        )
        return adopted.root.version

    assert judge(folder.root.read_bytes()) == 2
    opened = open_bureau(rooted)
    authority = opened.root.authority
    assert authority is not None
    payload = documents.document(
        2,
        [to_jwk(key) for key in opened.root.keys.values()],
        [to_jwk(key) for key in authority.keys.values()],
        at_ns=10**18,
    )
    with pytest.raises(RulebookError) as refused:
        judge(rulebook.sign_root(payload, opened.signer(KeyRole.CA)))
    assert refused.value.code == "policy_root"


def carried_clips(folder: BureauFolder) -> list[CarriedClip]:
    names = {"meta": "meta.json", "text": "text.txt", "audio": "audio.flac"}
    return [
        CarriedClip(
            id=path.name, **{key: (path / name).read_bytes() for key, name in names.items()}
        )
        for path in folder.announce.iterdir()
    ]
