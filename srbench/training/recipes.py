"""Finds what can be trained: the `train.py` of the families that come with srbench and of folders of one's own."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from srbench.errors import TrainingError, unknown
from srbench.plugins import METHODS, modules
from srbench.training import settings
from srbench.training.config import TrainingConfig
from srbench.training.task import Recipe

_FILE = "train.py"


def recipes() -> dict[str, Recipe]:
    """Return all recipes by name.

    They are the `RECIPES` of every `train.py` in the families' folders, in those that `SRBENCH_METHODS_PATH` names, and
    in folders inside these. One that cannot be imported is named on stderr; the others go on.
    """
    found: dict[str, Recipe] = {}
    for module, path in [*_shipped(), *_own()]:
        try:
            found |= importlib.import_module(module).RECIPES
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever a plugin raises, `sys.exit` included, concerns itself alone
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            sys.stderr.write(f"Left out {path}: {reason}\n")
    return found


def _shipped() -> Iterator[tuple[str, Path]]:
    package = importlib.import_module("srbench.methods")
    for home in package.__path__:
        for family in pkgutil.iter_modules([home]):
            if (path := Path(home) / family.name / _FILE).is_file():
                yield f"srbench.methods.{family.name}.train", path


def _own() -> Iterator[tuple[str, Path]]:
    for folder in modules.named(METHODS.variable):
        root = modules.package(folder)
        if (folder / _FILE).is_file():
            yield f"{root}.train", folder / _FILE
        for path in sorted(folder.glob(f"*/{_FILE}")):
            if path.parent.name.isidentifier():
                yield f"{root}.{path.parent.name}.train", path


def find(name: str) -> Recipe:
    """Return the recipe `name`.

    Raises:
        TrainingError: There is none of that name.
    """
    known = recipes()
    if name not in known:
        raise TrainingError(unknown("recipe", name, known))
    return known[name]


def configure(recipe: Recipe, given: Mapping[str, Any]) -> TrainingConfig:
    """Return the recipe's config with the settings `given` replaced.

    Raises:
        TrainingError: It has no such setting, or a value is wrong.
    """
    presets = {"paper": recipe.config, **recipe.presets}
    preset = str(given.get("preset", "paper"))
    if preset not in presets:
        raise TrainingError(unknown("preset", preset, presets))
    config = dataclasses.replace(presets[preset], **settings.fitted(type(recipe.config), given))
    config.check()
    return config
