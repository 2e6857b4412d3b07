"""Protections of the machine: what its kernel and its services keep from the card and from others.

Owns the checks that read ``/proc``, ``/sys`` and ``/etc`` under a root prefix. Refuses to ask any
program.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from agent.doctor.finding import Finding, absent, broken, live

HARM: Final = {
    "CAP_LINUX_IMMUTABLE": 9,
    "CAP_SYS_MODULE": 16,
    "CAP_SYS_RAWIO": 17,
    "CAP_SYS_PTRACE": 19,
}
"""What no service may have; the first is the locker's alone."""
_DROP_IN: Final = Path("etc/systemd/system/service.d/10-no-harm.conf")
_LOGIN: Final = ("ssh.service", "sshd.service", "ssh.socket")


def swap(root: Path) -> Finding:
    """Memory must not reach the card: swap in compressed memory at most."""
    lines = _text(root / "proc/swaps").splitlines()[1:]
    on_card = [line.split()[0] for line in lines if not line.startswith("/dev/zram")]
    if on_card:
        return broken("swap", f"memory is swapped to {', '.join(on_card)}")
    return live("swap", "no swap on any medium")


def core_dumps(root: Path) -> Finding:
    """A crash must not write keys and plaintext."""
    pattern = _text(root / "proc/sys/kernel/core_pattern").strip()
    if pattern in ("", "|/bin/false"):
        return live("core_dumps", f"core_pattern is {pattern!r}")
    return broken("core_dumps", f"core_pattern is {pattern!r}")


def bounding(root: Path) -> Finding:
    """No service may lift a lock, write the raw card, load a module or look into the vault."""
    if not (root / _DROP_IN).is_file():
        return absent("bounding", f"/{_DROP_IN} is not there")
    held = re.search(r"^CapBnd:\s*([0-9a-f]+)", _text(root / "proc/self/status"), re.MULTILINE)
    if held is None:
        return broken("bounding", "this process does not say what it may")
    may = int(held[1], 16)
    left = [name for name, bit in HARM.items() if may >> bit & 1]
    if left:
        return broken("bounding", f"this process may still use {', '.join(left)}")
    return live("bounding", "this process is bounded as every service is")


def remote_login(root: Path) -> Finding:
    """Nobody comes in over the network."""
    wants = root / "etc/systemd/system"
    found = [path for name in _LOGIN for path in wants.rglob(name) if path.is_symlink()]
    if found:
        return broken("remote_login", f"{found[0].name} is enabled")
    return live("remote_login", "no ssh is enabled")


def volatile_logs(root: Path) -> Finding:
    """Logs name people's doings: they stay in memory."""
    if (root / "var/log/journal").is_dir():
        return broken("volatile_logs", "/var/log/journal keeps logs on the card")
    return live("volatile_logs", "logs stay in memory")


def read_only_root(root: Path) -> Finding:
    """The system cannot be changed while it runs."""
    for line in _text(root / "proc/self/mounts").splitlines():
        _, where, kind, options, *_ = line.split()
        if where == "/":
            if kind == "overlay" or "ro" in options.split(","):
                return live("read_only_root", f"/ is {kind}, {options.split(',')[0]}")
            return absent("read_only_root", "/ can be written")
    return absent("read_only_root", "nothing says how / is mounted")


def watchdog(root: Path) -> Finding:
    """A machine that hangs starts again by itself."""
    if (root / "dev/watchdog0").exists() or (root / "dev/watchdog").exists():
        return live("watchdog", "/dev/watchdog is there")
    return absent("watchdog", "/dev/watchdog is not there")


def clock_battery(root: Path) -> Finding:
    """The time survives a power cut."""
    if any((root / "sys/class/rtc").glob("rtc*")):
        return live("clock_battery", "a real-time clock is there")
    return absent("clock_battery", "/sys/class/rtc is empty")


CHECKS: Final = (
    swap,
    core_dumps,
    bounding,
    remote_login,
    volatile_logs,
    read_only_root,
    watchdog,
    clock_battery,
)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
