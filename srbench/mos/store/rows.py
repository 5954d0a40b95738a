"""What organisers and analysts read: one line of a table each."""

from __future__ import annotations

from dataclasses import dataclass, fields

from srbench.mos.store.definitions import StudyRecord


@dataclass(frozen=True, slots=True)
class RaterStatus:
    """One line of the organiser's overview; times are seconds since 1970 (UTC).

    Attributes:
        screen: The device of the last visit and the pixels of pictures that it has room for; empty before the first.
        seconds_left: What is left to do, at the planned pace and the rater's own, without breaks; 0 for who has ended.
    """

    number: int
    code: str
    label: str | None
    state: str
    done: int
    total: int
    last_rated: float | None
    screen: str = ""
    seconds_left: float = 0.0


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log: refusals, breaks, resumes, undo, changes by the organiser."""

    at: float
    rater: int | None
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class StudyStatus:
    """How far a study is, without a score: its row in the store, its raters, and its log."""

    record: StudyRecord
    raters: tuple[RaterStatus, ...]
    events: tuple[Event, ...]

    @property
    def done(self) -> int:
        """Ratings given."""
        return sum(rater.done for rater in self.raters)

    @property
    def total(self) -> int:
        """Ratings planned."""
        return sum(rater.total for rater in self.raters)

    @property
    def looks(self) -> int:
        """How often scores were seen or taken away while raters still rated."""
        return sum(event.kind == "peeked" for event in self.events)

    @property
    def refused(self) -> dict[str, int]:
        """How often requests were refused, by reason."""
        kinds = [event.kind.removeprefix("refused-") for event in self.events if event.kind.startswith("refused-")]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


@dataclass(frozen=True, slots=True)
class Rating:
    """One row of a study's result.

    Attributes:
        study: Name of the study.
        rater: Code of the rater, anonymous unless names were asked for.
        trial: Position in that rater's order, from 1.
        dataset: Data set of the picture.
        image: Picture.
        method: Method that made this version of it.
        repeat: 0, or 1 for the second showing in a retest.
        score: 1 (bad) to 5 (excellent), the last revision.
        seconds: From showing the picture to the answer.
    """

    study: str
    rater: str
    trial: int
    dataset: str
    image: str
    method: str
    repeat: int
    score: int
    seconds: float


RATING_COLUMNS = [field.name for field in fields(Rating)]
