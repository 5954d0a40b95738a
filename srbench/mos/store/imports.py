"""Ratings that were given elsewhere: read from somebody's CSV file, and stored as a closed study of their own."""

from __future__ import annotations

import csv
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from srbench.errors import StudyError, unknown
from srbench.mos.store import models as m
from srbench.mos.store.definitions import SYNTHETIC, ScheduledTrial, Settings, Stimulus, StudyRecord, check_name
from srbench.mos.store.enrolment import trial_row

if TYPE_CHECKING:
    import pandas as pd

    from srbench.mos.store.stores import Store

_ALIASES = {
    "rater": ("rater", "subject", "observer", "user", "participant", "worker"),
    "dataset": ("dataset", "set", "database"),
    "image": ("image", "content", "src", "source", "reference"),
    "method": ("method", "condition", "hrc", "algorithm", "version"),
    "score": ("score", "rating", "vote", "os", "opinion"),
    "trial": ("trial", "position", "order"),
    "repeat": ("repeat", "repetition"),
    "seconds": ("seconds", "time", "duration"),
}
_NEEDED = ("rater", "image", "method", "score")


def read(path: Path, columns: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Read somebody's ratings from a CSV file in long form: one line per rating.

    The columns may be called as in `Rating` or by common other names (subject, content, condition, vote); `columns`
    maps our name to the file's for all others. Data set, trial, repeat and seconds may be missing: they become
    `imported`, the order in the file, the number of earlier ratings of the same picture, and unknown.

    Raises:
        StudyError: The file cannot be read, lacks a column, or holds a score that is no whole number from 1 to 5.
    """
    import pandas as pd

    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise StudyError(f"Cannot read ratings from {path}: {error}.") from None
    found = _columns(path, list(raw.columns), dict(columns or {}))
    table = pd.DataFrame({ours: raw[theirs].str.strip() for ours, theirs in found.items()})
    if table.empty:
        raise StudyError(f"{path} holds no rating.")
    if "dataset" not in table:
        table["dataset"] = "imported"
    empty = [name for name in ("rater", "dataset", "image", "method") if (table[name] == "").any()]
    if empty:
        raise StudyError(f"{path}: column '{found.get(empty[0], empty[0])}' has empty cells.")
    table["score"] = _whole(path, table["score"], 1, 5)
    place = ["rater", "dataset", "image", "method"]
    counted = {"trial": table.groupby("rater").cumcount() + 1, "repeat": table.groupby(place).cumcount()}
    for name, values in counted.items():
        table[name] = _whole(path, table[name], 0, 10**6) if name in table else values
    for key in (["rater", "trial"], [*place, "repeat"]):
        if table.duplicated(key).any():
            line = int(table.duplicated(key).to_numpy().argmax()) + 2
            raise StudyError(f"{path}, line {line}: this {' + '.join(key)} was there before. Each rating counts once.")
    seconds = pd.to_numeric(table["seconds"], errors="coerce") if "seconds" in table else pd.Series([None] * len(table))
    table["seconds"] = seconds.astype(object).where(seconds.notna() & (seconds.astype(float) >= 0), None)
    names = [str(name) for name in table.columns]
    return [dict(zip(names, row, strict=True)) for row in table.itertuples(index=False, name=None)]


def store_ratings(store: Store, name: str, path: Path, columns: Mapping[str, str] | None = None) -> StudyRecord:
    """Read `path` and store it as the closed study `name`; ratings that a simulation drew stay marked as such.

    Raises:
        StudyError: See `read`; or synthetic ratings were to get a name that hides what they are, or the reverse.
    """
    check_name(name)
    drawn = _is_synthetic(path)
    if drawn != name.startswith(SYNTHETIC):
        kind = "a simulation's" if drawn else "real"
        rule = "must begin" if drawn else "must not begin"
        raise StudyError(
            f"{path} holds {kind} ratings: the name of their study {rule} with '{SYNTHETIC}', got {name!r}."
        )
    return add_ratings(store, name, read(path, columns), "synthetic" if drawn else "imported")


def add_ratings(
    store: Store, name: str, rows: Sequence[dict[str, Any]], origin: Literal["imported", "synthetic"] = "imported"
) -> StudyRecord:
    """Store ratings that were not given here as the closed study `name`.

    Args:
        store: Where to.
        name: Name of the new study.
        rows: One dict per rating with the keys of `Rating` except `study`; seconds may be None.
        origin: Whether people gave them elsewhere, or a simulation drew them.

    Raises:
        StudyError: There is a study of that name, or it hides or pretends a simulation.
    """
    places = sorted({_place(row) for row in rows})
    stimuli = [Stimulus(secrets.token_hex(16), "rating", *place, sha256="", width=0, height=0) for place in places]
    ids = {(s.dataset, s.image, s.method, s.repeat): s.id for s in stimuli}
    record = store.organiser.create_study(name, Settings(), stimuli, origin=origin)
    mine: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        mine.setdefault(str(row["rater"]), []).append(row)
    with store.database.write() as connection:
        for number, code in enumerate(sorted(mine), start=1):
            _add_rater(connection, record.id, number, code, mine[code], ids)
    return record


def _place(row: dict[str, Any]) -> tuple[str, str, str, int]:
    return (row["dataset"], row["image"], row["method"], row["repeat"])


def _add_rater(
    connection: sa.Connection,
    study: int,
    number: int,
    code: str,
    rows: Sequence[dict[str, Any]],
    ids: dict[tuple[str, str, str, int], str],
) -> None:
    now = time.time()
    rater = {
        "study_id": study, "number": number, "code": code, "state": "finished", "card": "", "attempt": 0,
        "position": len(rows) + 1, "session": 1, "trials": len(rows), "calibrations": 0, "pace": 0.0, "created": now,
    }  # fmt: skip
    key = connection.execute(sa.insert(m.rater).returning(m.rater.c.id), rater).scalar_one()
    trials = [trial_row(key, ScheduledTrial(0, row["trial"], 1, ids[_place(row)])) for row in rows]
    connection.execute(sa.insert(m.trial), trials)
    scores = [
        {"trial_id": trial["id"], "score": row["score"], "seconds": row["seconds"], "at": now}
        for trial, row in zip(trials, rows, strict=True)
    ]
    connection.execute(sa.insert(m.rating), scores)


def _is_synthetic(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            marks = {(row.get("study") or "").startswith(SYNTHETIC) for row in csv.DictReader(file)}
    except (OSError, ValueError, csv.Error) as error:
        raise StudyError(f"Cannot read ratings from {path}: {error}.") from None
    if len(marks) > 1:
        raise StudyError(f"{path} mixes synthetic ratings with others. Keep them in separate files.")
    return marks == {True}


def _columns(path: Path, present: list[str], given: dict[str, str]) -> dict[str, str]:
    found = {}
    for ours, aliases in _ALIASES.items():
        if ours in given:
            if given[ours] not in present:
                raise StudyError(f"{path}: {unknown('column', given[ours], present)}")
            found[ours] = given[ours]
            continue
        match = next((name for alias in aliases for name in present if name.strip().lower() == alias), None)
        if match is not None:
            found[ours] = match
    missing = [name for name in _NEEDED if name not in found]
    if missing or set(given) - set(_ALIASES):
        wrong = ", ".join(missing or sorted(set(given) - set(_ALIASES)))
        raise StudyError(
            f"{path}: expected columns for {', '.join(_NEEDED)} (one line per rating); wrong or missing: {wrong}. "
            f"It has {', '.join(present)}. Name them with --column OURS=THEIRS."
        )
    return found


def _whole(path: Path, column: pd.Series, low: int, high: int) -> pd.Series:
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    bad = ~((numbers >= low) & (numbers <= high) & (numbers % 1 == 0))
    if bad.any():
        line = int(bad.to_numpy().argmax())
        raise StudyError(
            f"{path}, line {line + 2}: expected a whole {column.name} from {low} to {high}, got {column.iloc[line]!r}."
        )
    return numbers.astype(int)
