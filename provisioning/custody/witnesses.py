"""What stands in files and has no line in the ledger any more.

Owns finding assignments that the bureau signed and the ledger does not know: lines come first, so
its end is missing. Refuses to call a stranger's file a witness: the audit names it.
"""

from __future__ import annotations

from collections.abc import Iterator

from evidence import assignment
from evidence.assignment import Assignment
from evidence.errors import EvidenceError
from provisioning.bureau_folder import Bureau
from provisioning.custody.state import State


def words_without_lines(bureau: Bureau, state: State) -> Iterator[Assignment]:
    """Assignments beyond the last one that the ledger knows of a device, in order."""
    root = bureau.folder.assignments("x").parent
    for path in sorted(root.glob("*/*.jws")):
        custody = state.devices.get(path.parent.name)
        if custody is not None and path.stem <= f"{custody.number:06d}":
            continue
        try:
            yield assignment.read(path.read_bytes(), bureau.ca, device=path.parent.name)
        except (OSError, EvidenceError):
            continue
