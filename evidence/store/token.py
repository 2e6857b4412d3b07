"""Private keys that never leave a PKCS#11 token.

Owns finding a key by its URI (RFC 7512: ``token``, ``object``, ``id``, ``module-path``,
``pin-source``), making one there, and signing with it as if it were in memory, certificates
included. Refuses a PIN inside a URI: URIs stand in settings files. The library is imported when a
token is named, and its absence is answered with the line that installs it.
"""

from __future__ import annotations

import functools
import importlib
import stat
import threading
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self, cast
from urllib.parse import unquote, unquote_to_bytes

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from evidence.errors import KeyUnusableError

if TYPE_CHECKING:
    from pkcs11 import types

SCHEME: Final = "pkcs11:"
_KNOWN: Final = {"token", "object", "id", "type", "module-path", "pin-source"}
_COORDINATE_BYTES: Final = 32
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUri:
    """Where in which token a key lies.

    Attributes:
        token: The token's label.
        object: The key's label.
        id: Its CKA_ID; either of the two may be absent.
        module: The PKCS#11 library.
        pin: File with the PIN.
    """

    token: str
    object: str | None
    id: bytes | None
    module: Path
    pin: Path


@dataclass(frozen=True, slots=True)
class _Login:
    """A session with a token, and the lock that lets it do one thing at a time."""

    session: types.Session
    alone: threading.Lock


class TokenKey(ec.EllipticCurvePrivateKey):
    """A P-256 private key in a token; ``cryptography`` takes it for one of its own.

    Safe to use from several threads.
    """

    def __init__(
        self, private: types.SignMixin, public: ec.EllipticCurvePublicKey, alone: threading.Lock
    ) -> None:
        self._private = private
        self._public = public
        self._alone = alone

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return self._public.curve

    @property
    def key_size(self) -> int:
        """Bits."""
        return self._public.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half."""
        return self._public

    def sign(
        self,
        data: bytes | bytearray | memoryview[int],
        signature_algorithm: ec.EllipticCurveSignatureAlgorithm,
    ) -> bytes:
        """ECDSA with SHA-256, DER.

        Raises:
            KeyUnusableError: The token did not sign.
        """
        pkcs11 = _library()
        digest = _digest(bytes(data), signature_algorithm)
        try:
            with self._alone:
                raw = self._private.sign(digest, mechanism=pkcs11.Mechanism.ECDSA)
        except pkcs11.PKCS11Error as error:
            raise KeyUnusableError(f"the token did not sign: {_said(error)}") from error
        half = _COORDINATE_BYTES
        return encode_dss_signature(
            *(int.from_bytes(part, "big") for part in (raw[:half], raw[half:]))
        )

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def exchange(self, *_: object) -> NoReturn:
        """A signing key agrees on nothing."""
        raise KeyUnusableError("a key in a token signs, and does nothing else")

    def private_numbers(self) -> NoReturn:
        """It stays in the token."""
        raise KeyUnusableError("a key does not leave its token")

    def private_bytes(self, *_: object) -> NoReturn:
        """It stays in the token."""
        raise KeyUnusableError("a key does not leave its token")


def parse(uri: str, folder: Path) -> TokenUri:
    """Take a URI apart.

    Args:
        uri: ``pkcs11:token=…;object=…?module-path=…&pin-source=…``.
        folder: What a relative path is relative to.

    Raises:
        KeyUnusableError: Something is unknown, missing or does not belong there.
    """
    path, _, query = uri.removeprefix(SCHEME).partition("?")
    parts = dict(_part(text) for text in (*path.split(";"), *query.split("&")) if text)
    if "pin-value" in parts:
        raise KeyUnusableError("a PIN does not stand in a settings file: pin-source names its file")
    if unknown := parts.keys() - _KNOWN:
        raise KeyUnusableError(f"unknown in a pkcs11 URI: {', '.join(sorted(unknown))}")
    missing = {"token", "module-path", "pin-source"} - parts.keys()
    if missing or not parts.keys() & {"object", "id"}:
        raise KeyUnusableError(
            "a pkcs11 URI has token, object or id, module-path and pin-source; missing: "
            + ", ".join(sorted(missing) or ["object or id"])
        )
    return TokenUri(
        token=unquote(parts["token"]),
        object=unquote(parts["object"]) if "object" in parts else None,
        id=unquote_to_bytes(parts["id"]) if "id" in parts else None,
        module=folder / unquote(parts["module-path"]),
        pin=folder / unquote(parts["pin-source"]).removeprefix("file:"),
    )


def open_key(uri: str, folder: Path) -> ec.EllipticCurvePrivateKey:
    """The key at ``uri``; it stays where it is.

    Raises:
        KeyUnusableError: No library, no token, a wrong PIN, no key or one of another kind.
    """
    where = parse(uri, folder)
    pkcs11 = _library()
    login = _login(where)
    try:
        with login.alone:
            private = login.session.get_key(pkcs11.ObjectClass.PRIVATE_KEY, **_names(where))
            public = login.session.get_key(pkcs11.ObjectClass.PUBLIC_KEY, **_names(where))
            der = pkcs11.ec.encode_ec_public_key(public)
    except (pkcs11.PKCS11Error, ValueError) as error:
        raise KeyUnusableError(f"{_plain(where)} cannot be used: {_said(error)}") from error
    key = load_der_public_key(der)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyUnusableError(f"{_plain(where)} is no P-256 key")
    return TokenKey(cast("types.SignMixin", private), key, login.alone)


def holds(uri: str, folder: Path) -> bool:
    """Whether the token has a private key under these names.

    Raises:
        KeyUnusableError: No library, no token or a wrong PIN.
    """
    where = parse(uri, folder)
    pkcs11 = _library()
    login = _login(where)
    try:
        with login.alone:
            login.session.get_key(pkcs11.ObjectClass.PRIVATE_KEY, **_names(where))
    except pkcs11.NoSuchKey:
        return False
    except pkcs11.MultipleObjectsReturned:
        return True
    except pkcs11.PKCS11Error as error:
        raise KeyUnusableError(f"{_plain(where)} cannot be used: {_said(error)}") from error
    return True


def make_key(uri: str, folder: Path) -> None:
    """Make a P-256 key inside the token; it can never be taken out.

    Raises:
        KeyUnusableError: There is a key already, or the token makes none.
    """
    where = parse(uri, folder)
    if holds(uri, folder):
        raise KeyUnusableError(f"{_plain(where)} exists already; keys are never overwritten")
    pkcs11 = _library()
    login = _login(where)
    curve = {pkcs11.Attribute.EC_PARAMS: pkcs11.ec.encode_named_curve_parameters("secp256r1")}
    try:
        with login.alone:
            domain = login.session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
            domain.generate_keypair(store=True, **_names(where))
    except pkcs11.PKCS11Error as error:
        raise KeyUnusableError(f"{_plain(where)} was not made: {_said(error)}") from error


def _login(where: TokenUri) -> _Login:
    try:
        if where.pin.stat().st_mode & _OTHERS:
            raise KeyUnusableError(f"{where.pin} can be read by others; run: chmod 600 {where.pin}")
        pin = where.pin.read_text().strip()
    except (OSError, ValueError) as error:
        raise KeyUnusableError(f"the PIN of {where.token} cannot be read: {error}") from error
    pkcs11 = _library()
    try:
        return _open_session(where.module, where.token, pin)
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise KeyUnusableError(f"token {where.token} cannot be opened: {_said(error)}") from error


@functools.cache
def _open_session(module: Path, label: str, pin: str) -> _Login:
    """One for each token for as long as the process lives: it logs in a process, not a key."""
    token = _library().lib(str(module)).get_token(token_label=label)
    return _Login(token.open(rw=True, user_pin=pin), threading.Lock())


def _library() -> ModuleType:
    try:
        return importlib.import_module("pkcs11")
    except ImportError as error:
        raise KeyUnusableError(
            f"keys in a token need {error.name}; run: pip install 'zhifa-recorder[token]'"
        ) from error


def _names(where: TokenUri) -> dict[str, Any]:
    named = {"label": where.object, "id": where.id}
    return {name: value for name, value in named.items() if value is not None}


def _digest(data: bytes, algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
    chosen = algorithm.algorithm if isinstance(algorithm, ec.ECDSA) else None
    if isinstance(chosen, Prehashed):
        return data
    if not isinstance(chosen, hashes.SHA256):
        raise KeyUnusableError("a key in a token signs ECDSA with SHA-256 alone")
    hasher = hashes.Hash(chosen)
    hasher.update(data)
    return hasher.finalize()


def _part(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _plain(where: TokenUri) -> str:
    name = where.object if where.object is not None else (where.id or b"").hex()
    return f"key {name} in token {where.token}"


def _said(error: Exception) -> str:
    """PKCS#11 errors often have a name and no text."""
    return f"{type(error).__name__} {error}".strip()
