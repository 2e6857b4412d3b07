"""The passphrases of the three offline root keys.

Owns reading them from a file and what a passphrase has to be. Refuses short ones, one for two keys,
and a file that others can read: three people keep three keys.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from provisioning.errors import PassphrasesError

KEYS: Final = 3
"""Offline keys of a bureau; two of them sign."""
SHORTEST: Final = 12
_LONGEST_FILE: Final = 4_096

Passphrases = Callable[[int], str]
"""Asked for the passphrase of root key 1, 2 or 3 when it is needed, and only then."""


def given(passphrases: Sequence[str]) -> Passphrases:
    """Passphrases that are there already.

    Args:
        passphrases: Of key 1, 2 and 3.

    Raises:
        PassphrasesError: Not three, too short, or not different.
    """
    if len(passphrases) != KEYS:
        raise PassphrasesError(f"{len(passphrases)} passphrases where each of {KEYS} keys has one")
    for number, passphrase in enumerate(passphrases, start=1):
        check(passphrase, number)
    if len(set(passphrases)) < KEYS:
        raise PassphrasesError("two keys have the same passphrase")
    return lambda number: passphrases[number - 1]


def read(path: Path) -> Passphrases:
    """Read them from a file: one a line, for key 1, 2 and 3.

    Raises:
        PassphrasesError: It cannot be read, others can read it, or a line is no passphrase.
    """
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise PassphrasesError(f"{path} can be read by others; run: chmod 600 {path}")
        with path.open("rb") as file:
            text = file.read(_LONGEST_FILE).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise PassphrasesError(f"{path} cannot be read: {error}") from error
    return given(text.splitlines())


def check(passphrase: str, number: int) -> None:
    """Whether it may protect a key.

    Raises:
        PassphrasesError: Too short, or with characters that no keyboard repeats.
    """
    if len(passphrase) < SHORTEST or not passphrase.isprintable():
        raise PassphrasesError(
            f"the passphrase of root key {number} has fewer than {SHORTEST} printable characters"
        )
