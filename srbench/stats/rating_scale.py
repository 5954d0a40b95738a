"""The scale that raters answered on: its ends, and the step between two answers where there is one."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from srbench.errors import StatisticsError

MOST_LEVELS = 21
"""Answers that still count as categories: as many as a scale from 0 to 10 with halves has."""
_BINS = 10
_WRITTEN = re.compile(r"(-?\d+(?:\.\d+)?):(-?\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?")


@dataclass(frozen=True, slots=True)
class RatingScale:
    """From the worst answer to the best.

    Attributes:
        low: The worst.
        high: The best.
        step: The distance of two answers; None where nobody said it, which lets every number between the ends pass.

    Raises:
        StatisticsError: The ends are no finite numbers in order, or the step does not lead from one to the other.
    """

    low: float
    high: float
    step: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise StatisticsError(f"A rating scale goes from a lower number to a higher one, not {self}.")
        if self.step is None:
            return
        steps = (self.high - self.low) / self.step if self.step > 0 else 0.5
        if abs(steps - round(steps)) > 1e-9:
            raise StatisticsError(
                f"Steps of {self.step:g} do not lead from {self.low:g} to {self.high:g}: correct the rating scale."
            )

    def __str__(self) -> str:
        return f"{self.low:g}:{self.high:g}" + (f":{self.step:g}" if self.step is not None else "")

    @property
    def words(self) -> str:
        """The scale as a sentence has it.

        >>> RatingScale(1, 5, 0.5).words
        '1 to 5 in steps of 0.5'
        """
        steps = f" in steps of {self.step:g}" if self.step is not None else ""
        return f"{self.low:g} to {self.high:g}{steps}"

    @property
    def point(self) -> float:
        """A quarter of the scale: what one point is from 1 to 5, which limits of screening are given in."""
        return (self.high - self.low) / 4

    @property
    def levels(self) -> tuple[float, ...]:
        """The answers, in order; whole steps where nobody said them; none where there are more than `MOST_LEVELS`.

        >>> RatingScale(1, 5).levels
        (1.0, 2.0, 3.0, 4.0, 5.0)
        >>> RatingScale(0, 100).levels
        ()
        """
        step = self.step or 1.0
        count = (self.high - self.low) / step
        if abs(count - round(count)) > 1e-9 or count >= MOST_LEVELS:
            return ()
        return tuple(round(self.low + step * k, 10) for k in range(round(count) + 1))

    @property
    def bins(self) -> tuple[float, ...]:
        """What distributions count: the levels, or the centres of ten equal parts of a scale without any.

        >>> RatingScale(0, 100).bins[:2]
        (5.0, 15.0)
        """
        width = (self.high - self.low) / _BINS
        return self.levels or tuple(round(self.low + width * (k + 0.5), 10) for k in range(_BINS))

    def bin_of(self, scores: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the number of the bin of every score; a score between two levels counts for the nearest, halves up."""
        bins = self.bins
        width = bins[1] - bins[0]
        # Ten parts begin at the low end, levels half a step below it.
        start = bins[0] - width / 2
        place = np.floor((scores - start) / width + 1e-9).astype(np.intp)
        return np.clip(place, 0, len(bins) - 1)

    def off(self, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which scores are no answers of this scale: outside its ends, or between its declared steps."""
        outside = (scores < self.low) | (scores > self.high)
        if self.step is None:
            return outside
        steps = (scores - self.low) / self.step
        return outside | (np.abs(steps - np.rint(steps)) > 1e-6)


ACR = RatingScale(1.0, 5.0)
"""The scale of absolute category rating, from 1 (bad) to 5 (excellent): what ratings are on unless somebody says."""


def parse(text: str) -> RatingScale:
    """Return the scale that is written LOW:HIGH or LOW:HIGH:STEP.

    Raises:
        StatisticsError: It is not, or is no scale.

    >>> parse("1:5:0.5")
    RatingScale(low=1.0, high=5.0, step=0.5)
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise StatisticsError(
            f"A rating scale is written LOW:HIGH, such as 0:100, or LOW:HIGH:STEP, such as 1:5:0.5, not {text!r}."
        )
    low, high, step = found.groups()
    return RatingScale(float(low), float(high), float(step) if step is not None else None)
