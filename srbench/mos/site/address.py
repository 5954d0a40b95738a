"""Where a study is served: the server writes it down, so that invitations made elsewhere lead there."""

from __future__ import annotations

from pathlib import Path

from srbench.images import write_atomically

DEFAULT = "http://127.0.0.1:8501"
"""Where `srbench mos serve` listens when it is told nothing else."""

_FILE = "address.txt"


def remember(folder: Path, address: str) -> None:
    """Write down under which address the study in `folder` is served."""
    write_atomically(folder / _FILE, f"{address}\n".encode())


def recall(folder: Path) -> str | None:
    """Return the address under which the study in `folder` was served last, or None."""
    path = folder / _FILE
    return path.read_text(encoding="utf-8").strip() or None if path.is_file() else None
