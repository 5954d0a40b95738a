"""What passes between a rater's page and the store: plain frozen data, without a method's name in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from srbench.errors import StudyError
from srbench.mos.store.definitions import Presentation

CardKind: TypeAlias = Literal[
    "welcome",
    "calibration-passed",
    "calibration-again",
    "break",
    "finished",
    "failed",
    "paused",
    "closed",
    "timed-out",
    "consent",
    "declined",
    "questions-before",
    "questions-after",
    "withdrawn",
    "screening-acuity",
    "screening-colour",
    "screening-contrast",
    "screened-out",
    "checks-failed",
]
SCREENING = "screening-"
"""How cards with a test of the screening begin."""
ENDINGS = ("declined", "withdrawn", "screened-out", "checks-failed")
"""Cards that say why a rater takes no part; the state of such a rater is closed."""

Reason: TypeAlias = Literal["token", "paused", "closed", "foreign", "not-due", "score", "seconds", "early"]


class RefusalError(StudyError):
    """A rater's request that was not followed; the store has logged it.

    Attributes:
        reason: Why, as a word for programs.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Rater:
    """Who asks: proven by a token, and needed for every request of the rating page.

    Attributes:
        code: What the rater is called, on the page, to the organiser and in exports.
        token_hash: Of the link that was used; once the link is revoked or replaced, requests are refused.
    """

    id: int
    study_id: int
    study: str
    number: int
    code: str
    token_hash: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rater is; `seconds_left` is estimated from the plan and the rater's own pace."""

    calibration: bool
    done: int
    total: int
    session: int
    seconds_left: float


@dataclass(frozen=True, slots=True)
class Picture:
    """A stimulus as the page may know it; `id` names the file and stays on the server."""

    id: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """A picture of one of the next trials, which the page may hold, unreadable, until its turn."""

    trial: str
    stimulus: str


@dataclass(frozen=True, slots=True)
class TrialView:
    """The trial that is due now.

    Attributes:
        id: Unguessable, of this rater and position alone.
        calibration: Whether the answer gets feedback.
        presentation: How the pictures are shown, and what is asked.
        pictures: One; or (original, stimulus) in DCR; or (left, right) in pair comparison.
        position: From 1, of `total`.
        turn_seconds: How long each of two pictures is shown where they take turns in one place; else 0.
        trap: The answer that the rater is asked to choose, whatever the picture; None but in traps.
        revision: 0, or n when the rating is asked for the n-th time again; `rate` wants it back.
        can_undo: Whether `undo` would do something.
        ahead: The pictures of the next trials.
    """

    id: str
    calibration: bool
    presentation: Presentation
    pictures: tuple[Picture, ...]
    position: int
    total: int
    revision: int
    minimum_seconds: float
    turn_seconds: float
    trap: int | None
    can_undo: bool
    progress: Progress = field(compare=False)
    ahead: tuple[Ahead, ...] = field(default=(), compare=False)

    @property
    def choices(self) -> int:
        """How many answers there are; valid scores are 1..choices."""
        return self.presentation.choices


@dataclass(frozen=True, slots=True)
class Card:
    """What to show instead of a trial; `proceed(rater, kind)` leaves it where `can_proceed` says so.

    Attributes:
        right: Right answers in the calibration just ended, of `asked`; 0 of 0 on other cards.
        minutes: Suggested length of a break.
        attempt: At the screening's test that is due, from 1; 0 on other cards.
        code: What the panel that sent the rater wants to be told, a code or an address; empty without one.
        ahead: The pictures of the trials that come after the card.
    """

    kind: CardKind
    can_proceed: bool = False
    right: int = 0
    asked: int = 0
    minutes: float = 0.0
    attempt: int = 0
    code: str = ""
    can_undo: bool = False
    progress: Progress = field(default=Progress(False, 0, 0, 1, 0.0), compare=False)
    ahead: tuple[Ahead, ...] = field(default=(), compare=False)


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
        due: What comes next, as of the same transaction.
    """

    trial_id: str
    score: int
    seconds: float
    revision: int
    new: bool
    feedback: Feedback | None
    due: TrialView | Card


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page says of the device that it was opened on; asked for at every opening.

    Attributes:
        device: `desktop`, `tablet` or `phone`, by its pointer and size.
        pixel_ratio: Device pixels per CSS pixel, zoom included.
        screen_width: Of the whole screen, in CSS pixels.
        window_width: Of the page, in CSS pixels.
        room_width: Pixels of pictures that the page has room for beside the scale; `room_height` likewise.
        browser: What the browser calls itself.
        language: The language that the page is read in.
        utc_offset: Minutes that the rater's clock is ahead of UTC.
    """

    device: Literal["desktop", "tablet", "phone"]
    pixel_ratio: float
    screen_width: int
    screen_height: int
    window_width: int
    window_height: int
    room_width: int
    room_height: int
    browser: str
    language: str
    utc_offset: int
