"""The reception: a small TLS 1.3 server for recorders that want to be taken in.

Owns connections: how many, how long, how many bytes. Refuses an older TLS, a frame beyond 64 KiB,
whoever says nothing in time, and more at once than it has seats; whether a request is granted, the
admission says, and the clerk.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import BoundedSemaphore, Event, Thread, Timer
from typing import Final, Self

from evidence import enrolment
from evidence.enrolment import CHALLENGE_BYTES, HEADER_BYTES, MAX_REQUEST_FRAME, Kind
from evidence.errors import EvidenceError
from provisioning.bureau_folder import UtcNs, open_bureau
from provisioning.enrolment.admission import Admission
from provisioning.enrolment.arrivals import Arrival, Arrivals
from provisioning.enrolment.errors import AdmissionError
from provisioning.errors import ProvisioningError

SEATS: Final = 16
TALK_SECONDS: Final = 15.0
"""For all that a device has to say before it waits for the clerk."""

WAIT_SECONDS: Final = 900.0
"""For the clerk."""

_BEAT_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.2
_ANSWER_SECONDS: Final = 60.0

Told = Callable[[str, str], None]
"""Hears who was turned away: where from, and why in Chinese."""


class Reception:
    """Listens until it is closed.

    Args:
        bureau_path: The bureau's folder.
        bind: Address to listen on.
        port: TCP port; 0 takes a free one.
        clock: UTC in nanoseconds.
        told: Hears who was turned away.

    Raises:
        AdmissionError: ``listen``: address or port cannot be had.
        BureauError: The folder is no bureau, or has no server certificate.
    """

    def __init__(
        self, bureau_path: Path, bind: str, port: int, *, clock: UtcNs, told: Told
    ) -> None:
        bureau = open_bureau(bureau_path)
        self.arrivals = Arrivals()
        self._ca = bureau.ca
        self._admission = Admission(bureau_path, clock)
        self._context = _context(bureau.folder.broker)
        self._told = told
        self._seats = BoundedSemaphore(SEATS)
        self._stop = Event()
        self._socket = _listen(bind, port)
        self.port = int(self._socket.getsockname()[1])
        self._thread = Thread(target=self._accept, name="reception")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                sock, peer = self._socket.accept()
            except TimeoutError:
                continue
            if not self._seats.acquire(blocking=False):
                sock.close()
                continue
            Thread(target=self._receive, args=(sock, str(peer[0])), daemon=True).start()

    def _receive(self, plain: socket.socket, peer: str) -> None:
        try:
            with plain, _within(plain, TALK_SECONDS + WAIT_SECONDS):
                self._talk(plain, peer)
        except (OSError, EvidenceError) as error:
            self._told(peer, f"连接未完成（{error}）")
        finally:
            self._seats.release()

    def _talk(self, plain: socket.socket, peer: str) -> None:
        with contextlib.ExitStack() as open_ones:
            with _within(plain, TALK_SECONDS):
                plain.settimeout(TALK_SECONDS)
                sock = open_ones.enter_context(self._context.wrap_socket(plain, server_side=True))
                try:
                    bundle, arrival = self._heard(sock)
                except ProvisioningError as error:
                    _say(sock, Kind.REFUSED, enrolment.refusal(error.code, error.detail))
                    self._told(peer, error.diagnosis())
                    return
            if arrival is not None:
                self._wait(sock, arrival)
            else:
                _say(sock, Kind.BUNDLE, bundle)

    def _heard(self, sock: ssl.SSLSocket) -> tuple[bytes, Arrival | None]:
        """The answer at once to whom it was given before; else the device now waits."""
        request = _hear(sock, MAX_REQUEST_FRAME)
        applicant = self._admission.judge(request)
        if applicant.entry is not None:
            return self._admission.answer_again(applicant), None
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        _say(sock, Kind.CHALLENGE, challenge)
        nonce = _hear(sock, CHALLENGE_BYTES)
        if enrolment.commitment(nonce) != applicant.received.request.commit:
            raise AdmissionError("the nonce is not the one committed to", code="malformed")
        digits = enrolment.digits_of(request, self._ca, nonce=nonce, challenge=challenge)
        arrival = Arrival(applicant, digits)
        self.arrivals.add(arrival)
        return b"", arrival

    def _wait(self, sock: ssl.SSLSocket, arrival: Arrival) -> None:
        """Keep the device company until the clerk has compared, then answer."""
        try:
            while not arrival.decided.wait(_BEAT_SECONDS):
                if self._stop.is_set():
                    raise ConnectionAbortedError("the desk is closing")
                _say(sock, Kind.WAIT)
            if not arrival.confirmed:
                detail = "the clerk did not confirm the digits"
                _say(sock, Kind.REFUSED, enrolment.refusal("digits", detail))
                arrival.leave("六位数字未经确认")
                return
            sock.settimeout(_ANSWER_SECONDS)
            self._grant(sock, arrival)
        except OSError as error:
            arrival.leave(f"设备已断开，重新运行 recorder enrol 即可继续（{error}）")
        arrival.done.set()

    def _grant(self, sock: ssl.SSLSocket, arrival: Arrival) -> None:
        try:
            bundle, _ = self._admission.admit(arrival.applicant.request)
        except (ProvisioningError, EvidenceError) as error:
            arrival.failure = error.diagnosis()
            _say(sock, Kind.REFUSED, enrolment.refusal(error.code, error.detail))
        else:
            _say(sock, Kind.BUNDLE, bundle)


def _context(broker: Path) -> ssl.SSLContext:
    """The broker's certificate names the host that seeds name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_cert_chain(broker / "server.pem", broker / "server.key.pem")
    except OSError as error:
        raise AdmissionError(f"{broker} has no server certificate: {error}", "listen") from error
    return context


def _listen(bind: str, port: int) -> socket.socket:
    try:
        listening = socket.create_server((bind, port), backlog=SEATS)
    except OSError as error:
        raise AdmissionError(f"{bind}:{port}: {error}", code="listen") from error
    listening.settimeout(_POLL_SECONDS)
    return listening


@contextmanager
def _within(sock: socket.socket, seconds: float) -> Iterator[None]:
    """End the connection unless all of it is done in ``seconds``, however slowly bytes drip."""
    with sock.dup() as line:
        end = Timer(seconds, _hang_up, (line,))
        end.daemon = True
        end.start()
        try:
            yield
        finally:
            end.cancel()


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _say(sock: ssl.SSLSocket, kind: Kind, content: bytes = b"") -> None:
    sock.sendall(enrolment.frame(kind.value + content))


def _hear(sock: ssl.SSLSocket, most: int) -> bytes:
    header = _read(sock, HEADER_BYTES)
    return _read(sock, enrolment.frame_length(header, most=most))


def _read(sock: ssl.SSLSocket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = sock.recv(size - len(parts))
        if not part:
            raise ConnectionResetError("the device hung up")
        parts += part
    return bytes(parts)
