"""A study's design: everything that decides what raters see, and when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from srbench import paper
from srbench.errors import StudyError, unknown
from srbench.mos.design import languages, questionnaire, screening
from srbench.mos.design.languages import Language
from srbench.mos.design.questionnaire import Question
from srbench.mos.design.screening import Screening
from srbench.mos.store.definitions import (
    LAYOUTS,
    ON_MISSES,
    ORIGINAL,
    SCREENS,
    SELECTIONS,
    SMALL_SCREENS,
    SYNTHETIC,
    Settings,
    Stimulus,
    check_name,
)

REFERENCE = ORIGINAL
"""The method that returns the original: the reference of every design and the top of the calibration."""


@dataclass(frozen=True, slots=True)
class ImageSet:
    """One data set of a study.

    Attributes:
        name: Data set, as in the run.
        versions: Methods whose versions of each picture are shown.
        images: Pictures; empty in a design means all of the run.
        count: How many pictures the design demands; 0 for any number.
    """

    name: str
    versions: tuple[str, ...]
    images: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What raters are taught before they rate: `low` looks like score 1, the original like score 5.

    Attributes:
        source: Name of a data set, or a folder of pictures.
        count: How many pictures of it; 0 for no calibration.
    """

    source: str = "bsds300-train"
    count: int = 20
    low: str = "nearest"


@dataclass(frozen=True, slots=True)
class Retest:
    """Pictures of one method that are shown twice, as separate stimuli; the paper's pilot.

    Attributes:
        dataset: Data set of the pictures.
        method: Method whose versions are repeated; empty for no retest.
        count: How many pictures.
        gap: Least distance between the two showings, as a share of all trials.
    """

    dataset: str = "bsd100"
    method: str = ""
    count: int = 10
    gap: float = 0.25


@dataclass(frozen=True, slots=True)
class StudyDesign:
    """Everything that decides what raters see, and when.

    Attributes:
        name: Name of the study and of its folder.
        seed: Decides every order, together with a rater's number.
        settings: Design and sessions.
        run: Folder of the run that the pictures were taken from.
        run_sha256: SHA-256 of its run.json.
        stimuli: Every picture with its SHA-256; empty in a design that has not met a run.
        consent: The text that raters agree to before anything else, by language; empty for none.
        questions: What is asked before the practice and after the last rating.
        screening: What raters must see, and on what screens, before they take part.
        languages: Languages of the rating page besides those that are shipped.
    """

    name: str
    seed: int
    sets: tuple[ImageSet, ...]
    settings: Settings = field(default_factory=Settings)
    calibration: Calibration = field(default_factory=Calibration)
    retest: Retest = field(default_factory=Retest)
    run: str = ""
    run_sha256: str = ""
    stimuli: tuple[Stimulus, ...] = ()
    consent: dict[str, str] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()
    screening: Screening = field(default_factory=Screening)
    languages: tuple[Language, ...] = ()

    def __post_init__(self) -> None:
        asks = questionnaire.asked(self.consent, self.questions) + self.screening.tests
        if self.settings.asks != asks:
            object.__setattr__(self, "settings", replace(self.settings, asks=asks))

    @property
    def compares(self) -> bool:
        """Whether raters choose between versions."""
        return self.settings.compares

    @property
    def shows_original(self) -> bool:
        """Whether the original stands beside every version."""
        return self.settings.presentation.shows == "beside-original"


def paper_design(name: str, seed: int) -> StudyDesign:
    """Return the paper's study: ACR, 12 versions on Set5 and Set14, 9 on BSD100, 1128 trials per rater."""
    counts = {"set5": 5, "set14": 14, "bsd100": 100}
    sets = tuple(ImageSet(dataset, paper.versions(dataset), count=counts[dataset]) for dataset in paper.SETS)
    study = StudyDesign(name, seed, sets)
    check(study, "the paper's design")
    return study


def check(study: StudyDesign, where: str) -> None:
    """Refuse a design that no study can follow; `where` names it in the message.

    Raises:
        StudyError: It has no sets, versions that do not fit the design, or times that fit no session.
    """
    if check_name(study.name).startswith(SYNTHETIC):
        raise StudyError(f"{where}: only simulated studies are named '{SYNTHETIC}...', got {study.name!r}.")
    _check_sets(study, where)
    _check_retest(study, where)
    _check_settings(study.settings, where)
    questionnaire.check(study.consent, study.questions, where)
    screening.check(study.screening, where)
    languages.check(study.languages, where)
    languages.check_words(study.languages, study.consent, study.questions, where)


def _check_sets(study: StudyDesign, where: str) -> None:
    if not study.sets:
        raise StudyError(f"{where}: expected at least one [[sets]].")
    names = [each.name for each in study.sets]
    if len(set(names)) < len(names):
        raise StudyError(f"{where}: a data set is named twice in [[sets]].")
    design = study.settings.design
    for each in study.sets:
        if len(set(each.versions)) != len(each.versions) or not each.versions:
            raise StudyError(f"{where}: set {each.name!r} needs versions, each of them once.")
        if study.settings.presentation.needs_original and REFERENCE not in each.versions:
            raise StudyError(f"{where}: design {design!r} hides the original, so {each.name!r} needs the version 'hr'.")
        if study.compares and len(each.versions) < 2:
            raise StudyError(f"{where}: pair comparison needs two versions or more of set {each.name!r}.")


def _check_retest(study: StudyDesign, where: str) -> None:
    retest = study.retest
    if retest.method and study.compares:
        raise StudyError(f"{where}: pair comparison has no retest; ask for it in another design.")
    if retest.method and retest.method not in {v for s in study.sets if s.name == retest.dataset for v in s.versions}:
        raise StudyError(
            f"{where}: the retest needs set {retest.dataset!r} with version {retest.method!r} in the study."
        )
    if retest.method and study.settings.repeats:
        raise StudyError(f"{where}: a retest and repeats are the same showings twice: leave out one of them.")
    if (study.settings.gold or study.settings.traps) and not study.calibration.count:
        raise StudyError(f"{where}: gold and trap trials show pictures of the practice: set count under [calibration].")
    if retest.method and study.settings.trials_per_rater:
        raise StudyError(f"{where}: a retest needs raters who see everything: leave out trials_per_rater or [retest].")
    if not 0 <= retest.gap < 0.5:
        raise StudyError(
            f"{where}: the gap of the retest is a share of all trials from 0 to below 0.5, got {retest.gap}."
        )


def _check_settings(settings: Settings, where: str) -> None:
    if not 0 < settings.session_minutes <= 30:
        raise StudyError(f"{where}: a session lasts up to 30 minutes, got {settings.session_minutes:g}.")
    if not 0 < settings.seconds_per_trial <= 60 * settings.session_minutes or settings.minimum_seconds < 0:
        raise StudyError(f"{where}: seconds_per_trial and minimum_seconds must be positive and fit in a session.")
    if settings.attempts < 1 or settings.tolerance < 0 or not 0 <= settings.pass_fraction <= 1:
        raise StudyError(f"{where}: expected attempts of 1 or more, tolerance of 0 or more, pass_fraction from 0 to 1.")
    if settings.trials_per_rater < 0 or settings.trials_per_rater == 1:
        raise StudyError(f"{where}: trials_per_rater is 0 for all, or 2 or more; got {settings.trials_per_rater}.")
    if min(settings.crop_width, settings.crop_height) < 0:
        raise StudyError(f"{where}: crop_width and crop_height are pixels, or 0 for whole pictures.")
    for entry, known in _WORDS.items():
        if getattr(settings, entry) not in known:
            raise StudyError(f"{where}: {unknown(entry, str(getattr(settings, entry)), known)}")
    _check_pairs(settings, where)
    _check_checks(settings, where)


_WORDS: dict[str, Collection[str]] = {
    "screens": SCREENS,
    "small_screens": SMALL_SCREENS,
    "selection": SELECTIONS,
    "layout": LAYOUTS,
    "on_misses": ON_MISSES,
}


def _check_pairs(settings: Settings, where: str) -> None:
    if settings.layout != "side-by-side" and settings.presentation.shows == "one":
        raise StudyError(f"{where}: layout {settings.layout!r} is for designs that show two pictures: dcr and pc.")
    if not 0 <= settings.turn_seconds <= 10:
        raise StudyError(f"{where}: turn_seconds lies between 0 and 10, got {settings.turn_seconds:g}.")
    if settings.ties and not settings.compares:
        raise StudyError(f"{where}: ties are an answer to pairs: leave the entry out, or take design = 'pc'.")
    if settings.selection == "full":
        return
    if not settings.trials_per_rater:
        raise StudyError(
            f"{where}: selection = {settings.selection!r} needs trials_per_rater: how many for each rater."
        )
    if settings.selection == "active" and not settings.compares:
        raise StudyError(f"{where}: active selection chooses between pairs: take design = 'pc'.")
    if settings.selection == "active" and settings.small_screens == "leave-out":
        raise StudyError(
            f"{where}: active selection may show any picture, so that none can be left out: take "
            "small_screens = 'refuse'."
        )


def _check_checks(settings: Settings, where: str) -> None:
    counts = {name: getattr(settings, name) for name in ("gold", "traps", "repeats", "allowed_misses")}
    for name, count in counts.items():
        if count < 0:
            raise StudyError(f"{where}: {name} is a number of trials, got {count}.")
    if settings.allowed_misses > settings.gold + settings.traps:
        raise StudyError(
            f"{where}: allowed_misses is {settings.allowed_misses}, but there are fewer gold and trap trials."
        )
    if settings.repeats and settings.selection == "active":
        raise StudyError(
            f"{where}: active selection asks what is not known yet and nothing twice: leave out repeats, or take "
            "selection = 'full'."
        )
