"""What a study brings into its store before anybody rates: its settings, its pictures, and each rater's schedule."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from srbench.errors import StudyError

Screens: TypeAlias = Literal["desktop", "any"]
SCREENS: tuple[Screens, ...] = ("desktop", "any")
SmallScreens: TypeAlias = Literal["refuse", "leave-out"]
SMALL_SCREENS: tuple[SmallScreens, ...] = ("refuse", "leave-out")
Layout: TypeAlias = Literal["side-by-side", "in-turn", "flicker"]
LAYOUTS: dict[Layout, float] = {"side-by-side": 0.0, "in-turn": 2.0, "flicker": 0.5}
"""How two pictures are shown together, and for how many seconds each of them unless study.toml says otherwise."""
Selection: TypeAlias = Literal["full", "random", "active"]
SELECTIONS: tuple[Selection, ...] = ("full", "random", "active")
OnMisses: TypeAlias = Literal["note", "end"]
ON_MISSES: tuple[OnMisses, ...] = ("note", "end")
NO_PREFERENCE = 3
"""The answer to a pair that prefers neither; the store keeps whole numbers, tables say 1.5."""
Purpose: TypeAlias = Literal["", "gold", "trap", "repeat"]
"""Why a trial is there besides being rated: only those with an empty purpose count."""
SYNTHETIC = "synthetic-"
"""How the name of every study begins that a simulation drew; no other study may be called so."""
ORIGINAL = "hr"
"""What runs and studies call the original among the versions of a picture."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a design shows pictures, and what it asks of each rater.

    Attributes:
        shows: One version alone; a version with the original beside it; or every pair of versions of a picture.
        choices: How many answers there are, numbered from 1.
        labels: Which texts of the language files ask the question and name the answers.
        captions: Texts of the language files above the pictures; empty for none.
        layout: How two pictures are shown: beside each other, or in one place by turns.
        seconds: Planned time of one trial, unless study.toml says otherwise.
        tolerance: How far from the taught score a practice answer still counts as right, unless study.toml says so.
        needs_original: Whether the original must be among the versions that are rated.
    """

    shows: Literal["one", "beside-original", "pairs"] = "one"
    choices: int = 5
    labels: str = "acr"
    captions: tuple[str, ...] = ()
    seconds: float = 5.0
    tolerance: int = 1
    needs_original: bool = False
    layout: Layout = "side-by-side"

    @property
    def beside(self) -> int:
        """How many pictures stand beside each other."""
        return 2 if self.shows != "one" and self.layout == "side-by-side" else 1


DESIGNS: dict[str, Presentation] = {
    "acr": Presentation(),
    "acr-hr": Presentation(needs_original=True),
    # Two pictures take longer than one, and of two answers none is nearly right.
    "dcr": Presentation("beside-original", labels="dcr", captions=("reference", "stimulus"), seconds=8.0),
    "pc": Presentation("pairs", 2, labels="pc", captions=("left", "right"), seconds=8.0, tolerance=0),
}
"""All designs. A further one is an entry here, and its texts in `mos_app/languages`."""


@functools.lru_cache(maxsize=64)
def presentation(design: str, layout: Layout, ties: bool) -> Presentation:
    """Return how a design shows pictures in a layout, with or without the answer that prefers neither."""
    shown = replace(DESIGNS[design], layout=layout)
    if shown.shows == "pairs" and layout != "side-by-side":
        shown = replace(shown, labels="pc_turn", captions=("first", "second"))
    return replace(shown, choices=NO_PREFERENCE) if ties else shown


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_name(name: str) -> str:
    """Return `name` when it can name a study, its folder and its rows everywhere.

    Raises:
        StudyError: It holds something else than letters, digits, '.', '_' and '-', or starts with a sign.
    """
    if not _NAME.fullmatch(name):
        raise StudyError(f"A study's name may hold letters, digits, '.', '_' and '-', not {name!r}.")
    return name


@dataclass(frozen=True, slots=True)
class Settings:
    """What the store must know of a frozen study to run its sessions.

    Attributes:
        design: One of `DESIGNS`.
        minimum_seconds: A rating that comes sooner after the picture is refused.
        seconds_per_trial: Planned time, for estimates until the rater's own pace is known.
        session_minutes: Longest time without the offer of a break.
        break_minutes: Length of break that is suggested.
        attempts: How often calibration may be tried.
        tolerance: How far from the taught score an answer may lie and still count as right.
        pass_fraction: Share of right answers that passes; 0 lets everybody pass, as in the paper.
        crop_width: Widest picture that is shown: of a wider one every rater sees the middle; 0 for whole pictures.
        crop_height: Highest picture, likewise.
        screens: Devices that may take part: `desktop`, or `any`, phones and tablets among them.
        small_screens: What happens where the largest picture does not fit: `refuse` the rater before the first trial,
            or `leave-out` the pictures that do not fit from that rater's schedule.
        trials_per_rater: How many of all trials each rater gets; 0 for all.
        selection: Which ones: balanced blocks of the `full` design; drawn at `random` for each rater; or `active`, for
            pairs: the one that tells most, given all answers so far.
        layout: How two pictures are shown: `side-by-side`, `in-turn` or by `flicker` in one place.
        turn_seconds: How long each of two pictures is shown by turns; 0 for the layout's own (`LAYOUTS`).
        ties: Whether a pair may be answered by no preference.
        gold: How many trials with pictures of the practice, whose score is known, are mixed into the ratings.
        traps: How many trials ask for a certain answer, to see who reads.
        repeats: How many trials are shown a second time.
        allowed_misses: How many of the gold and trap trials may be answered wrongly.
        on_misses: What happens to a rater with more: `note` them in exports alone, or `end` that rater's part.
        asks: Which pages the study has besides: `consent`, questions `before` and `after`, tests of `acuity`, `colour`
            and `contrast`. It follows from the rest of study.toml, where it is no entry of its own.
    """

    design: str = "acr"
    minimum_seconds: float = 0.5
    seconds_per_trial: float = 5.0
    session_minutes: float = 30.0
    break_minutes: float = 5.0
    attempts: int = 2
    tolerance: int = 1
    pass_fraction: float = 0.9
    crop_width: int = 0
    crop_height: int = 0
    screens: Screens = "desktop"
    small_screens: SmallScreens = "refuse"
    trials_per_rater: int = 0
    selection: Selection = "full"
    layout: Layout = "side-by-side"
    turn_seconds: float = 0.0
    ties: bool = False
    gold: int = 0
    traps: int = 0
    repeats: int = 0
    allowed_misses: int = 0
    on_misses: OnMisses = "note"
    asks: tuple[str, ...] = ()

    @property
    def presentation(self) -> Presentation:
        """How the design shows pictures."""
        return presentation(self.design, self.layout, self.ties)

    @property
    def seconds_per_turn(self) -> float:
        """How long each of two pictures is shown by turns; 0 where they stand side by side."""
        return self.turn_seconds or LAYOUTS[self.layout]

    @property
    def checks(self) -> int:
        """How many trials of a rater are there to look at the rater and do not count."""
        return self.gold + self.traps + self.repeats

    @property
    def choices(self) -> int:
        """How many answers there are: 5; for pair comparison 2 (left, right), or 3 with no preference."""
        return self.presentation.choices

    @property
    def compares(self) -> bool:
        """Whether raters choose between versions, so that no version has scores of its own."""
        return self.presentation.shows == "pairs"


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
class ScheduledTrial:
    """One row of a rater's schedule, before it is stored.

    Attributes:
        attempt: 0 for ratings, 1.. for attempts at calibration.
        position: From 1, within the attempt.
        session: From 1; a break is offered before each new one.
        stimulus: Id of the picture (left one in pair comparison).
        other: Id of the second picture (original in DCR, right one in pair comparison).
        expected: The score that calibration teaches, or that a gold or trap trial expects.
        purpose: Why the trial is there besides being rated; such trials do not count.
    """

    attempt: int
    position: int
    session: int
    stimulus: str
    other: str | None = None
    expected: int | None = None
    purpose: Purpose = ""


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
