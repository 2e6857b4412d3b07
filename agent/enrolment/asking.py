"""Asking over the dock network: one TLS 1.3 connection, a handful of frames.

Owns the device's end of ``evidence.enrolment.exchange``. Refuses a desk that is not under the CA of
the seed and the name that the seed gives, an older TLS, more bytes than a bundle may have, and
waiting for ever.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Final

from agent.enrolment.errors import EnrolmentRefusedError
from agent.enrolment.seed import Seed
from evidence import enrolment
from evidence.enrolment import CHALLENGE_BYTES, MAX_BUNDLE_BYTES, Kind
from evidence.errors import EnrolmentError, EvidenceError

CONNECT_SECONDS: Final = 10.0
SILENCE_SECONDS: Final = 30.0
"""The desk says every few seconds that the clerk is still at it."""

WHOLE_SECONDS: Final = 900.0
"""A clerk with a queue of recorders before him; then the next run asks again."""

_NOT_YET_VALID: Final = 9
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID."""

_NO_CHECK_TIME: Final = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME."""


class Asking:
    """One exchange with the desk.

    Args:
        seed: Where, and under which CA.
    """

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._context = _context(seed)

    def ask(self, request: bytes, nonce: bytes, show: Callable[[str], None]) -> bytes:
        """Send the request, show the digits, wait for the answer.

        Args:
            request: As ``composing.compose`` made it with ``nonce``.
            nonce: Revealed only after the desk's challenge.
            show: Is handed the digits as they are to be read: ``123 456``.

        Returns:
            The bundle, not yet judged.

        Raises:
            EnrolmentRefusedError: ``unreachable``, ``stranger``, ``answer``, or what the desk said.
        """
        try:
            return self._asked(request, nonce, show)
        except ssl.SSLError as error:
            raise EnrolmentRefusedError(_said(error), code="stranger") from error
        except OSError as error:
            where = f"{self._seed.host}:{self._seed.port}"
            raise EnrolmentRefusedError(f"{where}: {error}", code="unreachable") from error
        except EvidenceError as error:
            raise EnrolmentRefusedError(error.detail, code="answer") from error

    def _asked(self, request: bytes, nonce: bytes, show: Callable[[str], None]) -> bytes:
        try:
            with self._connected() as sock:
                return self._answered(sock, request, nonce, show)
        except ssl.SSLCertVerificationError as error:
            if error.verify_code != _NOT_YET_VALID:
                raise
        # This recorder's clock was never set and lies behind: the bureau's certificates begin a day
        # early. The pinned CA and the name still count.
        self._context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
        with self._connected() as sock:
            return self._answered(sock, request, nonce, show)

    def _answered(
        self, sock: ssl.SSLSocket, request: bytes, nonce: bytes, show: Callable[[str], None]
    ) -> bytes:
        _send(sock, request)
        kind, content = _hear(sock)
        if kind is Kind.CHALLENGE:
            if len(content) != CHALLENGE_BYTES:
                raise EnrolmentError("the challenge has another size")
            _send(sock, nonce)
            ca = self._seed.authority()
            show(enrolment.digits_of(request, ca, nonce=nonce, challenge=content))
            kind, content = _hear(sock)
            while kind is Kind.WAIT:
                kind, content = _hear(sock)
        if kind is Kind.REFUSED:
            code, detail = enrolment.refusal_of(content)
            raise EnrolmentRefusedError(detail, code=code)
        if kind is not Kind.BUNDLE:
            raise EnrolmentError("the desk did not answer in order")
        return content

    @contextmanager
    def _connected(self) -> Iterator[ssl.SSLSocket]:
        where = (self._seed.host, self._seed.port)
        with (
            socket.create_connection(where, timeout=CONNECT_SECONDS) as plain,
            plain.dup() as line,
        ):
            end = Timer(WHOLE_SECONDS, _hang_up, (line,))
            end.daemon = True
            end.start()
            try:
                with self._context.wrap_socket(plain, server_hostname=self._seed.host) as sock:
                    sock.settimeout(SILENCE_SECONDS)
                    yield sock
            finally:
                end.cancel()


def _context(seed: Seed) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=seed.ca)
    return context


def _send(sock: ssl.SSLSocket, content: bytes) -> None:
    sock.sendall(enrolment.frame(content))


def _hear(sock: ssl.SSLSocket) -> tuple[Kind, bytes]:
    """One frame of the desk."""
    header = _read(sock, enrolment.HEADER_BYTES)
    content = _read(sock, enrolment.frame_length(header, most=1 + MAX_BUNDLE_BYTES))
    try:
        return Kind(content[:1]), content[1:]
    except ValueError as error:
        raise EnrolmentError("the desk said something unknown") from error


def _read(sock: ssl.SSLSocket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = sock.recv(min(size - len(parts), 64 * 1024))
        if not part:
            raise ConnectionResetError("the desk hung up")
        parts += part
    return bytes(parts)


def _hang_up(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _said(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the desk's certificate: {error.verify_message}"
    return f"TLS: {error.reason or error}"
