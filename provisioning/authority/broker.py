"""What Mosquitto is started with.

Owns rendering the broker's configuration and access list. Refuses to start anything. The reasons
of each setting stand in the templates, where whoever runs the broker reads them.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from string import Template

from provisioning.errors import SettingsError
from provisioning.layout import FILES, BureauFolder


def configuration(folder: BureauFolder, *, bind: str, port: int) -> bytes:
    """``mosquitto.conf`` with absolute paths.

    Args:
        folder: The bureau's folder.
        bind: Address to listen on.
        port: TCP port.

    Raises:
        SettingsError: The folder's path cannot stand in a configuration file.
    """
    if any(character in str(folder.path) for character in "\r\n\0"):
        raise SettingsError("the bureau folder's path holds a line break")
    return _render(
        "mosquitto.conf",
        broker=str(folder.broker),
        ca=str(folder.ca),
        crl=str(folder.crl),
        bind=bind,
        port=str(port),
        user=_user(folder.path),
    )


def access_list(desk: str) -> bytes:
    """The access list.

    Args:
        desk: Common name of the intake worker's certificate.
    """
    return _render("acl", desk=desk)


def _user(folder: Path) -> str:
    """Started as root, Mosquitto becomes another user, who could not read the keys."""
    if os.geteuid() != 0:
        return ""
    owner = folder.stat().st_uid if folder.exists() else 0
    name = pwd.getpwuid(owner).pw_name
    return f"\n# Started as root, it becomes the owner of this folder.\nuser {name}"


def _render(name: str, **values: str) -> bytes:
    return Template((FILES / name).read_text()).substitute(values).rstrip().encode() + b"\n"
