"""``recorder``: the command, and the start of each of the device's processes.

Owns the start of the process. Refuses to import anything that an extra installs before it can say
which extra is missing.
"""

from __future__ import annotations

import sys
from pathlib import Path

_OWN = {"agent", "bureau", "evidence", "hw", "provisioning"}


def run() -> None:
    """Run the command line; exits with 2 where the ``device`` extra is not installed.

    The four processes are started as their units start them: without the command line's libraries.
    """
    try:
        from agent import processes

        name, option, folder, *more = [*sys.argv[1:], "", "", ""]
        if name in processes.PROCESSES and option == "--device" and not any(more):
            processes.run(name, Path(folder))
            return
        from agent.cli import app
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in _OWN:
            raise
        print(f"缺少组件 {missing}。请安装：pip install 'zhifa-recorder[device]'", file=sys.stderr)
        raise SystemExit(2) from error
    app()


if __name__ == "__main__":
    run()
