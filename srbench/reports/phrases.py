"""Turns of phrase that several sentences of a report share."""

from __future__ import annotations

import math
from collections.abc import Sequence

from srbench.reports.findings import Findings
from srbench.reports.inputs import SYNTHETIC
from srbench.tables.numbers import span

ANSWERS = {
    "acr": ("bad", "poor", "fair", "good", "excellent"),
    "dcr": ("very annoying", "annoying", "slightly annoying", "not annoying", "imperceptible"),
}
"""What answers from 1 to 5 mean: quality, or beside the original its loss (ITU-T P.910)."""


def listed(words: Sequence[str]) -> str:
    """Return words with commas and an `and`.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{100 * share:g} %"


def ends(low: float, high: float) -> str:
    """Return a blank and an interval, or nothing where there is none."""
    return "" if math.isnan(low) or math.isnan(high) else f" {span(low, high)}"


def kind(findings: Findings) -> str:
    """Return what to say of opinions that a program drew; nothing of people's."""
    return SYNTHETIC if findings.synthetic else ""
