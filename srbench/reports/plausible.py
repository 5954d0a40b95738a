"""Refuses scores that no run can have, and asks about names that look like two spellings of one."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from srbench.errors import ReportError

POSSIBLE = {"psnr": (0.0, 200.0), "ssim": (-1.0, 1.0)}
"""Ends of what a metric of 8-bit pictures can be where they differ; PSNR may also be infinite.

Two pictures that are each other's opposite have 0 dB; one step in one of 10^9 pixels has 138 dB.
"""
_ROUNDING = 1e-6


def check(scores: pd.DataFrame) -> None:
    """Raise ReportError where a score cannot be, or scores of several scales are mixed.

    Args:
        scores: Rows as in `bench.rows.ImageScore`.
    """
    scales = sorted(map(int, scores["scale"].unique()))
    if len(scales) > 1:
        raise ReportError(
            f"The scores mix the scales {', '.join(f'x{scale}' for scale in scales)}, whose values do not compare. "
            "Make one report of each."
        )
    for metric, (low, high) in POSSIBLE.items():
        rows = scores[(scores["metric"] == metric) & scores["value"].notna()]
        wrong = (rows["value"] < low - _ROUNDING) | (rows["value"] > high + _ROUNDING)
        if metric == "psnr":
            wrong &= rows["value"] != float("inf")
        if wrong.any():
            row = rows[wrong].iloc[0]
            raise ReportError(
                f"{int(wrong.sum())} values of {metric} cannot be: expected {low:g} to {high:g}, but {row['method']} "
                f"has {row['value']:.6g} on {row['dataset']}/{row['image']}. Run the bench again, or correct the table."
            )


def spellings(scores: pd.DataFrame, ratings: pd.DataFrame | None) -> list[str]:
    """Return one question for every two names of methods or data sets that differ in capitals and signs only."""
    tables = [scores] if ratings is None else [scores, ratings]
    return [
        f"Are {' and '.join(map(repr, names))} one {what}? They are spelled differently and count as {len(names)}. If "
        "they are one, give them one name and make the report again."
        for what, column in (("method", "method"), ("data set", "dataset"))
        for names in _alike({str(name) for table in tables for name in table[column].unique()})
    ]


def _alike(names: set[str]) -> Iterator[list[str]]:
    plain: dict[str, list[str]] = {}
    for name in sorted(names):
        plain.setdefault("".join(letter for letter in name.casefold() if letter.isalnum()), []).append(name)
    yield from (same for key, same in plain.items() if key and len(same) > 1)
