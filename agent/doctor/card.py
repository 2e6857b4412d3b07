"""Protections of what was recorded: locks, separation of users, room kept in reserve.

Owns the checks that look at the device folder. Refuses to open what is sealed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from agent.doctor.finding import Finding, absent, broken, live
from agent.locker import flags
from agent.settings import Device

_LOOKED_AT: Final = 200


def locker(device: Device) -> Finding:
    """A process of its own locks what is recorded."""
    if device.settings.locks != "kernel":
        return absent("locker", 'device.toml does not say locks = "kernel"')
    if not device.paths.locker_socket.is_socket():
        return broken("locker", f"nobody listens at {device.paths.locker_socket}")
    return live("locker", "the locker listens")


def locks(device: Device) -> Finding:
    """Every file of a session is locked by the kernel."""
    files = _files(device.paths.sessions)
    if not files:
        return absent("locks", "nothing is recorded yet that could be locked")
    try:
        free = [path for path in files if not _is_locked(path)]
    except OSError as error:
        return absent("locks", f"the flags cannot be read: {error.strerror}")
    if len(free) == len(files) and device.settings.locks != "kernel":
        return absent("locks", f"{len(files)} files, none locked: signatures alone protect them")
    if free:
        return broken("locks", f"{len(free)} of {len(files)} files are not locked: {free[0].name}")
    return live("locks", f"{len(files)} files are locked")


def keys(device: Device) -> Finding:
    """Private keys can be read by their owners alone."""
    for path in (device.paths.signing_key, device.paths.tls_key):
        try:
            mode = path.stat().st_mode
        except PermissionError:
            continue  # out of reach is what it should be
        except OSError as error:
            return broken("keys", f"{path.name}: {error.strerror}")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            return broken("keys", f"{path.name} can be read by others: chmod 600")
    return live("keys", "each key can be read by its owner alone")


def users(device: Device) -> Finding:
    """Recorder, vault and dock are three users: store and network never meet in one."""
    try:
        owners = {
            name: path.stat().st_uid
            for name, path in (("store", device.paths.store), ("tls", device.paths.tls_key))
        }
    except OSError as error:
        return broken("users", f"{error.filename}: {error.strerror}")
    if owners["store"] == owners["tls"]:
        return absent("users", "one user owns the store and the network's key")
    return live("users", "the store and the network's key have different owners")


def reserve(device: Device) -> Finding:
    """Room is kept for the end of a session on a full card."""
    wanted = device.settings.reserve_bytes
    if wanted == 0:
        return absent("reserve", "device.toml keeps no reserve")
    held = device.paths.reserve.stat().st_size if device.paths.reserve.exists() else 0
    if held < wanted:
        return broken("reserve", f"{held} of {wanted} bytes are kept")
    return live("reserve", f"{held} bytes are kept")


CHECKS: Final = (locker, locks, keys, users, reserve)


def _files(sessions: Path) -> list[Path]:
    """The newest files of sessions, enough of them to see a rule."""
    found = (path for path in sorted(sessions.glob("*/*"), reverse=True) if path.is_file())
    return [path for path, _ in zip(found, range(_LOOKED_AT), strict=False)]


def _is_locked(path: Path) -> bool:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return bool(flags.read_flags(fd) & (flags.APPEND | flags.IMMUTABLE))
    finally:
        os.close(fd)
