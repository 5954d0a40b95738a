"""Finds our columns in a table, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from srbench.errors import StudyError, unknown
from srbench.ratings.declaration import Declaration
from srbench.ratings.delimited import TextTable

ALIASES = {
    "rater": ("rater", "subject", "observer", "user", "participant", "worker", "workerid", "annotator", "judge"),
    "dataset": ("dataset", "set", "database"),
    "image": ("image", "content", "src", "source", "reference", "scene"),
    "method": ("method", "condition", "hrc", "algorithm", "version"),
    "stimulus": ("stimulus", "stimuli", "pvs", "pvs_id", "video_name", "video", "file", "filename", "clip"),
    "score": ("score", "rating", "vote", "os", "opinion"),
    "trial": ("trial", "position", "order"),
    "repeat": ("repeat", "repetition"),
    "seconds": ("seconds", "time", "duration"),
    "study": ("study",),
    "rating_scale": ("rating_scale",),
    "design": ("design",),
}
"""Other common names of our columns, in small letters."""
PAIR_ALIASES = {name: ALIASES[name] for name in ("rater", "dataset", "image", "trial", "seconds", "study")} | {
    "left": ("left", "first"),
    "right": ("right", "second"),
    "a": ("a", "method_a", "item_a", "option_a", "player1", "option_1", "item1", "method1"),
    "b": ("b", "method_b", "item_b", "option_b", "player2", "option_2", "item2", "method2"),
    "winner": ("winner", "choice", "preferred", "preference", "answer", "result"),
    "loser": ("loser",),
    "score": ("score",),
    "sides": ("sides",),
}
SUMMARIES = frozenset(
    {"mos", "dmos", "ci", "95%ci", "ci95", "sd", "sos", "std", "stdev", "n", "mean", "median", "variance", "var"}
)
"""Titles of columns that hold what was computed of ratings, in small letters."""


def find(table: TextTable, declared: Declaration, aliases: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the columns that a table has, {ours: theirs}; declared ones go first.

    Raises:
        StudyError: A declared column is not there, or is none of ours.
    """
    for ours, theirs in declared.columns.items():
        if ours not in aliases:
            raise StudyError(f"{table.path}: {unknown('column', ours, aliases)}")
        if theirs not in table.head:
            raise StudyError(f"{table.path}: {unknown('column', theirs, table.head)}")
    free = [title for title in table.head if title not in declared.columns.values()]
    found = dict(declared.columns)
    for ours, names in aliases.items():
        match = next((title for name in names for title in free if title.lower() == name), None)
        if ours not in found and match is not None:
            found[ours] = match
    return found


def others(table: TextTable, taken: Iterable[str], declared: Declaration) -> tuple[list[str], list[str]]:
    """Return the columns that remain, and those of them that are no ratings: declared ones, and summaries.

    Raises:
        StudyError: A column to skip is not there.
    """
    strange = [title for title in declared.skip if title not in table.head]
    if strange:
        raise StudyError(f"{table.path}: {unknown('column', strange[0], table.head)}")
    rest = [title for title in table.head if title not in set(taken)]
    skipped = [title for title in rest if title in declared.skip or title.lower() in SUMMARIES]
    return [title for title in rest if title not in skipped], skipped


def skipped_note(skipped: Sequence[str]) -> list[str]:
    """Return the sentence that names columns which were left out."""
    return [f"Columns that hold no ratings were left out: {', '.join(skipped)}."] if skipped else []
