"""Reads settings: from words of the command line, and into the types that a config has for them."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from srbench.errors import TrainingError, unknown


def parse(pairs: Iterable[str]) -> dict[str, Any]:
    """Return settings as Python values; what is no Python literal is text.

    >>> parse(["ema=0.99", "kernels=9,5,5", "vgg=random"])
    {'ema': 0.99, 'kernels': (9, 5, 5), 'vgg': 'random'}

    Raises:
        TrainingError: A pair has no equals sign.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise TrainingError(f"Expected --set NAME=VALUE, but got --set {pair}.")
        found[name.strip()] = _value(value.strip())
    return found


def options(words: Sequence[str]) -> dict[str, Any]:
    """Return settings that were given as options of their own.

    >>> options(["--blocks", "4", "--no-bn", "--vgg=vgg16.safetensors", "--skip"])
    {'blocks': 4, 'bn': False, 'vgg': 'vgg16.safetensors', 'skip': True}

    Raises:
        TrainingError: A word is neither an option nor the value of one.
    """
    found: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            raise TrainingError(f"Expected a setting such as --batch 8 in place of '{word}'.")
        name, equals, value = word[2:].partition("=")
        if equals:
            found[_field(name)] = _value(value)
        elif rest and not rest[0].startswith("--"):
            found[_field(name)] = _value(rest.pop(0))
        else:
            found[_field(name.removeprefix("no-"))] = not name.startswith("no-")
    return found


def fitted(config: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings `given` in the types of the fields of the dataclass `config`.

    Raises:
        TrainingError: It has no such field, or a value of another type.
    """
    kinds = typing.get_type_hints(config)
    known = [field.name for field in dataclasses.fields(config)]
    found = {}
    for name, value in given.items():
        if name not in known:
            raise TrainingError(f"{unknown('setting', name, known)} It may belong to another network.")
        try:
            found[name] = _fit(value, kinds[name])
        except (TypeError, ValueError):
            raise TrainingError(f"Expected {_called(kinds[name])} for the setting {name}, but got {value!r}.") from None
    return found


def explanations(config: type[Any]) -> dict[str, str]:
    """Return what the docstrings of the dataclass `config` and its bases say of each of its fields, in their order."""
    said: dict[str, str] = {}
    for kind in reversed(config.__mro__):
        _, _, section = inspect.cleandoc(kind.__dict__.get("__doc__") or "").partition("Attributes:\n")
        for entry in re.split(r"\n {4}(?=\S)", "\n" + section)[1:]:
            name, _, text = entry.partition(":")
            said[name] = " ".join(text.split())
    return {field.name: said.get(field.name, "") for field in dataclasses.fields(config)}


def _field(option: str) -> str:
    return option.replace("-", "_")


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _fit(value: Any, kind: Any) -> Any:
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        if value is None:
            return None
        kind = next(part for part in typing.get_args(kind) if part is not types.NoneType)
    if typing.get_origin(kind) is tuple:
        parts = typing.get_args(kind)
        if len(value) != len(parts):
            raise ValueError(value)
        return tuple(_fit(one, part) for one, part in zip(value, parts, strict=True))
    if kind is str:
        return str(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise TypeError(value)
    return value


def _called(kind: Any) -> str:
    names = {int: "a whole number", float: "a number", bool: "True or False", str: "text", types.NoneType: "None"}
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return " or ".join(_called(part) for part in typing.get_args(kind))
    if typing.get_origin(kind) is tuple:
        return f"{len(typing.get_args(kind))} numbers separated by commas"
    return names.get(kind, str(kind))
