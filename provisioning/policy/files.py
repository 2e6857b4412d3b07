"""Changes of the rulebook as a clerk writes them: ``KEY=VALUE``, a JSON file or a TOML file.

Owns reading them. Refuses to judge the values: ``evidence.rulebook`` does, before anything is
signed.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from evidence.rulebook import KEYS
from provisioning.errors import PolicyError

_LARGEST_FILE: Final = 256 * 1024


def read_changes(changes: Sequence[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE``; a value that is no JSON is a text.

    Raises:
        PolicyError: No ``=``, or a key twice.
    """
    found: dict[str, Any] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or key in found:
            raise PolicyError(f"{change!r} is not KEY=VALUE, or its key stands twice")
        found[key] = _value(value)
    return found


def read_all(changes: Sequence[str]) -> dict[str, Any]:
    """Read ``KEY=VALUE`` and names of files, in any mixture; what comes later counts.

    Raises:
        PolicyError: One is neither, or a file cannot be read.
    """
    found: dict[str, Any] = {}
    for change in changes:
        name = change.partition("=")[0]
        is_file = name not in KEYS and Path(change).is_file()
        found |= read_file(Path(change)) if is_file else read_changes([change])
    return found


def read_file(path: Path) -> dict[str, Any]:
    """Read a policy file: JSON, or TOML by its suffix. Tables of TOML are the parts of a key.

    Raises:
        PolicyError: It cannot be read, or holds something else.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise PolicyError(f"{path} is larger than {_LARGEST_FILE} bytes")
        text = content.decode()
        policy = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise PolicyError(f"{path} is no policy file: {error}") from error
    if not isinstance(policy, dict):
        raise PolicyError(f"{path} holds no keys")
    return _flat(policy)


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _flat(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Tables one level deep become dotted keys: ``[officers] min = 2``."""
    found: dict[str, Any] = {}
    for name, value in policy.items():
        if isinstance(value, dict) and name not in KEYS:
            found |= {f"{name}.{part}": one for part, one in value.items()}
        else:
            found[name] = value
    return found
