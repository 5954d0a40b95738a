"""Rules of scoring: from two pictures to the figure of a set, and the scores of all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from srbench.errors import MetricError
from srbench.explanation.conversions import Conversion, conversions
from srbench.explanation.figures import PublishedFigure
from srbench.explanation.similarity import SIMILARITIES, WANG
from srbench.metrics import planes
from srbench.pairing import ScoredPicture

OF_DB, OF_ERRORS, OF_PIXELS = "of dB", "of the errors", "of all pixels' errors"
"""How PSNR becomes one figure: the mean of dB; dB of the mean squared error; the same with every pixel counted once."""

_OWN_SSIM = "the protocol's own"


@dataclass(frozen=True, slots=True)
class ScoringRule:
    """One way from the pictures of a set to its PSNR and SSIM.

    Attributes:
        compared: What is compared, in words.
        gray: What becomes of gray originals, in words.
        border: Pixels removed from each side.
        mean: How PSNR is averaged over images; the usual way is `of dB`.
        window: Which SSIM.
        protocol: The protocol that scores so; empty where none does.
        departures: In how many ways it differs from a protocol.
    """

    compared: str
    gray: str
    border: int
    mean: str
    window: str
    protocol: str
    departures: int


@dataclass(frozen=True, slots=True)
class ScoredRule:
    """A rule with the figures that it gives.

    Attributes:
        rule: The rule.
        psnr: In dB; NaN where it was not asked for.
        ssim: The index; NaN where it was not asked for.
    """

    rule: ScoringRule
    psnr: float
    ssim: float

    def value(self, metric: str) -> float:
        """Return `psnr` or `ssim`."""
        return self.psnr if metric == "psnr" else self.ssim


def score(pictures: Sequence[ScoredPicture], scale: int, figures: Sequence[PublishedFigure]) -> list[ScoredRule]:
    """Return the figures of all rules.

    Args:
        pictures: Results and originals.
        scale: The factor, which borders depend on.
        figures: What was published: rules that differ only in what was not are one. Of a PSNR with an SSIM, unusual
            SSIMs are tried where the PSNR fits alone, as the rule fits nowhere else.

    Raises:
        MetricError: No rule can be used: the pictures are smaller than twice the least border.
    """
    wanted = {figure.metric: figure for figure in figures}
    removed = pictures[0].removed
    least = min(min(picture.hr.shape[:2]) for picture in pictures)
    found: list[ScoredRule] = []
    for conversion in conversions(any(picture.is_gray for picture in pictures)):
        borders = [border - removed for border in _borders(conversion, scale, removed)]
        borders = [border for border in borders if least - 2 * border >= (11 if "ssim" in wanted else 1)]
        if borders:
            found += _scored(conversion, pictures, scale, borders, wanted)
    if not found:
        raise MetricError(f"No rule can be tried: the smallest picture has {least} pixels in one direction.")
    return found


def _borders(conversion: Conversion, scale: int, removed: int) -> list[int]:
    usual = {0, scale, scale + 6, 2 * scale, 4, 6, 8, removed}
    own = {conversion.protocol.shave(scale)} if conversion.protocol else set()
    return sorted(border for border in usual | own if border >= removed)


def _scored(
    conversion: Conversion,
    pictures: Sequence[ScoredPicture],
    scale: int,
    borders: list[int],
    wanted: Mapping[str, PublishedFigure],
) -> list[ScoredRule]:
    psnrs = _psnrs(conversion, pictures, borders) if "psnr" in wanted else {(b, OF_DB): math.nan for b in borders}
    windows = {place: _windows(conversion, value, wanted) for place, value in psnrs.items()}
    ssims = _ssims(
        conversion, pictures, {(border, window) for (border, _), names in windows.items() for window in names}
    )
    return [
        ScoredRule(
            _rule(conversion, border + pictures[0].removed, scale, mean, window, set(wanted)),
            psnr,
            ssims.get((border, window), math.nan),
        )
        for (border, mean), psnr in psnrs.items()
        for window in windows[border, mean] or [WANG]
    ]


def _psnrs(
    conversion: Conversion, pictures: Sequence[ScoredPicture], borders: list[int]
) -> dict[tuple[int, str], float]:
    measure = conversion.protocol.psnr if conversion.protocol else planes.psnr
    found: dict[int, list[tuple[float, int]]] = {border: [] for border in borders}
    for picture in pictures:
        for border, x, y in conversion.without_borders(picture.sr, picture.hr, borders):
            found[border].append((measure(x, y), x.size))
    means = (OF_DB, OF_ERRORS, OF_PIXELS) if len(pictures) > 1 else (OF_DB,)
    return {(border, mean): _mean(found[border], mean) for border in borders for mean in means}


def _ssims(
    conversion: Conversion, pictures: Sequence[ScoredPicture], places: set[tuple[int, str]]
) -> dict[tuple[int, str], float]:
    own = {_OWN_SSIM: conversion.protocol.ssim} if conversion.protocol else {}
    measures = SIMILARITIES | own
    borders = sorted({border for border, _ in places})
    found: dict[tuple[int, str], list[float]] = {place: [] for place in places}
    for picture in pictures if places else ():
        for border, x, y in conversion.without_borders(picture.sr, picture.hr, borders):
            for window in (window for at, window in places if at == border):
                found[border, window].append(measures[window](x, y))
    return {place: float(np.mean(values)) for place, values in found.items()}


def _windows(conversion: Conversion, psnr: float, wanted: Mapping[str, PublishedFigure]) -> list[str]:
    rule = conversion.protocol
    if "ssim" not in wanted:
        return []
    if rule is not None and rule.ssim is not planes.ssim:
        return [_OWN_SSIM]
    return list(SIMILARITIES) if "psnr" not in wanted or wanted["psnr"].fits(psnr) else [WANG]


def _mean(errors: Sequence[tuple[float, int]], mean: str) -> float:
    values, sizes = np.array([value for value, _ in errors]), np.array([float(size) for _, size in errors])
    if mean == OF_DB:
        return float(values.mean())
    average = np.average(10.0 ** (-values / 10), weights=sizes if mean == OF_PIXELS else None)
    return -10 * math.log10(average) if average else math.inf


def _rule(conversion: Conversion, border: int, scale: int, mean: str, window: str, wanted: set[str]) -> ScoringRule:
    protocol = conversion.protocol
    differs = [
        protocol is None,
        protocol is not None and border != protocol.shave(scale),
        protocol is None and border != scale,
        mean != OF_DB,
        window not in {WANG, _OWN_SSIM},
    ]
    return ScoringRule(
        conversion.title,
        conversion.gray,
        border,
        mean if "psnr" in wanted else "",
        window if "ssim" in wanted else "",
        protocol.name if protocol is not None and not any(differs) else "",
        sum(differs),
    )
