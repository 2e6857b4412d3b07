"""The label on a recorder: 60 by 40 millimetres, one on each page.

Owns what stands on it. Refuses names of people.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from provisioning.paper import qr
from provisioning.paper.page import fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A recorder as paper names it.

    Attributes:
        device: Device id (设备编号).
        model: 型号; empty where nobody said it.
        serial: 序列号; empty where nobody said it.
        fingerprint: RFC 7638 thumbprint of its signing key.
    """

    device: str
    model: str
    serial: str
    fingerprint: str

    @property
    def scanned(self) -> str:
        """What its QR code says."""
        return qr.said(self.device, self.fingerprint)


def labels(bureau: str, machines: Iterable[Machine]) -> str:
    """Labels as one HTML document, in the order given.

    Args:
        bureau: Its full name.
        machines: Whose.
    """
    rows = [(one, qr.picture(one.scanned)) for one in machines]
    return fill("label.html", bureau=bureau, rows=rows)
