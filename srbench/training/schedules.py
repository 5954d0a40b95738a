"""Learning rates as a function of the fraction of a run that is over, so that slow machines anneal too."""

from __future__ import annotations

import math
from collections.abc import Callable

from srbench.errors import TrainingError, unknown

Schedule = Callable[[float], float]
"""Takes the elapsed fraction 0..1 and returns the factor of the base rate."""

_WARM_UP = 0.01


def _cosine(fraction: float) -> float:
    return min(1.0, (fraction + 1e-4) / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * fraction))


def _one_cycle(fraction: float) -> float:
    if fraction < 0.3:
        return 0.04 + 0.96 * fraction / 0.3
    return 0.5 * (1 + math.cos(math.pi * (fraction - 0.3) / 0.7))


def _drop(fraction: float) -> float:
    return 1.0 if fraction < 0.5 else 0.1


SCHEDULES: dict[str, Schedule] = {
    "cosine": _cosine,
    "one-cycle": _one_cycle,
    "constant": lambda _: 1.0,  # the paper's, for SRResNet
    "drop": _drop,  # the paper's, for SRGAN: 1e-4, then 1e-5, for one half each
}


def schedule(name: str) -> Schedule:
    """Return the schedule `name`.

    Raises:
        TrainingError: There is none of that name.
    """
    if name not in SCHEDULES:
        raise TrainingError(unknown("schedule", name, SCHEDULES))
    return SCHEDULES[name]
