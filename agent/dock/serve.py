"""The dock's process, put together.

Owns which concrete parts meet: paho behind ``Link``, the vault's socket, the board. Refuses work
of its own; ``agent.dock.watch`` is the loop.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from threading import Event
from typing import Final

from agent.dock.adapted_paho import AdaptedLink
from agent.dock.backoff import Backoff
from agent.dock.exchange import Exchange
from agent.dock.link import Link
from agent.dock.paho_link import BrokerAddress, PahoLink
from agent.dock.presence import Presence
from agent.dock.push.handover import Pace
from agent.dock.state import StateTeller
from agent.dock.to_vault.client import Vault, VaultClient
from agent.dock.to_vault.receipts import ReceiptDesk
from agent.dock.watch import Watch
from agent.settings import Device
from evidence.wire import Topics
from hw.ports import DockBoard

_log = logging.getLogger(__name__)

_MS: Final = 1_000
_STEPS: Final = 1 << 32


def serve(
    device: Device, board: DockBoard, stop: Event, *, make_link: Callable[[], Link] | None = None
) -> None:
    """Run the dock until ``stop`` is set.

    Args:
        device: Settings and folder.
        board: The dock's ports.
        stop: Set by whoever ends the process.
        make_link: Makes a fresh link for each connection; paho's where none is given.
    """
    vault = VaultClient(device.paths.dock_socket)
    try:
        watch_for(device, board, stop, vault, make_link or paho_links(device)).run()
        board.watchdog.stopping("asked to end")
    finally:
        vault.close()


def watch_for(
    device: Device,
    board: DockBoard,
    stop: Event,
    vault: Vault,
    make_link: Callable[[], Link],
) -> Watch:
    """The loop of ``device``, ready to run."""
    transfer = device.settings.transfer
    presence = Presence(board, stop)
    receipts = ReceiptDesk(vault)
    state = StateTeller(board, device.settings.firmware)

    def connect() -> Exchange:
        return Exchange(
            make_link(),
            presence,
            Topics(device.settings.device_id),
            receipts,
            connect_seconds=transfer.connect_timeout_ms / _MS,
            will=state.will(),
        )

    return Watch(
        presence,
        receipts,
        connect,
        state,
        pace=Pace(
            window_bytes=transfer.window_bytes,
            answer_seconds=transfer.chunk_timeout_ms / _MS,
            retry_seconds=transfer.backoff_most_ms / _MS,
        ),
        backoff=Backoff(
            first_seconds=transfer.backoff_first_ms / _MS,
            most_seconds=transfer.backoff_most_ms / _MS,
            fraction=lambda: secrets.randbelow(_STEPS) / _STEPS,
        ),
    )


def paho_links(device: Device) -> Callable[[], Link]:
    """Makes links to the broker that ``device`` was told of."""
    settings = device.settings
    address = BrokerAddress(
        device_id=settings.device_id,
        host=settings.broker.host,
        port=settings.broker.port,
        ca=device.paths.ca,
        certificate=device.paths.tls_certificate,
        key=device.paths.tls_key,
        connect_seconds=settings.transfer.connect_timeout_ms / _MS,
    )
    kind = {"adapted": AdaptedLink, "stock": PahoLink}[settings.transfer.client]
    _log.info("messages go through the %s client", settings.transfer.client)
    return lambda: kind(address)
