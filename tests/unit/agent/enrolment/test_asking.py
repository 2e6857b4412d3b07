from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent.enrolment import asking
from agent.enrolment.enrol import Recorder
from agent.enrolment.errors import EnrolmentRefusedError
from evidence import enrolment
from hw.fake.clock import SystemClock
from provisioning.authority.founding import init_bureau
from provisioning.authority.wishes import Founding
from tests.kits.bureau.two_ends import TwoEnds
from tests.kits.media.clip import write_clip

PATIENCE = 20.0
Talk = Callable[[ssl.SSLSocket], None]


class HostileDesk:
    """Whoever listens where the seed points; says whatever a test wants.

    Args:
        broker: Folder with a server's certificate and key.
        talk: What is said to each that comes.
        newest: The newest TLS it speaks; None speaks no TLS at all.
        address: Where it listens.
    """

    def __init__(
        self,
        broker: Path,
        talk: Talk,
        newest: ssl.TLSVersion | None = ssl.TLSVersion.TLSv1_3,
        address: str = "127.0.0.1",
    ) -> None:
        self._talk = talk
        self._socket = socket.create_server((address, 0))
        self.port = self._socket.getsockname()[1]
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if newest else None
        if self._context is not None and newest is not None:
            self._context.maximum_version = newest
            self._context.load_cert_chain(broker / "server.pem", broker / "server.key.pem")
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._socket.accept()
            except OSError:
                return
            plain.settimeout(PATIENCE)
            try:
                if self._context is None:
                    plain.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(200))
                else:
                    with self._context.wrap_socket(plain, server_side=True) as sock:
                        self._talk(sock)
            except OSError:
                continue
            finally:
                plain.close()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


Listen = Callable[..., HostileDesk]


@pytest.fixture
def listen() -> Iterator[Listen]:
    desks = []

    def begin(*words: object, **named: object) -> HostileDesk:
        desks.append(HostileDesk(*words, **named))  # type: ignore[arg-type]
        return desks[-1]

    yield begin
    for desk in desks:
        desk.close()


def said(content: bytes) -> Talk:
    """Answer the request with these bytes."""

    def talk(sock: ssl.SSLSocket) -> None:
        sock.recv(65_536)
        sock.sendall(content)
        sock.recv(65_536)

    return talk


def code_of(ends: TwoEnds, name: str, desk: HostileDesk, host: str | None = None) -> str:
    ends.expect(name, port=desk.port, host=host)
    with pytest.raises(EnrolmentRefusedError) as refused:
        Recorder.at(ends.device(name)).over_network(lambda _: None)
    assert not (ends.device(name) / "certs").exists()
    return refused.value.code


@pytest.mark.parametrize(
    "content",
    [
        enrolment.frame(b"?garbage"),
        enrolment.frame(b"C" + b"short"),
        enrolment.frame(b"B" + b"{}"),
        enrolment.frame(b"W"),
        enrolment.frame(b"R" + b"not json"),
        enrolment.frame(b"R" + b"x" * 10_000),
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
    ],
)
def test_what_a_hostile_desk_says_is_not_taken(
    ends: TwoEnds, name: str, listen: Listen, content: bytes
) -> None:
    assert code_of(ends, name, listen(ends.bureau / "broker", said(content))) == "answer"


def test_a_desk_that_hangs_up_is_asked_again_another_time(
    ends: TwoEnds, name: str, listen: Listen
) -> None:
    def talk(sock: ssl.SSLSocket) -> None:
        sock.recv(10)

    assert code_of(ends, name, listen(ends.bureau / "broker", talk)) in ("unreachable", "stranger")


def test_a_desk_that_only_lets_wait_is_left(
    ends: TwoEnds, name: str, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "WHOLE_SECONDS", 0.5)
    stop = threading.Event()

    def talk(sock: ssl.SSLSocket) -> None:
        sock.recv(65_536)
        sock.sendall(enrolment.frame(b"C" + bytes(32)))
        while not stop.wait(0.05):
            sock.sendall(enrolment.frame(b"W"))

    desk = listen(ends.bureau / "broker", talk)
    try:
        assert code_of(ends, name, desk) in ("unreachable", "stranger")
    finally:
        stop.set()


@pytest.mark.rule("H8")
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, None])
def test_an_older_tls_or_none_is_not_spoken(
    ends: TwoEnds, name: str, listen: Listen, newest: ssl.TLSVersion | None
) -> None:
    desk = listen(ends.bureau / "broker", said(b""), newest)
    assert code_of(ends, name, desk) == "stranger"


@pytest.mark.rule("H8")
def test_the_desk_of_another_bureau_is_a_stranger(
    ends: TwoEnds, name: str, listen: Listen, tmp_path: Path
) -> None:
    wish = Founding(name="某县统计局", announce=write_clip(tmp_path / "clips" / "zh-cn"))
    init_bureau(tmp_path / "other", wish, clock=SystemClock().utc_ns)
    heard: list[bytes] = []
    desk = listen(tmp_path / "other" / "broker", lambda sock: heard.append(sock.recv(1)))
    assert code_of(ends, name, desk) == "stranger"
    assert heard == []


@pytest.mark.rule("H8")
def test_a_desk_under_another_name_is_a_stranger(ends: TwoEnds, name: str, listen: Listen) -> None:
    """``localhost`` and ``127.0.0.1`` are in the certificate, ``127.0.0.2`` is not."""
    desk = listen(ends.bureau / "broker", said(b""), address="127.0.0.2")
    assert code_of(ends, name, desk, host="127.0.0.2") == "stranger"


def test_nobody_there_is_said_with_the_next_step(ends: TwoEnds, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ends.expect(name, port=port)
    with pytest.raises(EnrolmentRefusedError) as refused:
        Recorder.at(ends.device(name)).over_network(lambda _: None)
    assert refused.value.code == "unreachable"
    assert "provision enrol --listen" in refused.value.diagnosis()
