"""Ratings as files: CSV, Parquet, and the forms that sureal and R's mixed models expect."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from srbench.errors import StudyError, unknown

if TYPE_CHECKING:
    import pandas as pd


def encode(ratings: pd.DataFrame, form: str) -> bytes:
    """Return `ratings` as the bytes of a file.

    Args:
        ratings: As `AnalystStore.results` returned them.
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
