"""Write the signed rulebooks of the five texts to ``tests/rulebooks``.

    .venv/bin/python -m scripts.make_rulebooks

They are made from fixed keys, so that a re-run gives no difference. A difference means that the
meaning of a key or the reading of a text has changed, and that has to be meant.
"""

from __future__ import annotations

from tests.kits.rules import rulebooks


def main() -> None:
    """Write every file."""
    written = rulebooks.files()
    for name, content in written.items():
        path = rulebooks.FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"{len(written)} files, {sum(map(len, written.values()))} bytes")


if __name__ == "__main__":
    main()
