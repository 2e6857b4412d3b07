from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agent.enrolment import own_keys
from agent.enrolment.composing import compose
from agent.enrolment.enrol import Outcome, Recorder
from agent.enrolment.errors import EnrolmentRefusedError
from evidence import enrolment
from provisioning.custody import registry
from provisioning.enrolment import reception as module
from provisioning.enrolment.arrivals import Arrival
from provisioning.enrolment.errors import AdmissionError
from provisioning.enrolment.reception import Reception
from tests.kits.bureau.two_ends import TwoEnds

PATIENCE = 20.0


class Desk:
    """A reception that listens, and the clerk behind it."""

    def __init__(self, ends: TwoEnds) -> None:
        self.ends = ends
        self.turned_away: list[str] = []
        self.reception = Reception(
            ends.bureau,
            "127.0.0.1",
            0,
            clock=ends.clock,
            told=lambda _, why: self.turned_away.append(why),
        )
        self.pool = ThreadPoolExecutor(8)

    def expect(self, name: str) -> None:
        self.ends.expect(name, port=self.reception.port)

    def begin(self, name: str) -> tuple[Future[Outcome], Shown]:
        """A recorder asks; its digits come when they are shown."""
        shown = Shown()
        recorder = Recorder.at(self.ends.device(name))
        return self.pool.submit(recorder.over_network, shown), shown

    def arrival(self) -> Arrival:
        found = self.reception.arrivals.next(PATIENCE)
        assert found is not None
        return found

    def line(self, **options: Any) -> ssl.SSLSocket:
        """A connection of anybody."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(str(self.ends.bureau / "certs" / "ca.pem"))
        # The bureau's clock is a test's, ahead of the machine's.
        context.verify_flags |= ssl.VerifyFlags(0x200000)
        for name, value in options.items():
            setattr(context, name, value)
        plain = socket.create_connection(("127.0.0.1", self.reception.port), timeout=PATIENCE)
        return context.wrap_socket(plain, server_hostname="127.0.0.1")


class Shown:
    """What a recorder shows."""

    def __init__(self) -> None:
        self._seen = threading.Event()
        self._digits = ""

    def __call__(self, digits: str) -> None:
        self._digits = digits
        self._seen.set()

    @property
    def digits(self) -> str:
        assert self._seen.wait(PATIENCE)
        return self._digits


@pytest.fixture
def desk(ends: TwoEnds) -> Iterator[Desk]:
    made = Desk(ends)
    with made.reception, made.pool:
        yield made


def heard(sock: ssl.SSLSocket) -> tuple[bytes, bytes]:
    """One frame of the desk; nothing where it hung up."""
    header = sock.recv(4)
    if not header:
        return b"", b""
    content = b""
    while len(content) < int.from_bytes(header, "big"):
        content += sock.recv(65_536)
    return content[:1], content[1:]


def drip(sock: ssl.SSLSocket) -> None:
    """One byte after the other, slower than anybody listens."""
    pause = threading.Event()
    for _ in range(100):
        sock.sendall(b"a")
        pause.wait(0.1)


@pytest.mark.rule("H8")
def test_the_clerk_types_what_the_device_shows_and_it_is_enrolled(desk: Desk) -> None:
    desk.expect("ZF-001")
    asking, shown = desk.begin("ZF-001")
    arrival = desk.arrival()
    assert registry.find(desk.ends.bureau / "registry", "ZF-001") is None
    assert arrival.decide(shown.digits)
    assert asking.result(PATIENCE) is Outcome.ENROLLED
    assert arrival.done.wait(PATIENCE)
    assert arrival.failure is None
    assert Recorder.at(desk.ends.device("ZF-001")).over_network(shown) is Outcome.UNCHANGED


@pytest.mark.rule("H8")
@pytest.mark.parametrize("typed", ["", "no", "000000"])
def test_wrong_digits_issue_nothing_and_the_device_may_ask_again(desk: Desk, typed: str) -> None:
    desk.expect("ZF-001")
    asking, _ = desk.begin("ZF-001")
    assert not desk.arrival().decide(typed)
    with pytest.raises(EnrolmentRefusedError) as refused:
        asking.result(PATIENCE)
    assert refused.value.code == "digits"
    assert "六位数字" in refused.value.diagnosis()
    assert registry.find(desk.ends.bureau / "registry", "ZF-001") is None
    asking, shown = desk.begin("ZF-001")
    assert desk.arrival().decide(shown.digits)
    assert asking.result(PATIENCE) is Outcome.ENROLLED


def test_the_digits_are_new_with_every_exchange(desk: Desk) -> None:
    desk.expect("ZF-001")
    seen = []
    for _ in range(3):
        asking, shown = desk.begin("ZF-001")
        arrival = desk.arrival()
        seen.append(shown.digits)
        assert shown.digits == arrival.digits
        arrival.decide("")
        with pytest.raises(EnrolmentRefusedError):
            asking.result(PATIENCE)
    assert len(set(seen)) > 1


def test_two_devices_at_once_are_asked_for_one_after_the_other(desk: Desk) -> None:
    for name in ("ZF-001", "ZF-002"):
        desk.expect(name)
    asked = {name: desk.begin(name) for name in ("ZF-001", "ZF-002")}
    for _ in asked:
        arrival = desk.arrival()
        assert arrival.decide(asked[arrival.applicant.device][1].digits)
    for asking, _ in asked.values():
        assert asking.result(PATIENCE) is Outcome.ENROLLED


def test_the_digits_of_one_device_do_not_enrol_another(desk: Desk) -> None:
    for name in ("ZF-001", "ZF-002"):
        desk.expect(name)
    asked = {name: desk.begin(name) for name in ("ZF-001", "ZF-002")}
    first, second = desk.arrival(), desk.arrival()
    other = asked[second.applicant.device][1].digits
    assert first.digits == other or not first.decide(other)
    second.decide("")
    for asking, _ in asked.values():
        with pytest.raises(EnrolmentRefusedError):
            asking.result(PATIENCE)


def test_a_device_that_lost_its_answer_gets_it_again_without_the_clerk(desk: Desk) -> None:
    desk.expect("ZF-001")
    asking, shown = desk.begin("ZF-001")
    desk.arrival().decide(shown.digits)
    asking.result(PATIENCE)
    folder = desk.ends.device("ZF-001")
    certificate = (folder / "certs" / "signing.pem").read_bytes()
    for name in ("bureau/rulebook.floor", "certs/signing.pem"):
        (folder / name).unlink()
    asking, _ = desk.begin("ZF-001")
    assert asking.result(PATIENCE) is Outcome.ENROLLED
    assert (folder / "certs" / "signing.pem").read_bytes() == certificate


@pytest.mark.rule("A4", "H8")
@pytest.mark.parametrize("why", ["claim_unknown", "claim_used", "claim_late"])
def test_whoever_may_not_ask_is_told_why_and_the_clerk_is_not_troubled(
    desk: Desk, why: str, clock: Any
) -> None:
    desk.expect("ZF-001")
    if why == "claim_unknown":
        (desk.ends.bureau / "registry" / "claims" / "ZF-001.json").unlink()
    if why == "claim_late":
        clock.now_ns += 25 * 3_600 * 1_000_000_000
    if why == "claim_used":
        thief = TwoEnds(desk.ends.bureau, desk.ends.folder / "thief", desk.ends.clock)
        thief.folder.mkdir()
        seed = desk.ends.device("ZF-001") / "seed" / "seed.toml"
        (thief.device("ZF-001") / "seed").mkdir(parents=True)
        (thief.device("ZF-001") / "seed" / "seed.toml").write_bytes(seed.read_bytes())
        thief.answer("ZF-001", thief.ask("ZF-001"))
    asking, _ = desk.begin("ZF-001")
    with pytest.raises(EnrolmentRefusedError) as refused:
        asking.result(PATIENCE)
    assert refused.value.code == why
    assert desk.reception.arrivals.next(0.05) is None
    assert any(why in told for told in desk.turned_away)


# Strangers.


def test_an_older_tls_is_refused(desk: Desk) -> None:
    with pytest.raises(ssl.SSLError):
        desk.line(maximum_version=ssl.TLSVersion.TLSv1_2)


def test_plain_text_is_no_conversation(desk: Desk) -> None:
    with socket.create_connection(("127.0.0.1", desk.reception.port), timeout=PATIENCE) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with suppress(ConnectionError):
            assert b"HTTP" not in plain.recv(1_000)


@pytest.mark.parametrize("header", [b"\0\0\0\0", b"\0\1\0\1", b"\xff\xff\xff\xff"])
def test_a_frame_beyond_64_kib_is_not_read(desk: Desk, header: bytes) -> None:
    with desk.line() as sock:
        sock.sendall(header)
        with suppress(ConnectionError):
            assert heard(sock)[0] == b""


@pytest.mark.parametrize("content", [b"x", b"a.b.c", bytes(range(256)) * 200])
def test_garbage_is_refused_with_a_code(desk: Desk, content: bytes) -> None:
    with desk.line() as sock:
        sock.sendall(enrolment.frame(content))
        kind, said = heard(sock)
    assert kind == b"R"
    assert enrolment.refusal_of(said)[0] == "malformed"


def test_a_nonce_that_was_not_committed_to_is_refused(desk: Desk) -> None:
    desk.expect("ZF-001")
    desk.ends.ask("ZF-001")
    with desk.line() as sock:
        sock.sendall(enrolment.frame(desk.ends.request("ZF-001").read_bytes()))
        assert heard(sock)[0] == b"C"
        sock.sendall(enrolment.frame(b"m" * 32))
        kind, said = heard(sock)
    assert (kind, enrolment.refusal_of(said)[0]) == (b"R", "malformed")
    assert desk.reception.arrivals.next(0.05) is None


def test_bytes_that_drip_are_cut_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TALK_SECONDS", 0.6)
    with desk.line() as sock:
        sock.sendall(b"\0\0\1\0")
        with pytest.raises(OSError, match=r"reset|Broken pipe|EOF|closed"):
            drip(sock)


def test_more_than_the_seats_wait_outside_and_the_desk_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.expect("ZF-001")
    address = ("127.0.0.1", desk.reception.port)
    crowd = [socket.create_connection(address, timeout=PATIENCE) for _ in range(module.SEATS + 4)]
    turned = 0
    for one in crowd[module.SEATS :]:
        one.settimeout(PATIENCE)
        with suppress(ConnectionError):
            turned += one.recv(1) == b""
    assert turned == 4
    for one in crowd:
        one.close()
    arrival, asking, shown = once_there_is_a_seat(desk)
    arrival.decide(shown.digits)
    assert asking.result(PATIENCE) is Outcome.ENROLLED


def once_there_is_a_seat(desk: Desk) -> tuple[Arrival, Future[Outcome], Shown]:
    """A recorder asks until it is let in."""
    for _ in range(100):
        asking, shown = desk.begin("ZF-001")
        arrival = desk.reception.arrivals.next(1.0)
        if arrival is not None:
            return arrival, asking, shown
        with suppress(EnrolmentRefusedError):
            asking.result(PATIENCE)
    raise AssertionError("no seat came free")


def test_a_device_that_leaves_is_not_waited_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BEAT_SECONDS", 0.05)
    desk.expect("ZF-001")
    nonce = b"n" * 32
    recorder = Recorder.at(desk.ends.device("ZF-001"))
    own_keys.make_keys(recorder.paths)
    request = compose(recorder.paths, recorder.seed, recorder.body, nonce)
    with desk.line() as sock:
        sock.sendall(enrolment.frame(request))
        assert heard(sock)[0] == b"C"
        sock.sendall(enrolment.frame(nonce))
        assert heard(sock)[0] == b"W"
    arrival = desk.arrival()
    assert arrival.done.wait(PATIENCE)
    assert arrival.failure is not None
    assert "重新运行" in arrival.failure


def test_a_port_that_is_taken_is_said(desk: Desk) -> None:
    with pytest.raises(AdmissionError) as refused:
        Reception(
            desk.ends.bureau,
            "127.0.0.1",
            desk.reception.port,
            clock=desk.ends.clock,
            told=lambda *_: None,
        )
    assert refused.value.code == "listen"


def test_a_desk_without_a_certificate_does_not_listen(
    ends: TwoEnds, tmp_path: Path, found: Callable[..., Any]
) -> None:
    (ends.bureau / "broker" / "server.pem").unlink()
    with pytest.raises(AdmissionError, match="certificate"):
        Reception(ends.bureau, "127.0.0.1", 0, clock=ends.clock, told=lambda *_: None)
