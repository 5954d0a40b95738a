"""Study files to begin with, one for each design; they lie in `mos_app/templates` and show what a run has."""

from __future__ import annotations

from pathlib import Path

from srbench import content
from srbench.errors import StudyError, unknown


def folder() -> Path:
    """Return where the templates lie."""
    return content.folder("mos_app") / "templates"


def descriptions() -> dict[str, str]:
    """Return every template's first line, by name."""
    paths = sorted(folder().glob("*.toml"))
    return {path.stem: path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") for path in paths}


def path(name: str) -> Path:
    """Return the file of a template.

    Raises:
        StudyError: There is none of that name.
    """
    if name not in descriptions():
        raise StudyError(unknown("template", name, descriptions()))
    return folder() / f"{name}.toml"
