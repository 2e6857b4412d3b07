"""Write the golden sessions to ``tests/vectors``.

    .venv/bin/python -m scripts.make_vectors

They are made from fixed keys at fixed times, so that a re-run gives no difference. A difference
means that the format or a judgement has changed, and that has to be meant: read it before it is
committed.
"""

from __future__ import annotations

from tests.kits.records import vectors


def main() -> None:
    """Write every file of every golden session."""
    written = vectors.files(vectors.make())
    for name, content in written.items():
        path = vectors.FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    kept = {str(path.relative_to(vectors.FOLDER)) for path in vectors.FOLDER.rglob("*.*")}
    for stale in sorted(kept - written.keys()):
        print(f"no longer made, take it away: tests/vectors/{stale}")
    print(f"{len(written)} files, {sum(map(len, written.values()))} bytes")


if __name__ == "__main__":
    main()
