"""Model cards: TOML files that say what a model is, how it is called, and what was published for it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srbench import tomlfile
from srbench.errors import MethodError, unknown
from srbench.foreign import published
from srbench.foreign.interface import CHANNELS, GRAY, RANGES, Interface

KINDS = ("network", "spandrel", "onnx", "torchscript", "pt2", "command")
_OF_NETWORKS = ("source", "class", "args", "options", "call", "output", "key")
_OF_COMMANDS = ("command", "seconds")
_OF_PICTURES = ("range", "channels", "multiple", "minimum", "enlarged", "tile", "halo")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What a card says.

    Attributes:
        path: The card.
        kind: One of `KINDS`.
        interface: What the network takes and gives, as far as the card says.
        stated: Names of the fields that the card has.
        source: File or folder of network code; None where the class is installed.
        class_: Name of the network's class, with its module where `source` is no file.
        args: What the class is called with.
        options: What it is given before that as one object with these attributes, as argparse makes; empty for nothing.
        call: What the network is called with beside the picture.
        output: Which of several outputs is the picture; None where there is one.
        weights: The weight file, or the model itself for other kinds than `network`.
        key: Where in the weight file the weights are.
        trust_pickle: Whether the weight file may run code of its author.
        scale: The upscaling factor; None where it is to be measured.
        command: The program to run.
        seconds: How long the program may take for one image.
        title: What tables print.
        note: What they print beside it.
        cite: Where the model was published.
        published: {data set: {protocol: {metric: score}}}.
    """

    path: Path
    kind: str = "network"
    interface: Interface = field(default_factory=Interface)
    stated: frozenset[str] = frozenset()
    source: Path | None = None
    class_: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)
    output: int | None = None
    weights: Path | None = None
    key: str = ""
    trust_pickle: bool = False
    scale: int | None = None
    command: str = ""
    seconds: float = 600.0
    title: str = ""
    note: str = ""
    cite: str = ""
    published: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)


def read(path: Path) -> ModelCard:
    """Return what a card says.

    Raises:
        MethodError: It cannot be read, a field is unknown, missing or of the wrong type, or a file is not there.
    """
    told = tomlfile.read(path, "the model card", MethodError)
    try:
        return _card(path, told)
    except _MistakeError as mistake:
        raise MethodError(f"The model card {path}: {mistake}") from None


def named_files(path: Path) -> dict[str, str]:
    """Return {field: path} of code and weights as a card writes them; nothing where it cannot be read."""
    told = _told(path)
    return {name: told[name] for name in ("source", "weights") if isinstance(told.get(name), str)}


def risks(path: Path) -> list[str]:
    """Return the fields of a card by which code of its author runs; none where it cannot be read."""
    told = _told(path)
    return [name for name in ("source", "command", "trust_pickle") if told.get(name)]


def _told(path: Path) -> dict[str, Any]:
    try:
        return tomlfile.read(path, "the model card", MethodError)
    except MethodError:
        return {}  # `read` says what is wrong


class _MistakeError(Exception):
    """What is wrong in a card, without the card's name."""


def _card(path: Path, told: Mapping[str, Any]) -> ModelCard:
    for name, value in told.items():
        if name not in _FIELDS:
            raise _MistakeError(unknown("field", name, _FIELDS))
        kind, check = _FIELDS[name]
        problem = check(value)
        if problem:
            raise _MistakeError(f"'{name}' is {value!r}; expected {kind}{'' if problem is True else f': {problem}'}.")
    kind = told.get("kind", "network")
    for name, needed in _needed(kind):
        if name not in told:
            raise _MistakeError(f"'{name}' is missing; expected {needed}.")
    for name in told:
        owners = _owners(name)
        if kind not in owners:
            raise _MistakeError(f"'{name}' says nothing for kind '{kind}', only for {', '.join(owners)}.")
    kept = {one.name for one in dataclasses.fields(ModelCard)} - {"interface", "source", "class_", "weights"}
    return ModelCard(
        path=path,
        interface=_interface(told),
        stated=frozenset(told),
        source=_place(path, told, "source"),
        class_=told.get("class", ""),
        weights=_place(path, told, "weights"),
        **{name: told[name] for name in told if name in kept},
    )


def _needed(kind: str) -> list[tuple[str, str]]:
    if kind == "command":
        return [("command", "the program, such as 'prog --in {lr} --out {sr} --scale {scale}'")]
    weights = ("weights", "the file of the model, relative to the card")
    return [("class", "the name of the network's class"), weights] if kind == "network" else [weights]


def _owners(name: str) -> tuple[str, ...]:
    if name in _OF_NETWORKS:
        return ("network",)
    if name in _OF_COMMANDS:
        return ("command",)
    if name == "trust_pickle":
        return ("network", "spandrel")
    if name == "weights" or name in _OF_PICTURES:
        return KINDS[:-1]
    return KINDS


def _interface(told: Mapping[str, Any]) -> Interface:
    span = told.get("range", "1")
    takes, gives = (span, span) if not isinstance(span, list) else span
    same = [one.name for one in dataclasses.fields(Interface) if one.name in told]
    interface = Interface(takes=_range(takes), gives=_range(gives), **{name: told[name] for name in same})
    if interface.enlarged and interface.tile and not told.get("halo"):
        raise _MistakeError("'enlarged' with 'tile' needs 'halo': the reach of the network in enlarged pixels.")
    return interface


def _place(card: Path, told: Mapping[str, Any], name: str) -> Path | None:
    if name not in told:
        return None
    place = Path(told[name])
    try:
        place = card.absolute().parent / place.expanduser()
    except RuntimeError:  # ~somebody who has no home here
        place = card.absolute().parent / place
    if not place.exists():
        raise _MistakeError(f"'{name}' is {told[name]!r}, but there is no {place}. Relative paths are the card's.")
    if name == "weights" and not place.is_file():
        raise _MistakeError(f"'{name}' is {told[name]!r}, which is a folder; expected a file.")
    return place


def _range(value: Any) -> str:
    return "1" if value == 1 else "255" if value == 255 else str(value)


_Check = Callable[[Any], bool | str]


def _is(*types: type) -> _Check:
    return lambda value: not (isinstance(value, types) and (bool in types or not isinstance(value, bool)))


def _text(value: Any) -> bool | str:
    return True if not isinstance(value, str) else not value.strip()


def _one_of(known: tuple[str, ...]) -> _Check:
    return lambda value: True if not isinstance(value, str) else value not in known and unknown("value", value, known)


def _at_least(least: float) -> _Check:
    def check(value: Any) -> bool | str:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return not (is_number and math.isfinite(value) and value >= least)

    return check


def _whole(least: int) -> _Check:
    return lambda value: _at_least(least)(value) or not isinstance(value, int)


def _number(value: Any) -> bool | str:
    return isinstance(value, bool) or not isinstance(value, int)


def _span(value: Any) -> bool | str:
    values = value if isinstance(value, list) else [value]
    return len(values) not in {1, 2} or (isinstance(value, list) and len(value) == 1) or not _known(values)


def _known(values: list[Any]) -> bool:
    return all(not isinstance(value, bool | list | dict) and _range(value) in RANGES for value in values)


_FIELDS: dict[str, tuple[str, _Check]] = {
    "kind": (f"one of {', '.join(KINDS)}", _one_of(KINDS)),
    "source": ("the path of a Python file or of a folder of code", _text),
    "class": ("the name of a class", _text),
    "args": ("a table of arguments", _is(dict)),
    "options": ("a table of attributes", _is(dict)),
    "call": ("a table of arguments", _is(dict)),
    "output": ("a whole number: the place among several outputs, from 0, or from -1 for the last", _number),
    "weights": ("the path of a file", _text),
    "key": ("a name in the weight file", _text),
    "trust_pickle": ("true or false", _is(bool)),
    "scale": ("a whole number from 1", _whole(1)),
    "range": (f"one of {', '.join(RANGES)}, or two of them: what goes in, and what comes out", _span),
    "channels": (f"one of {', '.join(CHANNELS)}", _one_of(CHANNELS)),
    "gray": (f"one of {', '.join(GRAY)}", _one_of(GRAY)),
    "multiple": ("a whole number from 1", _whole(1)),
    "minimum": ("a whole number from 1", _whole(1)),
    "enlarged": ("true or false", _is(bool)),
    "tile": ("a whole number of pixels from 16", _whole(16)),
    "halo": ("a whole number of pixels from 0", _whole(0)),
    "command": ("the program with its arguments", _text),
    "seconds": ("a number of seconds from 0.1", _at_least(0.1)),
    "title": ("a text", _text),
    "note": ("a text", _is(str)),
    "cite": ("a text", _is(str)),
    "published": ("scores as published.SET.PROTOCOL = {METRIC = SCORE}", published.mistake),
}
