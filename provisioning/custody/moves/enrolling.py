"""A recorder is taken in.

Owns its line in the ledger. Refuses keys and certificates: ``provisioning.enrolment`` has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provisioning.custody.lines import Kind
from provisioning.custody.moves import Around, Entry
from provisioning.custody.registry import Entry as Registered
from provisioning.custody.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrol:
    """The device is one of the bureau's.

    Attributes:
        entry: As the registry has it.
    """

    entry: Registered

    def entries(self, state: State, around: Around) -> Sequence[Entry]:
        """One line, or none where it is enrolled already."""
        del around
        known = state.devices.get(self.entry.device)
        if known is not None and known.enrolled is not None:
            return ()
        fields = {
            "device": self.entry.device,
            "signing": self.entry.signing.sha256,
            "tls": self.entry.tls.sha256,
            "serial": self.entry.serial,
            "model": self.entry.model,
        }
        return (Entry(Kind.ENROLLED, fields),)
