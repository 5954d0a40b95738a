"""Published figures: a number, and how many digits of it were printed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

from srbench.errors import MetricError

METRICS = ("psnr", "ssim")
_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One published figure.

    Attributes:
        metric: `psnr` or `ssim`.
        text: As it was printed, such as `32.10`: its last zero is a digit.
    """

    metric: str
    text: str

    @property
    def value(self) -> float:
        """The number."""
        return float(self.text)

    @property
    def digits(self) -> int:
        """How many digits stand behind the point."""
        return len(self.text.partition(".")[2])

    @property
    def half(self) -> float:
        """Half a unit of the last digit: so far may the exact value be away."""
        return 0.5 * 10.0**-self.digits

    def fits(self, value: float) -> bool:
        """Return whether `value`, rounded to the printed digits, is the figure.

        >>> PublishedFigure("psnr", "32.13").fits(32.1311), PublishedFigure("psnr", "32.130").fits(32.1311)
        (True, False)
        """
        if not math.isfinite(value):
            return False
        # Decimals, because 0.5 units have no exact double; a tie is printed up by one program and down by another.
        return abs(Decimal(value) - Decimal(self.text)) <= Decimal("0.5").scaleb(-self.digits) + Decimal("1e-9")

    def show(self, value: float) -> str:
        """Return `value` with two digits more than were printed, and at least four."""
        return f"{value:.{max(4, self.digits + 2)}f}"


def parse(text: str | float, metric: str | None = None) -> tuple[PublishedFigure, ...]:
    """Return the figures that a text names: a PSNR, an SSIM, or both with a slash between.

    Args:
        text: Such as `32.13`, `0.8948` or `32.1311/0.8948`. Of a float the trailing zeros are lost.
        metric: What the one number is; by default SSIM up to 1, PSNR above.

    Raises:
        MetricError: It is something else.

    >>> [figure.metric for figure in parse("32.1311/0.8948")]
    ['psnr', 'ssim']
    """
    parts = [part.strip() for part in str(text).split("/")]
    if metric not in {None, *METRICS}:
        raise MetricError(f"Cannot explain the metric {metric!r}; expected 'psnr' or 'ssim'.")
    if len(parts) > 2 or not all(_NUMBER.fullmatch(part) for part in parts) or (metric and len(parts) == 2):
        what = f"one number, the {metric}" if metric else "a PSNR, an SSIM, or both with a slash between"
        raise MetricError(f"Cannot read the published figure '{text}'; expected {what}, such as 32.13.")
    names = METRICS if len(parts) == 2 else (metric or ("ssim" if float(parts[0]) <= 1 else "psnr"),)
    figures = tuple(PublishedFigure(name, part) for name, part in zip(names, parts, strict=True))
    for figure in figures:
        if figure.metric == "ssim" and figure.value > 1:
            raise MetricError(f"An SSIM of {figure.text} is not possible; expected at most 1.")
    return figures
