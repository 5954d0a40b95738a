"""Tries all rules of scoring on the pictures behind a published figure, and says which of them give it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.explanation.figures import PublishedFigure, parse
from srbench.explanation.inputs import LikelyInput, likely_input
from srbench.explanation.rules import ScoredRule, score
from srbench.pairing import pictures

if TYPE_CHECKING:
    import pandas as pd

_AROUND = 10


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that give one and the same value on these pictures: nothing here can tell them apart.

    Attributes:
        rules: The rules, the most usual first.
        fits: Whether their value is the published one, to its printed digits.
        distance: How far off it is, in units of the last printed digit; of two figures the sum.
    """

    rules: tuple[ScoredRule, ...]
    fits: bool
    distance: float

    @property
    def usual(self) -> ScoredRule:
        """The rule with the fewest departures from a protocol."""
        return self.rules[0]

    @property
    def protocols(self) -> list[str]:
        """The protocols among them."""
        return [scored.rule.protocol for scored in self.rules if scored.rule.protocol]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the rules of scoring give, beside a published figure.

    Attributes:
        figures: What was published.
        scale: The factor.
        images: How many pictures there are.
        gray: The images whose originals are gray.
        groups: The rules in groups of one value: those that fit first, the most usual of them before; then the nearest.
        likely_input: Which LR images the results were made from.
        notes: What a reader must know about the pictures.
    """

    figures: tuple[PublishedFigure, ...]
    scale: int
    images: int
    gray: tuple[str, ...]
    groups: tuple[RuleGroup, ...]
    likely_input: LikelyInput
    notes: tuple[str, ...]

    @property
    def fitting(self) -> list[RuleGroup]:
        """The groups that give the published figure to its printed digits, the most usual first."""
        return [group for group in self.groups if group.fits]

    def nearest(self, count: int = 5) -> list[RuleGroup]:
        """Return the groups that come nearest without fitting."""
        return [group for group in self.groups if not group.fits][:count]

    @property
    def tried(self) -> int:
        """How many rules were tried."""
        return sum(len(group.rules) for group in self.groups)

    @property
    def by_chance(self) -> tuple[int, int]:
        """How many of the other figures up to ten units away some rule gives, and how many there are."""
        given = {_printed(group.usual, self.figures) for group in self.groups}
        own = tuple(0 for _ in self.figures)
        around = [tuple(step) for step in given if all(abs(part) <= _AROUND for part in step) and step != own]
        return len(around), (2 * _AROUND + 1) ** len(self.figures) - 1

    @property
    def table(self) -> pd.DataFrame:
        """One row per rule, in the order of `groups`.

        Columns: fits, group (a number; equal where the rules cannot be told apart), protocol, compared, gray, border,
        mean, window, psnr, ssim.
        """
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "fits": group.fits,
                    "group": number,
                    "protocol": scored.rule.protocol,
                    "compared": scored.rule.compared,
                    "gray": scored.rule.gray,
                    "border": scored.rule.border,
                    "mean": scored.rule.mean,
                    "window": scored.rule.window,
                    "psnr": scored.psnr,
                    "ssim": scored.ssim,
                }
                for number, group in enumerate(self.groups)
                for scored in group.rules
            ]
        )

    def __str__(self) -> str:
        from srbench.explanation.account import lines

        return "\n".join(lines(self))


def explain(
    sr: str | Path,
    hr: str | Path,
    published: str | float,
    *,
    metric: str | None = None,
    scale: int = 4,
) -> Explanation:
    """Say which rules of scoring give a published figure on the pictures that it was taken from.

    All protocols are tried, a user's own included, and what programs do besides: other lumas and roundings, borders,
    ways with gray originals, means over the set, windows of SSIM.

    Args:
        sr: Folder of the results, found by name as `results:DIR` finds them; or one file.
        hr: Folder of the originals, or the name of a data set; or one file.
        published: The figure as it was printed, as text if its last digit is a zero: `"32.10"`, `"0.8948"`, or both
            measures of one table, `"32.1311/0.8948"`, which tells more rules apart.
        metric: `psnr` or `ssim`, where the number does not say it.
        scale: The factor.

    Returns:
        The rules that give the figure, and the nearest others.

    Raises:
        MetricError: The figure cannot be read, or results and originals do not fit each other.
        DatasetError, MethodError, ImageError: A folder or a picture cannot be read.
    """
    figures = parse(published, metric)
    found, notes = pictures(sr, hr, scale)
    scored = score(found, scale, figures)
    gray = tuple(picture.name for picture in found if picture.is_gray)
    groups = _grouped(scored, figures)
    return Explanation(figures, scale, len(found), gray, groups, likely_input(found, scale), tuple(notes))


def _grouped(scored: Sequence[ScoredRule], figures: Sequence[PublishedFigure]) -> tuple[RuleGroup, ...]:
    alike: dict[tuple[float, ...], list[ScoredRule]] = {}
    for one in scored:
        # Rounding errors of sums in another order are some 1e-13.
        alike.setdefault(tuple(round(one.value(figure.metric), 9) for figure in figures), []).append(one)
    groups = [_group(rules, figures) for rules in alike.values()]
    return tuple(
        sorted(
            groups,
            key=lambda group: (
                (0, group.usual.rule.departures, group.distance) if group.fits else (1, group.distance, 0)
            ),
        )
    )


def _group(rules: Sequence[ScoredRule], figures: Sequence[PublishedFigure]) -> RuleGroup:
    ordered = tuple(sorted(rules, key=lambda one: (one.rule.departures, not one.rule.protocol)))
    values = [(figure, ordered[0].value(figure.metric)) for figure in figures]
    distance = sum(abs(value - figure.value) / (2 * figure.half) for figure, value in values)
    return RuleGroup(ordered, all(figure.fits(value) for figure, value in values), distance)


def _printed(one: ScoredRule, figures: Sequence[PublishedFigure]) -> tuple[float, ...]:
    return tuple(
        round((round(one.value(figure.metric), figure.digits) - figure.value) / (2 * figure.half))
        if abs(one.value(figure.metric)) < 1e6
        else float("inf")
        for figure in figures
    )
