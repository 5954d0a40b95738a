"""Runs what a training run has learned: its averaged weights, in the network that its recipe makes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from srbench import sources
from srbench.contract import Setup, Upscaler
from srbench.errors import MethodError, TrainingError
from srbench.inference import luma
from srbench.inference.engine import Engine
from srbench.inference.tiles import Stage
from srbench.inference.upscalers import RgbUpscaler
from srbench.training import averaged, checkpoints, patches, settings
from srbench.training.checkpoints import Checkpoint
from srbench.training.config import TrainingConfig
from srbench.training.recipes import find
from srbench.training.task import Recipe

_AS_IS = "as published"
_PIXELS = 65_536  # input pixels of one piece


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
        TrainingError: It is no run, has kept no weights of that step, or there is no recipe for it.
    """
    place = averaged.locate(run)
    checkpoint = averaged.read(place)
    recipe = recipe_of(checkpoint)
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
    return upscaler_of(recipe_of(checkpoint), restore(checkpoint), setup)


def upscaler_of(recipe: Recipe, network: nn.Module, setup: Setup) -> Upscaler:
    """Return what enlarges with a network: what its recipe makes of it, or the network as it is.

    Args:
        recipe: By which it was trained. Without `ready` its task and `gives` say what goes in and comes out; where the
            network has an attribute `halo`, the input pixels that one output pixel depends on, large images are
            computed in pieces.
        network: In evaluation mode; it is moved and converted in place.
        setup: Scale, device and precision.
    """
    if recipe.ready is not None:
        return recipe.ready(network, setup)
    halo = getattr(network, "halo", None)
    if recipe.luma:
        return luma.ready(network, setup, halo=halo, enlarged=recipe.enlarged, pixels=_PIXELS, floats=0, tricks=_AS_IS)

    def compute(image: Tensor) -> Tensor:
        given = patches.enlarged(image, setup.scale) if recipe.enlarged else image
        sr: Tensor = network(given / 255)
        return (sr.float() + 1) * 127.5 if recipe.gives == "-1..1" else sr.float() * 255

    return RgbUpscaler(Engine(network, [Stage(compute, setup.scale, halo, _PIXELS)], setup, _AS_IS))
