"""Puts a training run together: recipe, photographs without test images, held-out ones, loop, shipped weights."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from srbench.errors import TrainingError, unknown
from srbench.training import duplicates, loop, parallel, photographs, validation
from srbench.training.loop import Outcome, Run
from srbench.training.patches import Cutter, Shape
from srbench.training.plan import Plan, Recipe


@dataclass(frozen=True, slots=True)
class Order:
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


def recipes() -> dict[str, Recipe]:
    """Return all recipes by name: those of every `train.py` in the families' folders."""
    found: dict[str, Recipe] = {}
    package = importlib.import_module("srbench.methods")
    for home in package.__path__:
        for family in pkgutil.iter_modules([home]):
            if (Path(home) / family.name / "train.py").is_file():
                found |= importlib.import_module(f"srbench.methods.{family.name}.train").RECIPES
    return found


def configure(recipe: Recipe, settings: Mapping[str, Any]) -> Plan:
    """Return the recipe's config with `settings` replaced.

    Raises:
        TrainingError: It has no such setting, or a value is wrong.
    """
    presets = {"paper": recipe.config, **recipe.presets}
    preset = str(settings.get("preset", "paper"))
    if preset not in presets:
        raise TrainingError(unknown("preset", preset, presets))
    known = {f.name for f in dataclasses.fields(recipe.config)}
    for name in settings:
        if name not in known:
            raise TrainingError(f"{unknown('setting', name, known)} It belongs to another network.")
    config = dataclasses.replace(presets[preset], **settings)
    config.check()
    return config


def held_out(folder: Path | None, count: int) -> list[Path]:
    """Return `count` photographs of `folder`, evenly spaced in their sorted names."""
    if folder is None or count < 1:
        return []
    files = photographs.find([folder])
    return [files[i * len(files) // count] for i in range(min(count, len(files)))]


def start(order: Order) -> Outcome:
    """Train as ordered.

    Raises:
        TrainingError: Something about the order, the data or the run is wrong.
        ImageError: A photograph is damaged.
    """
    known = recipes()
    if order.name not in known:
        raise TrainingError(unknown("recipe", order.name, known))
    plan = configure(known[order.name], order.settings)
    team = parallel.join(order.device)
    try:
        torch.manual_seed(plan.seed)
        task = known[order.name].task(plan, team)
        held = held_out(order.validation, order.hold_out)
        files = [path for path in photographs.find(order.data) if path not in set(held)]
        shape = Shape(plan.crop, plan.scale, task.enlarge)
        decoded, refused = duplicates.decode_without(files, keep=order.keep_duplicates)
        photos = photographs.pack(decoded, shape.window, task.luma).to(team.device)
        facts = {
            "name": order.name,
            "photographs": len(photos),
            "megapixels": round(int((photos.heights * photos.widths).sum()) / 1e6, 1),
            "data": _names(order.data),
            "held_out": [path.stem for path in held],
            "refused": sorted(refused),
        }
        if team.leads and not order.quiet:
            _say(facts)
        run = Run(order.out, order.name, order.resume, order.checkpoint_seconds, facts, order.quiet)
        return loop.train(
            task, run, Cutter(photos, shape).draw, validation.hold_out(held, plan.scale, task.luma, team.device)
        )
    finally:
        parallel.leave()


def _names(places: Sequence[Path]) -> list[str]:
    # The last two parts tell data sets apart without telling where somebody keeps them.
    return ["/".join(place.resolve().parts[-2:]) for place in places]


def _say(facts: Mapping[str, Any]) -> None:
    import sys

    sys.stderr.write(json.dumps(facts) + "\n")
