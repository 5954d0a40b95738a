"""The file study.toml: the whole pre-registration of a study, readable by people and by programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from srbench import tomlfile
from srbench.errors import StudyError, unknown
from srbench.mos.design.languages import Language
from srbench.mos.design.questionnaire import Question
from srbench.mos.design.screening import Screening
from srbench.mos.design.study import Calibration, ImageSet, Retest, StudyDesign, check
from srbench.mos.store.definitions import DESIGNS, Settings, Stimulus

SCHEMA_VERSION = 1


def design_from(
    path: Path, name: str, seed: int, all_sets: Callable[[], tuple[ImageSet, ...]] | None = None
) -> StudyDesign:
    """Return the design in `path` (a study.toml, or one without seed and stimuli) for a new study.

    `all_sets` returns what is shown where the file names no sets.

    Raises:
        StudyError: See `read`.
    """
    entries = _read(path)
    open_entries: dict[str, Any] = {"name": name, "seed": seed}
    if all_sets is not None and "sets" not in entries:
        open_entries["sets"] = [_listed(asdict(each)) for each in all_sets()]
    found = _design(open_entries | entries, str(path))
    # Paths count from the file that names them; the design goes on without it.
    brought = tuple(replace(each, file=str(path.parent / each.file), sha256="") for each in found.languages)
    design = replace(found, name=name, seed=seed, stimuli=(), run="", run_sha256="", languages=brought)
    check(design, str(path))
    return design


def read(path: Path) -> StudyDesign:
    """Read a study.toml.

    Raises:
        StudyError: The file is missing, is no TOML, or holds a wrong or unknown entry.
    """
    return _design(_read(path), str(path))


def _read(path: Path) -> dict[str, Any]:
    hint = "Make a study with: srbench mos new NAME --run runs/NAME"
    return tomlfile.read(path, "the study", StudyError, missing=hint)


def _listed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def parse(text: str, where: str = "study.toml", **defaults: Any) -> StudyDesign:
    """Build a study from the text of a study.toml; `defaults` fill in what a design leaves open (name, seed).

    Raises:
        StudyError: See `read`.
    """
    return _design(defaults | tomlfile.parse(text, where, StudyError), where)


def _design(entries: Mapping[str, Any], where: str) -> StudyDesign:
    raw = dict(entries)
    version = raw.pop("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise StudyError(f"{where} has schema_version {version}; this srbench reads {SCHEMA_VERSION}.")
    design = raw.pop("design", "acr")
    if design not in DESIGNS:
        raise StudyError(f"{where}: {unknown('design', str(design), DESIGNS)}")
    study: StudyDesign = _build(StudyDesign, raw, where, {
        "settings": lambda value: _build(Settings, _settings(value, design), f"{where} [settings]"),
        "sets": lambda value: tuple(_build(ImageSet, each, f"{where} [[sets]]") for each in value),
        "calibration": lambda value: _build(Calibration, value, f"{where} [calibration]"),
        "retest": lambda value: _build(Retest, value, f"{where} [retest]"),
        "screening": lambda value: _build(Screening, value, f"{where} [screening]"),
        "questions": lambda value: tuple(_build(Question, each, f"{where} [[questions]]") for each in value),
        "languages": lambda value: tuple(_build(Language, each, f"{where} [[languages]]") for each in value),
        "stimuli": lambda value: tuple(_build(Stimulus, each, f"{where} [[stimuli]]") for each in value),
    })  # fmt: skip
    if "settings" not in raw:
        study = replace(study, settings=Settings(**_settings({}, design)))
    check(study, where)
    return study


def write(study: StudyDesign) -> str:
    """Return the text of study.toml; `parse` gives back an equal study."""
    head = {"schema_version": SCHEMA_VERSION, "name": study.name, "design": study.settings.design, "seed": study.seed}
    head |= {"run": study.run, "run_sha256": study.run_sha256}
    settings = {key: value for key, value in asdict(study.settings).items() if key not in ("design", "asks")}
    lines = [
        "# The pre-registration of an opinion study. `srbench mos open` freezes it: no byte may change afterwards.",
        *_entries(head),
        *_section("settings", settings),
        *_section("calibration", asdict(study.calibration)),
        *_section("retest", asdict(study.retest)),
        *_section("screening", asdict(study.screening)),
        *(_section("consent", study.consent) if study.consent else []),
        *(line for each in study.questions for line in _section("questions", asdict(each), many=True)),
        *(line for each in study.languages for line in _section("languages", asdict(each), many=True)),
        *(line for each in study.sets for line in _section("sets", asdict(each), many=True)),
        *(line for each in study.stimuli for line in _section("stimuli", asdict(each), many=True)),
    ]
    return "\n".join(lines) + "\n"


def _settings(value: Mapping[str, Any], design: str) -> dict[str, Any]:
    if "asks" in value:
        raise StudyError("study.toml: 'asks' is no entry of [settings]: write [consent], [[questions]], [screening].")
    shown = DESIGNS[design]
    return {"design": design, "seconds_per_trial": shown.seconds, "tolerance": shown.tolerance} | dict(value)


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
    if kind == "bool":
        if isinstance(value, bool):
            return value
        raise StudyError(f"{where} must be true or false, got {value!r}.")
    if kind.startswith("dict[str, "):
        if not isinstance(value, Mapping):
            raise StudyError(f"{where} must be a table with an entry per language, got {value!r}.")
        inner = kind.removeprefix("dict[str, ").removesuffix("]")
        return {str(key): _typed(inner, each, f"{where}, {key}") for key, each in value.items()}
    wanted: tuple[type, ...] = {"int": (int,), "float": (int, float)}.get(kind, (str,))
    if isinstance(value, bool) or not isinstance(value, wanted):
        expected = {"int": "a whole number", "float": "a number"}.get(kind, "a text")
        raise StudyError(f"{where} must be {expected}, got {value!r}.")
    return float(str(value)) if kind == "float" else value


def _section(name: str, values: Mapping[str, Any], many: bool = False) -> list[str]:
    return ["", f"[[{name}]]" if many else f"[{name}]", *_entries(values)]


def _entries(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in values.items()]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(each)}" for key, each in value.items()) + "}"
    # JSON's strings, numbers and lists of strings are valid TOML, but for the one control character it leaves bare.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
