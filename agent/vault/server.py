"""The vault's process: two sockets in front of one vault.

Owns the connections of recorder and dock. Refuses a second recorder while one is attached, and
every message that is not in the protocol: that connection ends, the vault goes on.
"""

from __future__ import annotations

import itertools
import logging
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import assert_never

from agent.channel import Channel, listen
from agent.errors import ProtocolError, VaultError
from agent.settings import Device
from agent.vault import messages as m
from agent.vault.vault import Vault
from hw.ports import VaultBoard

_log = logging.getLogger(__name__)

RecorderChannel = Channel[m.FromRecorder | m.FromTester, m.ToRecorder | m.ToTester]
DockChannel = Channel[m.FromDock, m.ToDock]

_POLL_SECONDS = 0.5
_TAKE_OVER_SECONDS = 2.0


def serve(device: Device, board: VaultBoard, stop: Event) -> None:
    """Run the vault until ``stop`` is set.

    Args:
        device: Settings and folder.
        board: The vault's ports.
        stop: Set by whoever ends the process.

    Raises:
        RefusedError: Key or certificate are unusable.
        VaultError: The medium or a vital thread failed; the process has to end non-zero, so that it
            is started again and recovers.
    """
    _Server(device, board, stop).run()


class _Server:
    def __init__(self, device: Device, board: VaultBoard, stop: Event) -> None:
        self._device = device
        self._clock = board.clock
        self._watchdog = board.watchdog
        self._stop = stop
        self._error: Exception | None = None
        self._vault = Vault(device, board, self._fail)
        self._recorder_lock = Lock()

    def run(self) -> None:
        self._vault.start()
        listeners = [
            self._accept(self._device.paths.vault_socket, self._serve_recorder),
            self._accept(self._device.paths.dock_socket, self._serve_dock),
        ]
        while not self._clock.wait(self._stop, _POLL_SECONDS):
            continue
        self._watchdog.stopping("asked to end" if self._error is None else "cannot go on")
        for listener in listeners:
            listener.close()
        if self._error is not None:
            raise VaultError(f"the vault cannot go on: {self._error}") from self._error
        self._vault.stop()

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._stop.set()

    def _accept(self, path: Path, serve_one: Callable[[socket.socket], None]) -> socket.socket:
        listener = listen(path)
        name = f"accept-{listener.getsockname()}"
        Thread(target=self._accept_all, args=(listener, serve_one), name=name, daemon=True).start()
        return listener

    def _accept_all(
        self, listener: socket.socket, serve_one: Callable[[socket.socket], None]
    ) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError as error:
                if not self._stop.is_set():
                    self._fail(error)
                return
            Thread(target=self._guard, args=(serve_one, connection), daemon=True).start()

    def _guard(self, serve_one: Callable[[socket.socket], None], connection: socket.socket) -> None:
        """A broken connection ends alone; anything else takes the vault down."""
        try:
            serve_one(connection)
        except (ProtocolError, OSError) as error:
            _log.warning("a connection ended: %s", error)
        except Exception as error:  # noqa: BLE001 - a vital thread: reported whole
            self._fail(error)
        finally:
            connection.close()

    def _serve_recorder(self, connection: socket.socket) -> None:
        channel: RecorderChannel = Channel(connection, m.FromRecorder | m.FromTester)
        first = channel.receive()
        if isinstance(first, m.FromTester):
            # It asks, and takes nobody's place.
            self._serve_tester(channel, first)
            return
        # The one that died is noticed in a moment; one that lives keeps its place.
        if not self._recorder_lock.acquire(timeout=_TAKE_OVER_SECONDS):
            channel.send(m.Refused(code="recording", detail="a recorder is attached already"))
            return
        try:
            notify = partial(_send, channel)
            for message in itertools.chain(() if first is None else (first,), channel):
                if isinstance(message, m.FromTester):
                    raise ProtocolError("a recorder asks no tester's question")
                self._from_recorder(message, notify)
        finally:
            self._vault.detach()
            self._recorder_lock.release()

    def _serve_tester(self, channel: RecorderChannel, first: m.FromTester) -> None:
        answer = partial(_send, channel)
        for message in itertools.chain((first,), channel):
            match message:
                case m.AskFacts():
                    self._vault.ask_facts(message, answer)
                case m.SignReport():
                    self._vault.sign_report(message, answer)
                case _:
                    raise ProtocolError("a tester asks, and no more")

    def _from_recorder(  # noqa: C901, PLR0912 - one case per message
        self, message: m.FromRecorder, notify: Callable[[m.ToRecorder], None]
    ) -> None:
        vault = self._vault
        match message:
            case m.Fragment():
                vault.feed(message)
            case m.BeginSegment():
                vault.begin(message)
            case m.EndSegment():
                vault.end(message)
            case m.StoreEvent():
                vault.store_event(message)
            case m.OpenSession():
                vault.open_session(message)
            case m.CloseSession():
                vault.close_session(message)
            case m.NotePress():
                vault.note_press(message)
            case m.NoteFault():
                vault.note_fault(message)
            case m.StorePhoto():
                vault.store_photo(message)
            case m.StorePreflight():
                vault.store_preflight(message)
            case m.AskStatus():
                vault.ask_status()
            case m.Attach():
                vault.attach(notify)
            case _:
                assert_never(message)

    def _serve_dock(self, connection: socket.socket) -> None:
        channel: DockChannel = Channel(connection, m.FromDock)
        answer = partial(_send, channel)
        for message in channel:
            match message:
                case m.ListPending():
                    self._vault.list_pending(answer)
                case m.SubmitReceipt():
                    self._vault.submit_receipt(message, answer)
                case m.NoteDock():
                    self._vault.note_dock(message, answer)
                case m.SubmitPlan():
                    self._vault.submit_plan(message, answer)
                case m.SubmitWord():
                    self._vault.submit_word(message, answer)
                case m.SubmitChallenge():
                    self._vault.submit_challenge(message, answer)
                case m.SubmitTime():
                    self._vault.submit_time(message, answer)
                case m.SubmitPiece():
                    self._vault.submit_piece(message, answer)
                case _:
                    assert_never(message)


def _send(
    channel: RecorderChannel | DockChannel, message: m.ToRecorder | m.ToDock | m.ToTester
) -> None:
    """Send to whoever is there; who has gone learns the same when it attaches again."""
    try:
        channel.send(message)  # type: ignore[arg-type]
    except OSError as error:
        _log.info("an answer found nobody: %s", error)
