"""What the store hands out and takes in: plain frozen data, without a method's name where a rater could see it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from srbench.errors import StudyError

Design: TypeAlias = Literal["acr", "acr-hr", "dcr", "pc"]
DESIGNS: tuple[Design, ...] = ("acr", "acr-hr", "dcr", "pc")
SYNTHETIC = "synthetic-"
"""How the name of every study begins that a simulation drew; no other study may be called so."""

ScreenKind: TypeAlias = Literal[
    "welcome", "calibration-passed", "calibration-again", "break", "finished", "failed", "paused", "closed"
]
Reason: TypeAlias = Literal["token", "paused", "closed", "foreign", "not-due", "score", "seconds", "early"]


class Refused(StudyError):  # noqa: N818 - it is an answer to a rater as much as an error
    """A rater's request that was not followed; the store has logged it.

    Attributes:
        reason: Why, as a word for programs.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Settings:
    """What the store must know of a frozen study to run its sessions.

    Attributes:
        design: `acr`, `acr-hr`, `dcr` or `pc` (pair comparison).
        minimum_seconds: A rating that comes sooner after the picture is refused.
        seconds_per_trial: Planned time, for estimates until the rater's own pace is known.
        session_minutes: Longest time without the offer of a break.
        break_minutes: Length of break that is suggested.
        attempts: How often calibration may be tried.
        tolerance: How far from the taught score an answer may lie and still count as right.
        pass_fraction: Share of right answers that passes.
    """

    design: Design = "acr"
    minimum_seconds: float = 0.5
    seconds_per_trial: float = 5.0
    session_minutes: float = 30.0
    break_minutes: float = 5.0
    attempts: int = 2
    tolerance: int = 1
    pass_fraction: float = 0.9

    @property
    def choices(self) -> int:
        """How many answers there are: 5, or 2 (left, right) for pair comparison."""
        return 2 if self.design == "pc" else 5


@dataclass(frozen=True, slots=True)
class Stimulus:
    """One picture that a study shows; the file is `stimuli/<id>.png` in the study's folder.

    Attributes:
        id: Unguessable name of 32 hexadecimal digits.
        role: `rating`, `calibration`, or `reference` (the original beside a DCR stimulus).
        repeat: 0, or 1 for the second showing in a retest.
    """

    id: str
    role: Literal["rating", "calibration", "reference"]
    dataset: str
    image: str
    method: str
    repeat: int
    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PlannedTrial:
    """One row of a rater's schedule, before it is stored.

    Attributes:
        attempt: 0 for ratings, 1.. for attempts at calibration.
        position: From 1, within the attempt.
        session: From 1; a break is offered before each new one.
        stimulus: Id of the picture (left one in pair comparison).
        other: Id of the second picture (original in DCR, right one in pair comparison).
        expected: The score that calibration teaches.
    """

    attempt: int
    position: int
    session: int
    stimulus: str
    other: str | None = None
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """A study as the store knows it."""

    id: int
    name: str
    state: Literal["open", "paused", "closed"]
    origin: Literal["study", "imported", "synthetic"]
    settings: Settings
    definition: str
    digest: str


@dataclass(frozen=True, slots=True)
class Rater:
    """Who asks: proven by a token, and needed for every request of the rating page."""

    id: int
    study_id: int
    study: str
    number: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A stimulus as the page may know it; `id` names the file and stays on the server."""

    id: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class TrialView:
    """The trial that is due now.

    Attributes:
        id: Unguessable, of this rater and position alone.
        calibration: Whether the answer gets feedback.
        pictures: One; or (original, stimulus) in DCR; or (left, right) in pair comparison.
        position: From 1, of `total`.
        revision: 0, or n when the rating is asked for the n-th time again; `rate` wants it back.
        choices: Valid scores are 1..choices.
        can_undo: Whether `undo` would do something.
    """

    id: str
    calibration: bool
    design: Design
    pictures: tuple[Picture, ...]
    position: int
    total: int
    revision: int
    choices: int
    minimum_seconds: float
    can_undo: bool


@dataclass(frozen=True, slots=True)
class Screen:
    """What to show instead of a trial; `proceed(rater, kind)` leaves it where `can_proceed` says so.

    Attributes:
        right: Right answers in the calibration just ended, of `asked`; 0 of 0 on other screens.
        minutes: Suggested length of a break.
    """

    kind: ScreenKind
    can_proceed: bool = False
    right: int = 0
    asked: int = 0
    minutes: float = 0.0
    can_undo: bool = False


@dataclass(frozen=True, slots=True)
class Feedback:
    """What calibration teaches after an answer: the score that was expected and whether the answer was near it."""

    expected: int
    right: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is stored for a trial after the transaction was committed.

    Attributes:
        new: False when the trial had been rated before; `score` is then the stored one, not the one sent.
        feedback: Only in calibration.
    """

    trial_id: str
    score: int
    seconds: float
    revision: int
    new: bool
    feedback: Feedback | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rater is; `seconds_left` is estimated from the plan and the rater's own pace."""

    calibration: bool
    done: int
    total: int
    session: int
    seconds_left: float


@dataclass(frozen=True, slots=True)
class RaterStatus:
    """One line of the organiser's overview; times are seconds since 1970 (UTC)."""

    number: int
    code: str
    label: str | None
    state: str
    done: int
    total: int
    last_rated: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log: refusals, breaks, resumes, undo, changes by the organiser."""

    at: float
    rater: int | None
    kind: str
    detail: str


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
