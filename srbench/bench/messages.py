"""What worker processes say to the process that started them."""

from __future__ import annotations

from dataclasses import dataclass

from srbench.bench.rows import ImageOutcome

Place = tuple[str, str, str]
"""Method, data set and image of a task."""


@dataclass(frozen=True, slots=True)
class Started:
    """Said once: tasks are taken now."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """Said before a metric is computed in a careful task: who dies now dies in that metric."""

    metric: str


@dataclass(frozen=True, slots=True)
class Enlarging:
    """Said before images are enlarged together: who dies now dies in one of them."""

    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Retired:
    """Said instead of an outcome: threads of an earlier method still run here, so that another process should do it."""


Message = Started | Scoring | Enlarging | Retired | ImageOutcome | Exception
