"""Asking people for the passphrases of the offline root keys.

Owns the hidden prompt, and its twin, the file. Refuses to go on without either: nobody founds a
bureau with keys that open by themselves.
"""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from provisioning.authority.root import passphrases as rules
from provisioning.authority.root.passphrases import Passphrases
from provisioning.errors import PassphrasesError


def passphrases(file: Path | None, *, make: bool = False) -> Passphrases:
    """What is asked for a passphrase when one is needed.

    Args:
        file: Three lines; None: the person at the terminal.
        make: Whether a new one may be chosen, which is typed twice.

    Raises:
        PassphrasesError: The file is not usable.
    """
    if file is not None:
        return rules.read(file)
    return lambda number: _ask(number, make=make)


def _ask(number: int, *, make: bool) -> str:
    if not sys.stdin.isatty():
        raise PassphrasesError(
            f"nobody is here to type the passphrase of root key {number};"
            " give --root-passphrases FILE"
        )
    text = f"离线根密钥 {number} 的口令"
    if make:
        text = (
            f"为离线根密钥 {number} 设定口令（{number} 号保管人输入，至少 {rules.SHORTEST} 个字符）"
        )
    typed: str = typer.prompt(text, hide_input=True, confirmation_prompt=make, err=True)
    if make:
        rules.check(typed, number)
    return typed
