"""Wilcoxon's signed-rank test with its exact null distribution, ties and zeros included; effect sizes of pairs.

`scipy.stats.wilcoxon(method="exact")` uses the distribution of ranks without ties, whatever the data. Here the
distribution of the rank sum over all 2^n signs is convolved from the ranks that actually occurred, which is
what a full permutation test gives, at the cost of n^3 instead of 2^n.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from srbench.stats.tables import Array

EXACT_UP_TO = 200
DECIMALS = 10
"""Differences are rounded to this many decimals, so that equal means tie whatever the order of their sums."""


@dataclass(frozen=True, slots=True)
class SignedRank:
    """Result of the test.

    Attributes:
        p: Two-sided p.
        rank_biserial: Matched-pairs rank-biserial correlation (W+ - W-) / (W+ + W-), -1..1 (Kerby 2014).
        n: Number of pairs; `zeros` of them without a difference, which are dropped (Wilcoxon's own rule).
        zeros: See `n`.
        test: Which null distribution was used: `exact permutation` or `asymptotic`.
    """

    p: float
    rank_biserial: float
    n: int
    zeros: int
    test: str


def signed_rank(differences: Array) -> SignedRank:
    """Test whether paired differences (shape (n,)) are symmetric about zero; infinite ones are the largest.

    >>> signed_rank(np.array([1.0, 2.0, 3.0, 4.0, 5.0])).p
    0.0625
    """
    rounded = np.round(differences, DECIMALS)
    kept = rounded[rounded != 0.0]
    zeros = int(rounded.size - kept.size)
    if kept.size == 0:
        return SignedRank(1.0, 0.0, rounded.size, zeros, "exact permutation")
    ranks = scipy_stats.rankdata(np.abs(kept))
    up, down = float(ranks[kept > 0].sum()), float(ranks[kept < 0].sum())
    effect = (up - down) / (up + down)
    if kept.size <= EXACT_UP_TO:
        return SignedRank(_exact_p(ranks, up), effect, rounded.size, zeros, "exact permutation")
    # Under a random sign each rank adds its square to the variance, tied or not.
    p = 2.0 * float(scipy_stats.norm.sf(abs(up - down) / np.sqrt((ranks**2).sum())))
    return SignedRank(p, effect, rounded.size, zeros, "asymptotic")


def _exact_p(ranks: Array, up: float) -> float:
    # Mid-ranks are halves, so twice a rank is whole and indexes the distribution.
    doubled = np.rint(2 * ranks).astype(np.intp)
    # Turning all signs mirrors the distribution: the lower tail is enough, and larger sums need not be counted.
    smaller = min(round(2 * up), int(doubled.sum()) - round(2 * up))
    ways = np.zeros(smaller + 1)
    ways[0] = 1.0
    for step in doubled[doubled <= smaller]:
        ways[step:] += ways[:-step].copy()
    return float(min(1.0, 2.0 * ways.sum() / 2.0**doubled.size))


def smallest_p(n: int) -> float:
    """Return the smallest two-sided p that `n` pairs can reach: 2 / 2^n.

    >>> smallest_p(5)
    0.0625
    """
    return float(min(1.0, 2.0 ** (1 - n)))


def superiority(differences: Array) -> float:
    """Return the paired probability of superiority, P(a > b) + P(a = b) / 2, from a - b in every pair.

    >>> superiority(np.array([1.0, 2.0, 0.0, -1.0]))
    0.625
    """
    rounded = np.round(differences, DECIMALS)
    return float((rounded > 0).mean() + 0.5 * (rounded == 0).mean())
