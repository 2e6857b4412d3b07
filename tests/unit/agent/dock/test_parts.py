"""The small parts of the dock, each alone."""

import socket
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from agent.channel import Channel, listen
from agent.dock.backoff import Backoff
from agent.dock.link import Arrived, Confirmed, Lost, Mailbox
from agent.dock.push.backlog import OpenFile, contents_of, lines_of
from agent.dock.push.transfer import MOST_ENDINGS, MOST_RESENDS, Stage, Transfer
from agent.dock.push.window import Window
from agent.dock.state import StateTeller
from agent.dock.to_vault.client import VaultClient
from agent.errors import UnreadableError, VaultError
from agent.vault import messages as m
from evidence import wire
from evidence.digests import CHUNK_BYTES
from evidence.errors import WireError
from evidence.limits import MAX_LINE_BYTES
from hw.errors import HardwareFault
from hw.types import BatteryReading
from tests.kits.device.backlog import Card
from tests.kits.device.dock import DEVICE, FullBattery, Rig


def test_backoff_doubles_up_to_its_bound_and_begins_again_after_a_success() -> None:
    backoff = Backoff(first_seconds=0.2, most_seconds=60, fraction=lambda: 1.0)
    pauses = [backoff.next_seconds() for _ in range(12)]
    assert pauses[:4] == [0.2, 0.4, 0.8, 1.6]
    assert pauses[-1] == 60
    backoff.succeeded()
    assert backoff.next_seconds() == 0.2


def test_backoff_has_full_jitter_and_survives_a_year_of_failures() -> None:
    backoff = Backoff(first_seconds=0.2, most_seconds=60, fraction=lambda: 0.0, failures=500_000)
    assert backoff.next_seconds() == 0


def test_window_takes_one_chunk_however_small_the_credit_and_none_when_it_is_shut() -> None:
    window = Window(8_000_000)
    window.grant(10)
    assert window.has_room(983_040)
    window.take(983_040)
    assert not window.has_room(1)
    window.give(983_040)
    window.grant(0)
    assert not window.has_room(1)


def test_credit_never_widens_the_window() -> None:
    window = Window(2_000_000)
    window.grant(1_000_000_000)
    window.take(1_500_000)
    assert not window.has_room(600_000)
    window.grant(None)
    assert window.has_room(500_000)


def test_mailbox_keeps_its_bounds_but_never_loses_the_end() -> None:
    bell = Event()
    mailbox = Mailbox(bell)
    for number in range(5_000):
        mailbox.put(Confirmed(number, 0))
    mailbox.put(Arrived("t", b"x"))
    mailbox.put(Lost("over"))
    taken = []
    while (event := mailbox.take()) is not None:
        taken.append(event)
    assert len(taken) == 4_097
    assert taken[-1] == Lost("over")
    assert mailbox.overflowed == 905
    assert bell.is_set()


@pytest.fixture
def transfer(tmp_path: Path) -> Transfer:
    card = Card(tmp_path)
    file = next(contents_of(card.add_session(3 * CHUNK_BYTES + 5)))
    return Transfer(DEVICE, file)


def test_only_whole_chunks_that_the_desk_has_are_left_out(transfer: Transfer) -> None:
    transfer.learn([(0, CHUNK_BYTES), (CHUNK_BYTES + 1, 3 * CHUNK_BYTES), (3 * CHUNK_BYTES, 2**50)])
    assert transfer.next_chunk == 1
    transfer.sent(1)
    assert transfer.next_chunk is None
    assert not transfer.is_complete


def test_acknowledgement_of_what_is_not_under_way_counts_nothing(transfer: Transfer) -> None:
    transfer.learn([])
    transfer.sent(0)
    assert transfer.arrived(CHUNK_BYTES) == 0
    assert transfer.arrived(1) == 0
    assert transfer.arrived(0) == CHUNK_BYTES
    assert transfer.arrived(0) == 0
    assert transfer.flying_bytes == 0


def test_chunk_under_way_is_not_sent_again_when_the_desk_is_asked_anew(transfer: Transfer) -> None:
    transfer.learn([])
    transfer.sent(0)
    transfer.ask()
    transfer.learn([])
    assert transfer.next_chunk == 1
    assert transfer.flying_bytes == CHUNK_BYTES


def test_desk_that_misses_parts_for_ever_ends_the_file_not_the_push(transfer: Transfer) -> None:
    for _ in range(MOST_ENDINGS):
        assert not transfer.over
        transfer.end()
        transfer.fall_short([])
    assert transfer.stage is Stage.FAILED


def test_chunk_is_sent_again_a_bounded_number_of_times(transfer: Transfer) -> None:
    assert [transfer.spoilt(0) for _ in range(MOST_RESENDS + 1)] == [False, False, False, True]


def test_line_longer_than_the_format_allows_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "device.jws"
    path.write_bytes(b"x" * (MAX_LINE_BYTES + 2) + b"\n")
    with pytest.raises(UnreadableError):
        list(lines_of(path))


def test_log_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        list(lines_of(tmp_path / "device.jws"))


def test_line_that_names_files_but_breaks_the_schema_names_none(tmp_path: Path) -> None:
    card = Card(tmp_path)
    session = card.add_session(10, 20)
    journal = Path(session.folder) / "journal.jws"
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([lines[0], b"torn", lines[2], *lines[3:]]))
    assert [file.name for file in contents_of(session)] == ["000001.mp4.age"]


def test_damaged_chunk_is_known_by_its_digest(tmp_path: Path) -> None:
    card = Card(tmp_path)
    file = next(contents_of(card.add_session(CHUNK_BYTES + 3)))
    content = bytearray(file.path.read_bytes())
    content[-1] ^= 1
    file.path.write_bytes(content)
    with OpenFile(file) as opened:
        opened.require_sound(0)
        with pytest.raises(UnreadableError):
            opened.require_sound(1)


def test_silent_fuel_gauge_is_told_as_unknown(tmp_path: Path) -> None:
    rig = Rig(tmp_path)

    class NoBattery(FullBattery):
        def read(self) -> BatteryReading:
            raise HardwareFault("battery", "no answer")

    board = type(rig.board)(**{**vars(rig.board), "battery": NoBattery()})
    pending = m.Pending(device_log="", log_bytes=0, recording=True, sessions=[])
    state = wire.decode_state(StateTeller(board, "1.0").now(pending, pushed_bytes=5))
    assert (state.battery_percent, state.charging, state.pushed_bytes) == (None, None, 5)
    assert state.recording
    assert state.online


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"online":1}', b'{"online":[]}'])
def test_malformed_state_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        wire.decode_state(payload)


@pytest.mark.parametrize("code", [b"[]", b"true", b"{}", b"1", b"null", b'"0"'])
def test_reason_code_of_another_type_is_refused(code: bytes) -> None:
    good = wire.encode_response(wire.Response(topic="t", reason_code=wire.ReasonCode.SUCCESS))
    with pytest.raises(WireError):
        wire.decode_response(good.replace(b'"reason_code":0', b'"reason_code":' + code))


Answers = Callable[[socket.socket], None]


def vault_that(path: Path, answers: Answers) -> Thread:
    """Something that listens where the vault would."""
    listener = listen(path)

    def accept() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                answers(connection)

    thread = Thread(target=accept, daemon=True)
    thread.start()
    return thread


def test_vault_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(VaultError):
        VaultClient(tmp_path / "dock.sock").pending()


def test_vault_that_hangs_up_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "dock.sock"
    thread = vault_that(path, lambda _connection: None)
    with pytest.raises(VaultError):
        VaultClient(path).note("docked", "")
    thread.join()


def test_vault_that_talks_nonsense_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "dock.sock"
    thread = vault_that(path, lambda connection: connection.sendall(b"\0\0\0\1x"))
    with pytest.raises(VaultError):
        VaultClient(path).pending()
    thread.join()


def test_vault_that_answers_another_question_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "dock.sock"

    def answer(connection: socket.socket) -> None:
        channel: Channel[m.FromDock, m.ToDock] = Channel(connection, m.FromDock)
        channel.receive()
        channel.send(m.Noted())

    thread = vault_that(path, answer)
    with pytest.raises(VaultError):
        VaultClient(path).submit(b"receipt")
    thread.join()
