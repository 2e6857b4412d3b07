"""``provision``: where commands and clock meet.

Owns the start of the process. Refuses to import anything that an extra installs before it can say
which extra is missing.
"""

from __future__ import annotations

import sys
import time

_OWN = {"agent", "bureau", "evidence", "hw", "provisioning"}


def run() -> None:
    """Run the command line; exits with 2 where the ``desk`` extra is not installed."""
    try:
        from provisioning.cli import app

        app(obj=time.time_ns)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in _OWN:
            raise
        print(f"缺少组件 {missing}。请安装：pip install 'zhifa-recorder[desk]'", file=sys.stderr)
        raise SystemExit(2) from error


if __name__ == "__main__":
    run()
