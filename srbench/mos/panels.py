"""What a panel is told: who took part and how it ended, by the panel's own names where it gave a list of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.errors import StudyError
from srbench.mos.site.entrance import pseudonym
from srbench.mos.store.entrances import PARTICIPANT, Entrance, Place

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["rater", "code", "panel", "participant", "outcome", "rated", "minutes"]
_PROLIFIC = "https://app.prolific.com/submissions/complete?cc={code}"


def entrance(panel: str, quota: int, minutes: float, completed: str, screened_out: str, failed: str) -> Entrance:
    """Return an entrance; Prolific's codes become the addresses by which its participants return.

    Raises:
        StudyError: The panel is unknown, or a value is none that an entrance can have.
    """
    codes = [completed, screened_out, failed]
    if panel == "prolific":
        codes = [_PROLIFIC.format(code=code) if code and "://" not in code else code for code in codes]
    return Entrance(panel, quota, minutes, *codes)  # type: ignore[arg-type]  # the entrance itself refuses others


def with_placeholder(link: str, panel: str) -> str:
    """Return the link as the panel wants it, with its own placeholder where it writes who comes."""
    placeholder = {"prolific": "{{%PROLIFIC_PID%}}", "mturk": "${workerId}", "sona": "%SURVEY_CODE%"}.get(panel)
    return f"{link}?{PARTICIPANT[panel]}={placeholder}" if placeholder else link


def read_names(path: Path, column: str) -> list[str]:
    """Return what the panel calls its participants, from the CSV that the panel offers.

    Raises:
        StudyError: The file cannot be read or has no such column.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as error:
        raise StudyError(f"Cannot read {path}: {error}. Expected the panel's list of participants as CSV.") from None
    if column not in table:
        raise StudyError(f"{path} has no column {column!r}; it has {', '.join(table.columns)}. Name it with --column.")
    return [name.strip() for name in table[column].dropna()]


def payments(places: Sequence[Place], key: bytes, names: Sequence[str] = ()) -> pd.DataFrame:
    """Return one row per rater who came by an open link, and one per name that nobody came by.

    Args:
        places: Everybody who came.
        key: The secret of the study's servers, with which the names were hashed.
        names: What the panel calls its participants; without them the column holds hashes.

    Returns:
        Columns rater, code, panel, participant, outcome (`completed`, `failed`, `screened-out`, `checks-failed`,
        `timed-out`, `declined`, `withdrawn`, `closed`, `going-on`, or `never-came`), rated (ratings given), minutes
        (from entering to the last rating).
    """
    import pandas as pd

    known = {pseudonym(key, panel, name): name for panel in {place.panel for place in places} for name in names}
    rows: list[tuple[object, ...]] = []
    for each in places:
        minutes = None if each.last_rated is None else round((each.last_rated - each.entered) / 60, 1)
        who = known.get(each.participant or "", each.participant or "")
        rows.append((each.number, each.code, each.panel, who, each.outcome, each.rated, minutes))
    came = {row[3] for row in rows}
    rows += [(None, "", "", name, "never-came", 0, None) for name in names if name not in came]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"rater": "Int64"})
