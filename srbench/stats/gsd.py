"""The generalised score distribution: two numbers, quality and agreement, that describe the scores of one stimulus.

A score from 1 to M has the mean psi and the variance rho Vmin + (1 - rho) Vmax, between the smallest and the largest
variance that whole scores of that mean can have. For little agreement it is a beta-binomial distribution, beyond the
binomial one a mixture of that and the narrowest distribution (Nawala, Janowski, Cmiel, Rusek and Perez, "Generalized
score distribution", IEEE Transactions on Multimedia, 2022; Cmiel et al., Statistical Papers, 2023, equation 7).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats.tables import Array, RatingTable, check_ratings, checked_ratings

LOWEST, HIGHEST, SIZE = 1, 5, 5
FEWEST = 4
"""Scores that a fit of two numbers needs."""
_LEAST = 1e-6
_ROUNDS = 18
_BLOCK = 2_000


@dataclass(frozen=True, slots=True)
class Fitted:
    """Distributions fitted to J stimuli; all arrays of shape (J,).

    Attributes:
        psi: Means of the distributions, 1 to 5.
        rho: Agreement, 0 (raters use both ends only) to 1 (as near to each other as the mean allows).
        log_likelihood: At the maximum.
        statistic: G, twice the difference to the likelihood of the shares themselves.
    """

    psi: Array
    rho: Array
    log_likelihood: Array
    statistic: Array


def probabilities(psi: Array, rho: Array) -> Array:
    """Return the probabilities of the scores 1..5.

    Args:
        psi: Mean, between 1 and 5.
        rho: Agreement, above 0 and at most 1; of a shape that broadcasts with `psi`.

    Returns:
        One more axis, of length 5, at the end.

    >>> probabilities(np.array(2.5), np.array(1.0)).round(3).tolist()
    [0.0, 0.5, 0.5, 0.0, 0.0]
    """
    psi, rho = np.broadcast_arrays(np.asarray(psi, dtype=np.float64), np.asarray(rho, dtype=np.float64))
    steps = SIZE - 1
    up = (psi - LOWEST) / steps
    widest, narrowest = (psi - LOWEST) * (HIGHEST - psi), (np.ceil(psi) - psi) * (psi - np.floor(psi))
    with np.errstate(divide="ignore", invalid="ignore"):  # at the ends of the scale there is one distribution only
        binomial = np.where(widest > 0, (steps - 1) / steps * widest / (widest - narrowest), 1.0)
    below = rho < binomial
    # Agreement of the binomial distribution itself, where the mixture is of it alone.
    agreed, excess = np.where(below, rho, binomial), np.where(below, binomial - rho, 0.0)
    # A rising factorial per score, built up factor by factor: of both sides, and of their sum.
    ups, downs = (_rising(share * agreed, excess) for share in (up, 1.0 - up))
    total = _rising(agreed, excess)[..., -1]
    scores = np.arange(SIZE)
    found = special.binom(steps, scores) * ups * downs[..., ::-1] / total[..., None]
    nearest = np.maximum(1.0 - np.abs(scores + LOWEST - psi[..., None]), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(below | (binomial >= 1), 0.0, (rho - binomial) / (1.0 - binomial))[..., None]
    mixed: Array = share * nearest + (1.0 - share) * found
    return mixed


def _rising(start: Array, step: Array) -> Array:
    """Return 1, s, s (s + d), ... of a start s and a step d; one more axis, of length 5."""
    factors = [np.ones_like(start), *(start + place * step for place in range(SIZE - 1))]
    found: Array = np.stack(factors, axis=-1)
    for place in range(1, SIZE):
        found[..., place] *= found[..., place - 1]
    return found


_PSI, _RHO = np.linspace(LOWEST, HIGHEST, 81), np.concatenate([[_LEAST], np.linspace(0.025, 1.0, 40)])


def fit(counts: Array) -> Fitted:
    """Fit the distribution to J stimuli by maximum likelihood.

    The likelihood has edges where the mean is a whole score, so it is searched on a grid that is made finer round the
    best place, to 1e-6, and no slopes are used.

    Args:
        counts: How often each score was given, shape (J, 5), J at least 1.
    """
    parts = [_fit(counts[start : start + _BLOCK]) for start in range(0, len(counts), _BLOCK)]
    psi, rho, best = (np.concatenate(each) for each in zip(*parts, strict=True))
    share = counts / counts.sum(axis=1, keepdims=True)
    return Fitted(psi, rho, best, 2.0 * np.maximum(special.xlogy(counts, share).sum(axis=1) - best, 0.0))


def _fit(counts: Array) -> tuple[Array, Array, Array]:
    value = counts @ _log(_PSI[:, None], _RHO).reshape(-1, SIZE).T
    place = value.argmax(axis=1)
    psi, rho, best = _PSI[place // _RHO.size], _RHO[place % _RHO.size], value.max(axis=1)
    reach = np.array([_PSI[1] - _PSI[0], _RHO[2] - _RHO[1]])
    offsets = np.array([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)]) * 0.6
    rows = np.arange(len(counts))
    for _ in range(_ROUNDS):
        near_psi = np.clip(psi[:, None] + offsets[:, 0] * reach[0], LOWEST, HIGHEST)
        near_rho = np.clip(rho[:, None] + offsets[:, 1] * reach[1], _LEAST, 1.0)
        value = (counts[:, None, :] * _log(near_psi, near_rho)).sum(axis=2)
        place = value.argmax(axis=1)
        psi, rho, best = near_psi[rows, place], near_rho[rows, place], value.max(axis=1)
        # A best place in the middle calls for finer steps; one at the border for another step of the same size.
        reach = reach * 0.55
    return psi, rho, best


def _log(psi: Array, rho: Array) -> Array:
    found: Array = np.log(np.maximum(probabilities(psi, rho), 1e-300))
    return found


def score_distributions(ratings: RatingTable, *, draws: int = 499, seed: int = 0) -> pd.DataFrame:
    """Return the generalised score distribution of every stimulus, and whether it describes the scores.

    Args:
        ratings: See `check_ratings`; whole scores.
        draws: Samples of each fitted distribution for its test: p is known to about 1 / sqrt(draws).
        seed: Equal seeds give equal p.

    Returns:
        Columns dataset, image, method, n, mos, psi, psi_low, psi_high, rho, rho_low, rho_high (95 % intervals by the
        profile likelihood, as if raters were a sample), g and p (G test by parametric bootstrap: p is small where two
        numbers do not describe the scores, because they have two peaks, say). NaN for fewer than four scores; rho also
        where everybody gave the worst score, or the best.

    Raises:
        StatisticsError: The ratings are unusable, or a score is no whole number.
    """
    checked = checked_ratings(ratings)
    if (checked.scale.low, checked.scale.high) != (LOWEST, HIGHEST):
        raise StatisticsError(
            f"The generalised score distribution describes whole scores from 1 to 5, not from {checked.scale.words}."
        )
    frame, _ = check_ratings(ratings)
    odd = frame.loc[~frame["score"].isin(range(LOWEST, HIGHEST + 1)), "score"]
    if len(odd):
        raise StatisticsError(
            f"The generalised score distribution describes whole scores from 1 to 5; the ratings have {odd.iloc[0]:g}."
        )
    keys = ["dataset", "image", "method"]
    wide = frame.groupby(keys, observed=True)["score"].value_counts().unstack(fill_value=0)  # noqa: PD010
    counts = wide.reindex(columns=np.arange(LOWEST, HIGHEST + 1), fill_value=0).to_numpy(dtype=np.float64)
    n = counts.sum(axis=1)
    table = wide.index.to_frame(index=False).astype(str)
    table = table.assign(n=n.astype(int), mos=counts @ np.arange(LOWEST, HIGHEST + 1) / n)
    order = ["psi", "psi_low", "psi_high", "rho", "rho_low", "rho_high", "g", "p"]
    table[order] = np.nan
    enough = n >= FEWEST
    if enough.any():
        fitted = _columns(counts[enough], draws, seed)
        table.loc[enough, order] = np.stack([fitted[name] for name in order], axis=1)
    return table


def _columns(counts: Array, draws: int, seed: int) -> dict[str, Array]:
    found = fit(counts)
    columns = {"psi": found.psi, "rho": found.rho, "g": found.statistic} | _profiles(counts, found.log_likelihood)
    # Where everybody says the worst, or the best, there is one distribution, whatever rho.
    alike = counts[:, [0, -1]].max(axis=1) == counts.sum(axis=1)
    columns |= {name: np.where(alike, np.nan, columns[name]) for name in ("rho", "rho_low", "rho_high")}
    return columns | {"p": bootstrap_p(counts, found, draws, seed)}


def bootstrap_p(counts: Array, found: Fitted, draws: int, seed: int) -> Array:
    """Return p of the G test of every stimulus: how often samples of its own fit are described worse."""
    source = np.random.default_rng(seed)
    chances = probabilities(found.psi, found.rho)
    chances = chances / chances.sum(axis=1, keepdims=True)
    sizes = counts.sum(axis=1).astype(int)
    drawn = np.stack([source.multinomial(n, p, draws) for n, p in zip(sizes, chances, strict=True)])
    # The same few outcomes come again and again: each is fitted once.
    several, place = np.unique(drawn.reshape(-1, SIZE), axis=0, return_inverse=True)
    statistic = fit(several.astype(np.float64)).statistic[place.ravel()].reshape(drawn.shape[:2])
    worse = (statistic >= found.statistic[:, None] - 1e-6).sum(axis=1)
    p: Array = (worse + 1.0) / (draws + 1.0)
    return p


_PSI_FINE, _RHO_FINE = np.linspace(LOWEST, HIGHEST, 201), np.concatenate([[_LEAST], np.linspace(0.01, 1.0, 100)])


def _profiles(counts: Array, best: Array) -> dict[str, Array]:
    """Return the ends of both intervals: where twice the loss of log-likelihood reaches chi-square's 95 % quantile."""
    table = _log(_PSI_FINE[:, None], _RHO_FINE)
    found: dict[str, list[tuple[float, float]]] = {"psi": [], "rho": []}
    for row, most in zip(counts, best, strict=True):
        loss = 2.0 * (most - table @ row)
        found["psi"].append(_ends(_PSI_FINE, loss.min(axis=1)))
        found["rho"].append(_ends(_RHO_FINE, loss.min(axis=0)))
    return {
        f"{name}_{end}": np.array([pair[place] for pair in pairs])
        for name, pairs in found.items()
        for place, end in enumerate(("low", "high"))
    }


def _ends(grid: Array, loss: Array) -> tuple[float, float]:
    limit = float(scipy_stats.chi2.ppf(0.95, 1))
    inside = np.flatnonzero(loss <= limit)
    if not inside.size:  # narrower than the grid
        near = float(grid[int(loss.argmin())])
        return near, near
    ends = []
    for at, beyond in ((inside[0], inside[0] - 1), (inside[-1], inside[-1] + 1)):
        if not 0 <= beyond < grid.size:
            ends.append(float(grid[at]))
            continue
        part = (limit - loss[at]) / (loss[beyond] - loss[at])
        ends.append(float(grid[at] + part * (grid[beyond] - grid[at])))
    return ends[0], ends[1]


def distribution_fit(stimuli: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """Return for how many stimuli the distribution fails, per data set and over `all`.

    Args:
        stimuli: From `score_distributions`.
        alpha: Level of each stimulus's test.

    Returns:
        Columns dataset, stimuli (with a fit), poor (p at most alpha), expected (alpha x stimuli), p (that so many or
        more are poor by chance, binomial).
    """
    known = stimuli[stimuli["p"].notna()]
    parts = [(str(name), part["p"]) for name, part in known.groupby("dataset", sort=False)]
    parts += [("all", known["p"])] if len(parts) > 1 else []
    rows = []
    for name, p in parts:
        poor = int((p <= alpha).sum())
        rows.append((name, len(p), poor, alpha * len(p), float(scipy_stats.binom.sf(poor - 1, len(p), alpha))))
    return pd.DataFrame(rows, columns=["dataset", "stimuli", "poor", "expected", "p"])
