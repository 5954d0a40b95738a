"""Runs what a training run has learned: its averaged weights, in the network that its recipe makes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from torch import nn

from srbench import sources
from srbench.contract import Setup, Upscaler
from srbench.errors import MethodError, TrainingError
from srbench.training import averaged, checkpoints, settings
from srbench.training.checkpoints import Checkpoint
from srbench.training.config import TrainingConfig
from srbench.training.recipes import find
from srbench.training.task import Recipe


def recipe_of(checkpoint: Checkpoint) -> Recipe:
    """Return the recipe that a checkpoint was trained by.

    Raises:
        TrainingError: This version has none of that name.
    """
    name = str(checkpoint.config.get("name", ""))
    try:
        return find(name)
    except TrainingError:
        raise TrainingError(
            f"The checkpoint is of '{name}', for which this srbench has no recipe. Name the folder of its train.py in "
            "SRBENCH_METHODS_PATH."
        ) from None


def plan_of(checkpoint: Checkpoint, recipe: Recipe) -> TrainingConfig:
    """Return the settings of a checkpoint; those that this version does not know are left out."""
    fields = {field.name for field in dataclasses.fields(recipe.config)}
    plan = {key: value for key, value in checkpoint.config["plan"].items() if key in fields}
    return dataclasses.replace(recipe.config, **settings.fitted(type(recipe.config), plan))


def restore(checkpoint: Checkpoint) -> nn.Module:
    """Return the averaged network of a checkpoint.

    Raises:
        TrainingError: This version has no recipe of that name, or it makes another network.
    """
    recipe = recipe_of(checkpoint)
    network = recipe.network(plan_of(checkpoint, recipe))
    prefix = "average."
    stored = {k.removeprefix(prefix): v for k, v in checkpoint.tensors.items() if k.startswith(prefix)}
    try:
        network.load_state_dict(stored)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise TrainingError(f"The checkpoint does not fit '{checkpoint.config['name']}': {reason}") from None
    return network.eval()


def columns(run: str) -> dict[str, Any]:
    """Return the columns of `Method` that a run decides, told as `RUN`, `RUN@STEP` or `RUN@best`.

    Raises:
        TrainingError: It is no run, has kept no weights of that step, or its recipe makes no upscaler.
    """
    place = averaged.locate(run)
    checkpoint = averaged.read(place)
    recipe = recipe_of(checkpoint)
    if recipe.ready is None:
        raise TrainingError(
            f"The recipe of '{checkpoint.config['name']}' has no 'ready', which makes an upscaler of it."
        )
    scale = int(checkpoint.config["plan"]["scale"])
    network = recipe.network(plan_of(checkpoint, recipe))
    return {
        "title": f"{checkpoint.config['name']}, step {checkpoint.step}",
        "note": str(checkpoint.notes.get("note", "")),
        "scales": (scale,),
        "weights": {scale: _file(place)},
        "parameters": {scale: sum(parameter.numel() for parameter in network.parameters())},
        "inputs": tuple(_code(network, recipe.ready)),
    }


def _code(network: nn.Module, ready: object) -> list[Path]:
    """Return the files of the code that computes with a network: its own, and what makes it an upscaler."""
    modules = (type(network).__module__, getattr(ready, "__module__", ""))
    return sorted({path for module in modules if module for path in sources.closure(module)})


def _file(place: Path) -> Path:
    if not place.is_dir():
        return place
    path = place / averaged.FILE
    return path if path.is_file() else checkpoints.file_of(place)


def load(setup: Setup) -> Upscaler:
    """Return the upscaler of the run that the argument of a setup names.

    Raises:
        MethodError: No run is named.
        TrainingError: As for `columns`.
    """
    if setup.argument is None:
        raise MethodError("Method 'checkpoint' needs the folder of a run: 'checkpoint:RUN'.")
    checkpoint = averaged.read(averaged.locate(setup.argument))
    recipe = recipe_of(checkpoint)
    assert recipe.ready is not None
    return recipe.ready(restore(checkpoint), setup)
