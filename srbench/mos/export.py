"""Ratings to files and back: CSV, Parquet, and the forms that sureal and R's mixed models expect."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.errors import StudyError, unknown
from srbench.mos.design.study import check_name
from srbench.mos.store.views import SYNTHETIC, StudyRecord

if TYPE_CHECKING:
    import pandas as pd

    from srbench.mos.store.rater import Store

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


def frame(store: Store, name: str, names: bool = False) -> pd.DataFrame:
    """Return the ratings of a study, or its comparisons where the design is pair comparison."""
    compares = store.study(name).settings.design == "pc"
    return store.comparisons(name, names) if compares else store.ratings(name, names)


def encode(ratings: pd.DataFrame, form: str) -> bytes:
    """Return `ratings` as the bytes of a file.

    Args:
        ratings: As `frame` returned them.
        form: `csv`, `parquet`, `long` (a table for R: subject, stimulus, content, condition, score), or `sureal`
            (the JSON of a sureal data set).

    Raises:
        StudyError: The form is unknown, or takes scores of single pictures where pairs were compared.
    """
    if form not in FORMS:
        raise StudyError(unknown("format", form, FORMS))
    if form in {"long", "sureal"} and "method" not in ratings:
        raise StudyError(f"Format {form!r} holds scores of single pictures; pair comparison goes to csv or parquet.")
    return FORMS[form](ratings)


def _csv(ratings: pd.DataFrame) -> bytes:
    return ratings.to_csv(index=False).encode()


def _parquet(ratings: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    ratings.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _long(ratings: pd.DataFrame) -> bytes:
    """The names that lme4's and psychometric tutorials use; `score ~ condition + (1|subject) + (1|content)`."""
    content = ratings["dataset"] + "/" + ratings["image"]
    table = ratings.rename(
        columns={"rater": "subject", "method": "condition", "trial": "order", "repeat": "repetition"}
    ).assign(content=content, stimulus=content + "/" + ratings["method"])
    columns = ("study", "subject", "stimulus", "dataset", "content", "condition", "repetition", "order", "score")
    return table[[*columns, "seconds"]].to_csv(index=False).encode()


def _sureal(ratings: pd.DataFrame) -> bytes:
    contents = sorted(set(zip(ratings["dataset"], ratings["image"], strict=True)))
    number = {content: index for index, content in enumerate(contents)}
    references = [
        {"content_id": number[content], "content_name": "/".join(content), "path": "/".join(content)}
        for content in contents
    ]
    shown = []
    for asset, (key, group) in enumerate(ratings.groupby(["dataset", "image", "method"], sort=True)):
        dataset, image, method = key
        scores = group.sort_values("repeat").groupby("rater")["score"].apply(list)
        opinions = {str(rater): each[0] if len(each) == 1 else each for rater, each in scores.items()}
        shown.append(
            {
                "asset_id": asset,
                "content_id": number[(dataset, image)],
                "path": f"{dataset}/{image}/{method}",
                "os": opinions,
            }
        )
    name = str(ratings["study"].iloc[0]) if len(ratings) else ""
    document = {"dataset_name": name, "ref_videos": references, "dis_videos": shown}
    return (json.dumps(document, indent=1) + "\n").encode()


FORMS: dict[str, Callable[[pd.DataFrame], bytes]] = {
    "csv": _csv,
    "parquet": _parquet,
    "long": _long,
    "sureal": _sureal,
}
"""The formats of `encode`, by name."""


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
    return store.import_ratings(name, read(path, columns), "synthetic" if drawn else "imported")


def _is_synthetic(path: Path) -> bool:
    import csv

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
