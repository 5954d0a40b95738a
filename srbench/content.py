"""Finds the shipped content folders (methods, datasets, reports, mos_app): beside the package or inside it."""

from __future__ import annotations

from pathlib import Path

from srbench.errors import SrbenchError

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return the content folder `name`.

    In a checkout it lies beside the package, in an installed wheel under `srbench/_content`. Only `methods` is inside
    the package both times, because its files are modules `srbench.methods.<name>`: in a checkout by a link.

    Raises:
        SrbenchError: The folder is in neither place, so the installation is incomplete.
    """
    inside = _PACKAGE / ("methods" if name == "methods" else f"_content/{name}")
    if inside.is_dir():
        return inside
    beside = _PACKAGE.parent / name
    if beside.is_dir():
        return beside
    raise SrbenchError(
        f"The folder '{name}' that belongs to srbench was found neither at {inside} nor at {beside}. "
        "Install srbench again."
    )
