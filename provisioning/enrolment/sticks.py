"""``provision enrol DEVICE --request``: request and answer on a stick.

Owns reading the one file and writing the other. Refuses without the digits that the device showed:
they are compared here, not by eye.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from evidence.enrolment import MAX_REQUEST_BYTES, digits_of, is_digits, plain_digits
from evidence.store.durable import make_folder, replace_file
from provisioning.bureau_folder import UtcNs, open_bureau
from provisioning.enrolment.admission import Admission, Applicant
from provisioning.enrolment.errors import AdmissionError
from provisioning.plan import Report, Step, carry_out

REQUEST_SUFFIX: Final = ".request.jws"
BUNDLE_SUFFIX: Final = ".bundle.json"

Ask = Callable[[Applicant], str]
"""Asks the clerk for the digits that the device shows."""


def answer_request(
    bureau_path: Path,
    request_path: Path,
    to: Path,
    ask: Ask,
    *,
    clock: UtcNs,
    dry_run: bool = False,
) -> Report:
    """Grant the request on a stick and write the answer beside it; again, it changes nothing.

    Args:
        bureau_path: The bureau's folder.
        request_path: The request file, or the folder of the one request that lies there.
        to: Where the answer goes.
        ask: Asks the clerk for the digits; not asked for a device that was admitted before.
        clock: UTC in nanoseconds.
        dry_run: Only say what would happen.

    Raises:
        ProvisioningError: Refused; nothing was issued.
    """
    admission = Admission(bureau_path, clock)
    request = _read(request_path)
    applicant = admission.judge(request)
    if applicant.entry is None:
        ca = open_bureau(bureau_path).ca
        check_digits(ask(applicant), digits_of(request, ca))
    bundle, outcomes = admission.admit(request, dry_run=dry_run)
    path = to / f"{applicant.device}{BUNDLE_SUFFIX}"
    written = carry_out([_bundle_step(path, bundle)], dry_run=dry_run)
    facts = {
        "device": applicant.device,
        "serial": applicant.received.request.serial,
        "bundle": str(path),
    }
    return Report(outcomes=(*outcomes, *written), facts=facts)


def request_of(device: str | None, there: Path) -> Path:
    """The request of ``device`` on a stick that may hold others'; ``there`` where none is named."""
    return there / f"{device}{REQUEST_SUFFIX}" if device and there.is_dir() else there


def check_digits(typed: str, right: str) -> None:
    """Compare what the clerk read off the device.

    Raises:
        AdmissionError: ``digits``: they differ, or are none.
    """
    if not is_digits(typed) or plain_digits(typed) != plain_digits(right):
        raise AdmissionError("the digits are not those that the device shows", code="digits")


def _bundle_step(path: Path, bundle: bytes) -> Step:
    def do() -> None:
        make_folder(path.parent)
        # A stick is FAT: it knows no permissions.
        replace_file(path, bundle, mode=None)

    # Each answer is signed anew, so the one that lies there is never the same.
    return Step(f"应答文件 {path}", lambda: False, do)


def _read(path: Path) -> bytes:
    try:
        found = sorted(path.glob(f"*{REQUEST_SUFFIX}")) if path.is_dir() else [path]
        if len(found) != 1:
            raise AdmissionError(f"{path} holds {len(found)} requests, not one", code="medium")
        with found[0].open("rb") as file:
            return file.read(MAX_REQUEST_BYTES + 1)
    except OSError as error:
        raise AdmissionError(f"{path}: {error.strerror}", code="medium") from error
