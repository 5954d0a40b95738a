"""Launches a training run: recipe, photographs without test images, held-out ones, and the loop over them."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from srbench.errors import TrainingError, unknown
from srbench.images import Image, file_sha256
from srbench.training import (
    checkpoints,
    duplicates,
    loop,
    parallel,
    photographs,
    precision,
    settings,
    validation,
)
from srbench.training.config import PRECISIONS, TrainingConfig
from srbench.training.loop import TrainingResult
from srbench.training.patches import Cutter, Shape
from srbench.training.state import TrainingRun
from srbench.training.task import Recipe

Decode = Callable[[tuple[Path, ...], bool], tuple[list[tuple[Path, Image]], dict[str, str]]]
"""Takes photographs and whether to keep those that look like test images; see `duplicates.decode_without`."""


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What `srbench train` was asked for.

    Attributes:
        name: A recipe's name, such as `srresnet-mse`.
        data: Folders and files of photographs.
        out: Folder of the run.
        settings: Fields of the recipe's config that differ from its defaults.
        validation: Folder of which `hold_out` photographs are held out from training; None validates nothing.
        hold_out: How many, evenly spaced in the sorted folder.
        resume: Go on from the checkpoint in `out`.
        device: `auto`, `cpu` or `cuda`.
        checkpoint_seconds: Time between checkpoints.
        keep_duplicates: Train on photographs that look like test images, too.
        quiet: Show nothing.
        command: The command line that asked for it, for the model card.
    """

    name: str
    data: tuple[Path, ...]
    out: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    validation: Path | None = None
    hold_out: int = 20
    resume: bool = False
    device: str = "auto"
    checkpoint_seconds: float = 60.0
    keep_duplicates: bool = False
    quiet: bool = False
    command: str = ""


def recipes() -> dict[str, Recipe]:
    """Return all recipes by name: those of every `train.py` in the families' folders.

    A family that cannot be imported is named on stderr; the others go on.
    """
    found: dict[str, Recipe] = {}
    package = importlib.import_module("srbench.methods")
    for home in package.__path__:
        for family in pkgutil.iter_modules([home]):
            if (Path(home) / family.name / "train.py").is_file():
                try:
                    found |= importlib.import_module(f"srbench.methods.{family.name}.train").RECIPES
                except Exception as error:  # whatever a plugin raises concerns itself alone
                    sys.stderr.write(f"Left out {Path(home) / family.name / 'train.py'}: {error}\n")
    return found


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


def continued(out: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the run in `out`, as it was started, with those `given` now in their place."""
    stored: dict[str, Any] = dict(checkpoints.load(out).config["plan"])
    if "steps" in given or "minutes" in given:
        stored |= {"steps": None, "minutes": None}
    return stored | dict(given)


def held_out(folder: Path | None, count: int) -> list[Path]:
    """Return `count` photographs of `folder`, evenly spaced in their sorted names."""
    if folder is None or count < 1:
        return []
    files = photographs.find([folder])
    return [files[i * len(files) // count] for i in range(min(count, len(files)))]


def without(files: Sequence[Path], held: Sequence[Path]) -> list[Path]:
    """Return those of `files` whose content none of `held` has, wherever they lie and whatever they are called."""
    sizes = {path.stat().st_size for path in held}
    contents = {file_sha256(path) for path in held}
    return [path for path in files if path.stat().st_size not in sizes or file_sha256(path) not in contents]


def launch(request: TrainingRequest, decode: Decode = duplicates.decode_without) -> TrainingResult:
    """Train as requested.

    Args:
        request: What is wanted.
        decode: Decodes photographs; a queue gives one that remembers them from job to job.

    Raises:
        TrainingError: Something about the request, the data or the run is wrong.
        ImageError: A photograph is damaged.
    """
    recipe = find(request.name)
    given = continued(request.out, request.settings) if request.resume else request.settings
    plan = configure(recipe, given)
    with parallel.joined(request.device) as processes:
        wanted, why = precision.choose(processes.device, plan.precision)
        plan = dataclasses.replace(plan, precision=PRECISIONS[round(processes.agree(PRECISIONS.index(wanted)))])
        torch.manual_seed(plan.seed)
        task = recipe.task(plan, processes)
        if request.command:
            task.notes["command"] = request.command
        held = held_out(request.validation, request.hold_out)
        files = without(photographs.find(request.data), held)
        shape = Shape(plan.crop, plan.scale, task.enlarge)
        decoded, refused = decode(tuple(files), request.keep_duplicates)
        photos = photographs.pack(decoded, shape.window, task.luma).to(processes.device)
        facts = {
            "name": request.name,
            "photographs": len(photos),
            "megapixels": round(int((photos.heights * photos.widths).sum()) / 1e6, 1),
            "data": _names(request.data),
            "held_out": [path.stem for path in held],
            "refused": None if request.keep_duplicates else sorted(refused),
        }
        if processes.leads and not request.quiet:
            _say(facts | ({"precision": why} if why else {}))
        run = TrainingRun(request.out, request.name, request.resume, request.checkpoint_seconds, facts, request.quiet)
        return loop.train(
            task, run, Cutter(photos, shape).draw, validation.hold_out(held, plan.scale, task.luma, processes.device)
        )


def _names(places: Sequence[Path]) -> list[str]:
    # The last two parts tell data sets apart without telling where somebody keeps them.
    return ["/".join(place.resolve().parts[-2:]) for place in places]


def _say(facts: Mapping[str, Any]) -> None:
    sys.stderr.write(json.dumps(facts) + "\n")
