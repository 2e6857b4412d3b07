"""A bundle from a removable medium into the inbox: for a bureau without a dock network.

Owns copying its files, the manifest last. Refuses what is no bundle at all and what no update of
this size can be; whether it is tried is for the vault and the root process to judge.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from agent.settings import Device
from agent.update.bundle import open_bundle, take_over
from evidence import rulebook
from evidence.errors import EvidenceError, RulebookError
from evidence.rulebook import Root
from evidence.store import durable
from evidence.update import MANIFEST_NAME, Update


def stage(device: Device, source: Path) -> Update:
    """Copy the bundle in ``source`` to the inbox of ``device``.

    Returns:
        Its manifest.

    Raises:
        RulebookError: It is not signed by this device's bureau, or a file is missing or different.
        OSError: The medium is full or broken.
    """
    update, _ = open_bundle(source, root_of(device))
    inbox = device.paths.update_inbox
    scratch = inbox.with_name("staging.scratch")
    durable.release_scratch(scratch)
    take_over(source, update, scratch)
    for one in update.files:
        place = inbox / one.name
        durable.make_folder(place.parent)
        durable.replace_with(scratch / one.name, place)
    durable.replace_file(inbox / MANIFEST_NAME, (source / MANIFEST_NAME).read_bytes())
    durable.release_scratch(scratch)
    return update


def root_of(device: Device) -> Root:
    """Whose keys sign for this device, reached from its pinned CA.

    Raises:
        RulebookError: ``update_signature``: CA or root document cannot be used.
    """
    try:
        ca = x509.load_pem_x509_certificate(device.paths.ca.read_bytes())
        return rulebook.read_root(device.paths.root.read_bytes(), ca)
    except (EvidenceError, OSError, ValueError) as error:
        raise RulebookError(f"no root document: {error}", code="update_signature") from error
