"""Puts ratings that were given elsewhere into the store of studies, which holds whole scores from 1 to 5."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.errors import StudyError
from srbench.mos.store.definitions import SYNTHETIC, StudyRecord, check_name
from srbench.mos.store.imports import add_ratings
from srbench.ratings.declaration import Declaration
from srbench.ratings.reading import understand
from srbench.ratings.understood import Understood
from srbench.stats.rating_scale import ACR, RatingScale

if TYPE_CHECKING:
    from srbench.mos.store.stores import Store

STORED = RatingScale(ACR.low, ACR.high, 1.0)
"""The scale of the store."""


def storable(path: Path, columns: Mapping[str, str] | None = None) -> Understood:
    """Read a file whose ratings the store can hold.

    Raises:
        StudyError: It cannot be read, see `understand`; or it holds comparisons, or other scores.
    """
    found = understand(path, Declaration(columns=dict(columns or {})))
    table = f"A table of them, which reports take, is made by: srbench ratings import {path} OUT.csv"
    if found.compares:
        raise StudyError(f"{path} holds comparisons, and the store of studies takes ratings. {table}")
    scores = found.answers["score"].to_numpy()
    off = found.answers[STORED.off(scores)]
    if len(off):
        row = off.iloc[0]
        raise StudyError(f"{path}, {row['place']}: expected a whole score from 1 to 5, got {row['score']:g}. {table}")
    if found.scale not in {ACR, STORED}:
        raise StudyError(f"{path} has ratings from {found.scale.words}, and the store those from 1 to 5. {table}")
    return found


def store_ratings(store: Store, name: str, found: Understood) -> StudyRecord:
    """Store ratings as the closed study `name`; those that a simulation drew stay marked as such.

    Raises:
        StudyError: There is a study of that name; or synthetic ratings were to get a name that hides what they are, or
            the reverse.
    """
    check_name(name)
    if found.synthetic != name.startswith(SYNTHETIC):
        kind = "a simulation's" if found.synthetic else "real"
        rule = "must begin" if found.synthetic else "must not begin"
        raise StudyError(
            f"{found.path} holds {kind} ratings: the name of their study {rule} with '{SYNTHETIC}', got {name!r}."
        )
    return add_ratings(store, name, _rows(found), "synthetic" if found.synthetic else "imported")


def _rows(found: Understood) -> list[dict[str, Any]]:
    names = ["rater", "trial", "dataset", "image", "method", "repeat", "score", "seconds"]
    table = found.table[names].astype({"seconds": object})
    table["seconds"] = table["seconds"].where(table["seconds"].notna(), None)
    return [dict(zip(names, row, strict=True)) for row in table.itertuples(index=False, name=None)]
