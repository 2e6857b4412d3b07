"""Replacing the root document: another clerk's or head's key, another offline key, a later expiry.

Owns the order that lets a run be cut short anywhere: everything new is made beside what is in
force, the signed root decides, and what is in force changes after it, the root last. Refuses to
write a root that a recorder would refuse, and to overwrite a key: a replaced one gets another file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cryptography import x509

from evidence import canonical, jws, keys, rulebook
from evidence.canonical import JsonObject
from evidence.errors import EvidenceError, KeyUnusableError, RulebookError
from evidence.keys import EcSigner, Jwk
from evidence.limits import MAX_RULEBOOK_BYTES
from evidence.rulebook import Root
from evidence.store.durable import make_folder, move_file
from evidence.store.signers import file_signer, make_key_file
from provisioning.authority.keyring import FILE, Keyring, KeyRole
from provisioning.authority.root import documents
from provisioning.authority.root.offline import Offline, here
from provisioning.authority.root.passphrases import KEYS, Passphrases
from provisioning.authority.wishes import settings_text
from provisioning.bureau_folder import (
    BureauSettings,
    UtcNs,
    exclusive,
    keyring_of,
    open_bureau,
    read_settings,
)
from provisioning.custody import ledger
from provisioning.custody.register import read_state
from provisioning.errors import BureauError, RotationError
from provisioning.layout import BureauFolder
from provisioning.plan import Report, Step, carry_out, content_step, once_step

_SIGNING: Final = (KeyRole.CLERK, KeyRole.HEAD)
_TITLES: Final = {KeyRole.CLERK: "经办人", KeyRole.HEAD: "负责人"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """What is to be replaced.

    Attributes:
        roles: Rulebook keys: clerk, head, or both.
        offline: Numbers of offline keys.
        media: Files of offline keys on removable media.
        passphrases: Of the offline keys in force.
        new_passphrases: Of those that replace them.
    """

    passphrases: Passphrases
    new_passphrases: Passphrases
    roles: frozenset[KeyRole] = frozenset()
    offline: frozenset[int] = frozenset()
    media: tuple[Path, ...] = ()


def rotate_root(path: Path, wish: Rotation, *, clock: UtcNs, dry_run: bool = False) -> Report:
    """Make the next root document, and the rulebook that its keys sign.

    A rotation that was cut short after the root was signed is finished, whatever is wished, and
    nobody is asked for a passphrase; run it again for another one.

    Args:
        path: The bureau's folder.
        wish: What is to be replaced; nothing but the term where it says nothing.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        RotationError: Too few offline keys can be opened, or there is no such key.
        BureauError: The folder is no bureau.
        DiskError: The medium is full; the same command goes on where it stopped.
    """
    folder = BureauFolder(path.absolute())
    with exclusive(folder):
        now = _look(folder, wish)
        if now.next is None:
            read_state(open_bureau(path))
        outcomes = carry_out(_Steps(now, wish, clock()).all(), dry_run=dry_run)
        facts: dict[str, str | int] = {"root_version": now.version}
        if not dry_run:
            facts["rulebook_version"] = open_bureau(path).rulebook.version
    return Report(outcomes=outcomes, facts=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Situation:
    """What there is: the root in force, and one that was signed and is not in force yet."""

    folder: BureauFolder
    settings: BureauSettings
    ca: x509.Certificate
    envelope: bytes
    root: Root
    next: Root | None
    roles: frozenset[KeyRole]
    offline: frozenset[int]

    @property
    def version(self) -> int:
        """Of the root that is made."""
        return self.root.version + 1

    def new_places(self) -> dict[KeyRole, str]:
        """Where keys lie afterwards."""
        made = {role: f"file:{_file(role, self.version)}" for role in self.roles}
        return {**self.settings.places, **made}

    def new_offline(self, number: int) -> Path:
        """Where a new offline key lies."""
        first = self.folder.root_key(number)
        return first.with_name(f"{first.stem}-r{self.version}.pem")


def _file(role: KeyRole, version: int) -> str:
    return f"keys/rulebook-{_SIGNING.index(role) + 1}-r{version}.pem"


def _look(folder: BureauFolder, wish: Rotation) -> _Situation:
    settings = read_settings(folder)
    if settings is None:
        raise BureauError(f"{folder.path} is no bureau; found one: provision init")
    try:
        ca = x509.load_pem_x509_certificate(folder.ca.read_bytes())
        envelope = folder.root.read_bytes()
        root = rulebook.read_root(envelope, ca)
        signed = folder.root_version(root.version + 1)
        after = rulebook.read_root(signed.read_bytes(), ca) if signed.exists() else None
    except (OSError, ValueError, EvidenceError) as error:
        raise BureauError(f"{folder.path} is incomplete; run provision init: {error}") from error
    numbers = wish.offline if root.authority is not None else frozenset(range(1, KEYS + 1))
    if not numbers <= set(range(1, KEYS + 1)):
        raise RotationError(f"offline root keys are numbered 1 to {KEYS}")
    return _Situation(
        folder=folder,
        settings=settings,
        ca=ca,
        envelope=envelope,
        root=root,
        next=after,
        roles=wish.roles if after is None else _replaced(root, after),
        offline=numbers if after is None else _replaced_offline(root, after),
    )


def _replaced(old: Root, new: Root) -> frozenset[KeyRole]:
    """What a root that was signed already has decided, whatever is wished now."""
    pairs = zip(_SIGNING, old.keys, new.keys, strict=True)
    return frozenset(role for role, before, after in pairs if before != after)


def _replaced_offline(old: Root, new: Root) -> frozenset[int]:
    before = list(old.authority.keys) if old.authority is not None else [""] * KEYS
    after = list(new.authority.keys) if new.authority is not None else []
    pairs = enumerate(zip(before, after, strict=True), start=1)
    return frozenset(number for number, (was, becomes) in pairs if was != becomes)


class _Steps:
    """The steps of one rotation."""

    def __init__(self, now: _Situation, wish: Rotation, at_ns: int) -> None:
        self._now = now
        self._wish = wish
        self._at_ns = at_ns
        self._folder = now.folder
        self._old = keyring_of(now.folder, now.settings)
        self._new = Keyring(now.folder.path, now.new_places())

    def all(self) -> Iterator[Step]:
        """In order."""
        now, folder = self._now, self._folder
        yield once_step(
            "保存现行签名根文件", folder.root_version(now.root.version), lambda: now.envelope
        )
        if now.next is None:
            yield from self._key_steps()
        yield once_step(
            f"签名根文件第 {now.version} 版", folder.root_version(now.version), self._signed
        )
        yield self._ledger_step("root", now.version)
        if now.roles:
            yield from self._rulebook_steps()
        for path in self._replaced_files():
            yield self._aside_step(path)
        yield Step("启用新签名根文件", lambda: False, self._put_into_force)

    def _key_steps(self) -> Iterator[Step]:
        for role in _SIGNING:
            if role in self._now.roles:
                yield self._signing_key_step(role)
        for number in sorted(self._now.offline):
            yield self._offline_key_step(number)

    def _signing_key_step(self, role: KeyRole) -> Step:
        return Step(
            f"新的办法签名密钥（{_TITLES[role]}）",
            lambda: self._new.exists(role),
            lambda: self._new.make(role),
        )

    def _offline_key_step(self, number: int) -> Step:
        path = self._now.new_offline(number)

        def do() -> None:
            make_folder(path.parent, mode=0o700)
            make_key_file(path, self._wish.new_passphrases(number))

        return Step(f"新的离线根密钥 {number}（口令保护）", path.exists, do)

    def _signed(self) -> bytes:
        now, wish = self._now, self._wish
        authority = now.root.authority
        offline = Offline(self._folder, wish.media, wish.passphrases)
        old = [] if authority is None else offline.signers(authority, last=now.offline)
        made = {number: self._made(number) for number in sorted(now.offline)}
        payload = documents.document(
            now.version,
            [self._new.signer(role).jwk for role in _SIGNING],
            self._offline_jwks(made),
            at_ns=self._at_ns,
        )
        signers = {signer.kid: signer for signer in (*old, *made.values())}
        envelope = rulebook.sign_root(payload, self._old.signer(KeyRole.CA), *signers.values())
        try:
            rulebook.check_rotation(now.envelope, envelope, now.ca)
        except RulebookError as error:
            raise RotationError(f"recorders would refuse it: {error.detail}") from error
        return envelope

    def _made(self, number: int) -> EcSigner:
        path = self._now.new_offline(number)
        return file_signer(path, lambda _: self._wish.new_passphrases(number))

    def _offline_jwks(self, made: dict[int, EcSigner]) -> list[Jwk]:
        authority = self._now.root.authority
        before = [keys.to_jwk(key) for key in authority.keys.values()] if authority else []
        return [
            made[number].jwk if number in made else before[number - 1]
            for number in range(1, KEYS + 1)
        ]

    def _rulebook_steps(self) -> Iterator[Step]:
        """The rulebook in force, signed again: the new root does not know all its signers."""
        folder = self._folder
        number, payload = self._next_rulebook()
        path = folder.rulebook_version(number)

        def sign() -> bytes:
            signers = [self._new.signer(role) for role in _SIGNING]
            return rulebook.sign_rulebook({**payload, "version": number}, signers)

        def put() -> None:
            content_step("", folder.rulebook, path.read_bytes()).do()

        def is_put() -> bool:
            return path.exists() and folder.rulebook.read_bytes() == path.read_bytes()

        settings = replace(self._now.settings, places=self._now.new_places())
        yield once_step(f"重新签名本单位办法（第 {number} 版，内容不变）", path, sign)
        yield content_step("单位配置 bureau.toml", folder.settings, settings_text(settings))
        yield Step("启用重新签名的办法", is_put, put)
        yield self._ledger_step("rulebook", number)

    def _next_rulebook(self) -> tuple[int, JsonObject]:
        """Its number and content; the same again after a run that was cut short."""
        payload = _payload(self._folder.rulebook.read_bytes())
        number: int = payload["version"]
        if self._is_by_new(self._folder.rulebook):
            return number, payload
        number += 1
        while (path := self._folder.rulebook_version(number)).exists() and not self._is_by_new(
            path
        ):
            number += 1
        return number, payload

    def _is_by_new(self, path: Path) -> bool:
        if self._now.next is None:
            return False
        try:
            rulebook.read_rulebook(path.read_bytes(), self._now.next)
        except RulebookError:
            return False
        return True

    def _ledger_step(self, kind: str, version: int) -> Step:
        path, fields = self._folder.ledger, {"version": version}

        def do() -> None:
            # The keys in force say that others follow; what follows is said by those.
            signer = self._outgoing() if kind == "root" else self._new.signer(KeyRole.CLERK)
            ledger.append(path, kind, fields, signer, at_ns=self._at_ns)

        return Step("配发台账", lambda: ledger.holds(path, kind, fields), do)

    def _outgoing(self) -> EcSigner:
        """A key of the root in force; one of the next where both are lost."""
        for role in _SIGNING:
            try:
                signer = self._old.signer(role)
            except KeyUnusableError:
                continue
            if signer.kid in self._now.root.keys:
                return signer
        return self._new.signer(KeyRole.CLERK)

    def _replaced_files(self) -> Iterator[Path]:
        """Key files that mean nothing once the new root is in force."""
        now, folder = self._now, self._folder
        for role in sorted(now.roles):
            place = self._old.place(role)
            path = folder.path / place.removeprefix(FILE)
            mine = place.startswith(FILE) and path.is_relative_to(folder.path)
            if mine and place != self._new.place(role):
                yield path
        for number in range(1, KEYS + 1):
            made = now.new_offline(number)
            if number in now.offline:
                yield from (path for path in here(folder, number) if path != made)
            elif made.exists():
                # Made by a run that was cut short and then wished for something else.
                yield made

    def _aside_step(self, path: Path) -> Step:
        target = path.parent / "retired" / f"{path.stem}-until-r{self._now.version}.pem"

        def do() -> None:
            make_folder(target.parent, mode=0o700)
            move_file(path, target)

        return Step(f"原密钥 {path.name} 移入 keys/retired", lambda: not path.exists(), do)

    def _put_into_force(self) -> None:
        path = self._folder.root_version(self._now.version)
        content_step("", self._folder.root, path.read_bytes()).do()


def _payload(envelope: bytes) -> JsonObject:
    """What a rulebook of the bureau's own says."""
    outer = canonical.loads(envelope, limit=MAX_RULEBOOK_BYTES)
    return canonical.loads(jws.decode(outer["payload"].encode()), limit=MAX_RULEBOOK_BYTES)
