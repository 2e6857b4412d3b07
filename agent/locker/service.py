"""The locker's process, put together.

Owns the order: try the locks, then listen, then report ready. Refuses to listen before the trial.
"""

from __future__ import annotations

from threading import Event

from cryptography import x509

from agent.errors import SettingsError
from agent.locker.permission import Permission
from agent.locker.self_test import prove_locks
from agent.locker.server import listen, serve
from agent.settings import Paths
from hw.ports import Watchdog


def run(paths: Paths, device: str, watchdog: Watchdog, stop: Event) -> None:
    """Serve the vault until ``stop`` is set.

    Args:
        paths: The device folder.
        device: Device id.
        watchdog: Is told that the process is ready, and that it lives.
        stop: Set by whoever ends the process.

    Raises:
        SettingsError: The bureau's CA is missing.
        LockFault: The kernel's flags do not hold here.
    """
    try:
        ca = x509.load_pem_x509_certificate(paths.ca.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{paths.ca} is no certificate ({error}); enrol the device") from error
    prove_locks(paths.trial)
    listener = listen(paths.locker_socket)
    try:
        serve(listener, Permission(ca, device), watchdog, stop)
    finally:
        listener.close()
