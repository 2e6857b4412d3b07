"""Room that a file has before it needs it.

Owns the one call by which the medium keeps blocks for a file that only grows: whoever fills the
medium afterwards, root included, does not get them. Refuses to change what the file holds or how
long it is.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

_KEEP_SIZE: Final = 1
"""``FALLOC_FL_KEEP_SIZE``: the only mode that a file locked to grow takes."""


def keep_ahead(fd: int, size: int) -> bool:
    """Keep room for ``size`` bytes behind the end of ``fd``; False where the medium has none.

    What is kept already is not kept twice. The room stays with the file when it is closed.
    """
    fallocate = ctypes.CDLL(None, use_errno=True).fallocate64
    fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return int(fallocate(fd, _KEEP_SIZE, os.fstat(fd).st_size, size)) == 0
