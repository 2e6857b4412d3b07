"""The bureau's CA as a judge pins it."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509


def ca_of(bureau: Path) -> x509.Certificate:
    """The CA's certificate of the bureau in ``bureau``."""
    return x509.load_pem_x509_certificate((bureau / "certs" / "ca.pem").read_bytes())
