"""The maximum of a likelihood that cannot be computed everywhere: the one search that all models share."""

from __future__ import annotations

from collections.abc import Sequence

from scipy import optimize

from srbench.errors import StatisticsError
from srbench.stats.information import Likelihood
from srbench.stats.tables import Array

Bounds = Sequence[tuple[float | None, float | None]]
_TURNS = 50
"""How often a search may step to where the likelihood cannot be computed, and turn round."""


def minimise(likelihood: Likelihood, start: Array, bounds: Bounds, tolerance: float = 1e-13) -> Array:
    """Return the vector with the smallest value.

    The first steps of a search are long, and some end where random effects have no mode that can be found: there the
    likelihood has a slope back to the best vector so far.

    Args:
        likelihood: The value and its gradient.
        start: Where to search from, shape (P,).
        bounds: The smallest and the largest value of each parameter, None for none.
        tolerance: The search ends where a step gains less than this share of the value.

    Raises:
        StatisticsError: The likelihood cannot be computed at the start, or too often on the way.
    """
    best: tuple[float, Array, Array] | None = None
    turns = 0

    def look(vector: Array) -> tuple[float, Array]:
        nonlocal best, turns
        try:
            value, slope = likelihood(vector)
        except StatisticsError:
            turns += 1
            if best is None or turns > _TURNS or (vector == best[1]).all():
                raise
            away = vector - best[1]
            # As high above the best as that one's slope promised to fall: a search then comes back a good part of it.
            height = 1.0 + abs(float(best[2] @ away))
            return best[0] + height, 2.0 * height * away / float(away @ away)
        if best is None or value < best[0]:
            best = value, vector.copy(), slope.copy()
        return value, slope

    found = optimize.minimize(
        look, start, jac=True, method="L-BFGS-B", bounds=bounds,
        options={"maxiter": 1000, "maxcor": 30, "ftol": tolerance, "gtol": 1e-5},
    )  # fmt: skip
    if best is not None and best[0] < found.fun:
        return best[1]
    vector: Array = found.x
    return vector
