"""A study's design and its file study.toml: the whole pre-registration, readable by people and by programs."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from srbench import paper
from srbench.errors import StudyError, unknown
from srbench.mos.store.views import DESIGNS, SYNTHETIC, Design, Settings, Stimulus

SCHEMA_VERSION = 1
REFERENCE = "hr"
"""The method that returns the original: the reference of every design and the top of the calibration."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


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
class Study:
    """Everything that decides what raters see, and when.

    Attributes:
        name: Name of the study and of its folder.
        seed: Decides every order, together with a rater's number.
        settings: Design and sessions.
        run: Folder of the run that the pictures were taken from.
        run_sha256: SHA-256 of its run.json.
        stimuli: Every picture with its SHA-256; empty in a design that has not met a run.
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

    @property
    def design(self) -> Design:
        """The design: `acr`, `acr-hr`, `dcr` or `pc`."""
        return self.settings.design


def paper_design(name: str, seed: int) -> Study:
    """Return the paper's study: ACR, 12 versions on Set5 and Set14, 9 on BSD100, 1128 trials per rater."""
    counts = {"set5": 5, "set14": 14, "bsd100": 100}
    sets = tuple(ImageSet(dataset, paper.versions(dataset), count=counts[dataset]) for dataset in paper.SETS)
    study = Study(name, seed, sets)
    check(study, "the paper's design")
    return study


def design_from(path: Path, name: str, seed: int) -> Study:
    """Return the design in `path` (a study.toml, or one without seed and stimuli) for a new study.

    Raises:
        StudyError: See `read`.
    """
    found = parse(_text(path), str(path), name=name, seed=seed)
    design = replace(found, name=name, seed=seed, stimuli=(), run="", run_sha256="")
    check(design, str(path))
    return design


def check_name(name: str) -> str:
    """Return `name` when it can name a study, its folder and its rows everywhere.

    Raises:
        StudyError: It holds something else than letters, digits, '.', '_' and '-', or starts with a sign.
    """
    if not _NAME.fullmatch(name):
        raise StudyError(f"A study's name may hold letters, digits, '.', '_' and '-', not {name!r}.")
    return name


def read(path: Path) -> Study:
    """Read a study.toml.

    Raises:
        StudyError: The file is missing, is no TOML, or holds a wrong or unknown entry.
    """
    return parse(_text(path), str(path))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StudyError(f"{path} is missing. Make a study with: srbench mos new NAME --run runs/NAME") from None
    except UnicodeDecodeError:
        raise StudyError(f"{path} is not UTF-8 text.") from None


def parse(text: str, where: str = "study.toml", **defaults: Any) -> Study:
    """Build a study from the text of a study.toml; `defaults` fill in what a design leaves open (name, seed).

    Raises:
        StudyError: See `read`.
    """
    try:
        raw = defaults | tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{where} is no valid TOML: {error}.") from None
    version = raw.pop("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise StudyError(f"{where} has schema_version {version}; this srbench reads {SCHEMA_VERSION}.")
    design = raw.pop("design", "acr")
    if design not in DESIGNS:
        raise StudyError(f"{where}: {unknown('design', str(design), DESIGNS)}")
    study: Study = _build(Study, raw, where, {
        "settings": lambda value: _build(Settings, _settings(value, design), f"{where} [settings]"),
        "sets": lambda value: tuple(_build(ImageSet, each, f"{where} [[sets]]") for each in value),
        "calibration": lambda value: _build(Calibration, value, f"{where} [calibration]"),
        "retest": lambda value: _build(Retest, value, f"{where} [retest]"),
        "stimuli": lambda value: tuple(_build(Stimulus, each, f"{where} [[stimuli]]") for each in value),
    })  # fmt: skip
    if "settings" not in raw:
        study = replace(study, settings=Settings(**_settings({}, design)))
    check(study, where)
    return study


def write(study: Study) -> str:
    """Return the text of study.toml; `parse` gives back an equal study."""
    head = {"schema_version": SCHEMA_VERSION, "name": study.name, "design": study.design, "seed": study.seed}
    head |= {"run": study.run, "run_sha256": study.run_sha256}
    settings = {key: value for key, value in asdict(study.settings).items() if key != "design"}
    lines = [
        "# The pre-registration of an opinion study. `srbench mos open` freezes it: no byte may change afterwards.",
        *_entries(head),
        *_section("settings", settings),
        *_section("calibration", asdict(study.calibration)),
        *_section("retest", asdict(study.retest)),
        *(line for each in study.sets for line in _section("sets", asdict(each), many=True)),
        *(line for each in study.stimuli for line in _section("stimuli", asdict(each), many=True)),
    ]
    return "\n".join(lines) + "\n"


def _settings(value: Mapping[str, Any], design: Design) -> dict[str, Any]:
    """Two pictures take longer than one, and of two answers none is nearly right."""
    own: dict[str, Any] = {"design": design}
    if design in {"dcr", "pc"}:
        own["seconds_per_trial"] = 8.0
    if design == "pc":
        own["tolerance"] = 0
    return own | dict(value)


def _build(kind: Any, raw: Any, where: str, nested: Mapping[str, Any] | None = None) -> Any:
    if not isinstance(raw, Mapping):
        raise StudyError(f"{where}: expected a table of entries, got {raw!r}.")
    known = {each.name: each for each in fields(kind)}
    values = {}
    for key, value in raw.items():
        if key not in known:
            raise StudyError(f"{where}: {unknown('entry', key, known)}")
        if nested and key in nested:
            values[key] = nested[key](value)
        else:
            values[key] = _typed(str(known[key].type), value, f"{where}: entry '{key}'")
    try:
        return kind(**values)
    except TypeError as error:  # Python names what is missing
        raise StudyError(f"{where}: {error}.") from None


def _typed(kind: str, value: Any, where: str) -> Any:
    if kind == "tuple[str, ...]":
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        raise StudyError(f"{where} must be a list of texts, got {value!r}.")
    wanted: tuple[type, ...] = {"int": (int,), "float": (int, float)}.get(kind, (str,))
    if isinstance(value, bool) or not isinstance(value, wanted):
        expected = {"int": "a whole number", "float": "a number"}.get(kind, "a text")
        raise StudyError(f"{where} must be {expected}, got {value!r}.")
    return float(str(value)) if kind == "float" else value


def check(study: Study, where: str) -> None:
    """Refuse a design that no study can follow; `where` names it in the message.

    Raises:
        StudyError: It has no sets, versions that do not fit the design, or times that fit no session.
    """
    if check_name(study.name).startswith(SYNTHETIC):
        raise StudyError(f"{where}: only simulated studies are named '{SYNTHETIC}...', got {study.name!r}.")
    if not study.sets:
        raise StudyError(f"{where}: expected at least one [[sets]].")
    names = [each.name for each in study.sets]
    if len(set(names)) < len(names):
        raise StudyError(f"{where}: a data set is named twice in [[sets]].")
    for each in study.sets:
        if len(set(each.versions)) != len(each.versions) or not each.versions:
            raise StudyError(f"{where}: set {each.name!r} needs versions, each of them once.")
        if study.design == "acr-hr" and REFERENCE not in each.versions:
            raise StudyError(f"{where}: design 'acr-hr' hides the original, so {each.name!r} needs the version 'hr'.")
        if study.design == "pc" and len(each.versions) < 2:
            raise StudyError(f"{where}: pair comparison needs two versions or more of set {each.name!r}.")
    retest = study.retest
    if retest.method and study.design == "pc":
        raise StudyError(f"{where}: pair comparison has no retest; ask for it in another design.")
    if retest.method and retest.method not in {v for s in study.sets if s.name == retest.dataset for v in s.versions}:
        raise StudyError(
            f"{where}: the retest needs set {retest.dataset!r} with version {retest.method!r} in the study."
        )
    if not 0 <= retest.gap < 0.5:
        raise StudyError(
            f"{where}: the gap of the retest is a share of all trials from 0 to below 0.5, got {retest.gap}."
        )
    settings = study.settings
    if not 0 < settings.session_minutes <= 30:
        raise StudyError(f"{where}: a session lasts up to 30 minutes, got {settings.session_minutes:g}.")
    if not 0 < settings.seconds_per_trial <= 60 * settings.session_minutes or settings.minimum_seconds < 0:
        raise StudyError(f"{where}: seconds_per_trial and minimum_seconds must be positive and fit in a session.")
    if settings.attempts < 1 or settings.tolerance < 0 or not 0 <= settings.pass_fraction <= 1:
        raise StudyError(f"{where}: expected attempts of 1 or more, tolerance of 0 or more, pass_fraction from 0 to 1.")


def _section(name: str, values: Mapping[str, Any], many: bool = False) -> list[str]:
    return ["", f"[[{name}]]" if many else f"[{name}]", *_entries(values)]


def _entries(values: Mapping[str, Any]) -> list[str]:
    # JSON's strings, numbers and lists of strings are valid TOML, but for the one control character it leaves bare.
    return [
        f"{key} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f") for key, value in values.items()
    ]
