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
from provisioning.errors import PassphrasesDifferError, PassphrasesError


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


def somebody_is_here() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


def _ask(number: int, *, make: bool) -> str:
    if not somebody_is_here():
        raise PassphrasesError(
            f"nobody is here to type the passphrase of root key {number};"
            " give --root-passphrases FILE"
        )
    if not make:
        return _typed(f"离线根密钥 {number} 的口令")
    typed = _typed(
        f"为离线根密钥 {number} 设定口令（{number} 号保管人输入，至少 {rules.SHORTEST} 个字符）"
    )
    rules.check(typed, number)
    if _typed("请再输入一次") != typed:
        raise PassphrasesDifferError(f"the passphrase of root key {number} was typed in two ways")
    return typed


def _typed(prompt: str) -> str:
    answer: str = typer.prompt(prompt, hide_input=True, err=True)
    return answer
