"""Turns a checkpoint into the weight file and model card that `srbench run` uses."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from srbench import datasets, metrics, registry, weights
from srbench.datasets import Pair
from srbench.errors import TrainingError
from srbench.images import Image
from srbench.ready import ready
from srbench.registry import Setup
from srbench.training import checkpoints
from srbench.training.checkpoints import Checkpoint
from srbench.training.start import recipes

_OPTIMISERS = {"adam": "Adam", "soap": "SOAP"}
SETS = ("set5", "set14", "bsd100")
HALF_COST = 0.005
"""Weights are stored in 16 bits where that lowers no data set's mean PSNR by this many dB."""

GOALS = {
    "srcnn": (30.1, 27.2, 26.7),
    "espcn": (30.5, 27.5, 26.9),
    "drcn": (31.2, 27.8, 27.1),
    "srresnet-mse": (31.8, 28.3, 27.4),
}
"""PSNR in dB on Set5, Set14 and BSD100 at x4 that a full training should reach."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """What was written: the file, and its mean scores by data set."""

    path: Path
    scores: Mapping[str, Mapping[str, float]]


def ship(
    run: Path,
    *,
    data_root: Path | None = None,
    command: str = "",
    hardware: str = "",
    sets: Sequence[str] = SETS,
) -> Shipped:
    """Write the averaged network of the run in `run` as the weights of its method, with scores in the card.

    Args:
        run: Folder of the run, complete or stopped.
        data_root: Where the data sets are.
        command: The command that made it, for the card.
        hardware: What it was trained on, for the card; by default this machine's processor.
        sets: Data sets to score it on; DRCN takes a quarter of a minute an image on a processor.

    Raises:
        TrainingError: The checkpoint cannot be read, or is of no recipe of this version.
    """
    checkpoint = checkpoints.load(run)
    name, scale = checkpoint.config["name"], checkpoint.config["plan"]["scale"]
    network = restore(checkpoint)
    path = registry.find(name)[0].weights.get(scale)
    if path is None:
        raise TrainingError(f"The method '{name}' takes no weights for x{scale}.")
    weights.save(path, network, scale, {})
    full = score(name, scale, data_root, sets)
    weights.save(path, network, scale, {}, half=True)
    halved = score(name, scale, data_root, sets)
    half = all(full[s]["psnr"] - halved[s]["psnr"] < HALF_COST for s in full)
    scores = halved if half else full
    facts = card(checkpoint, network, scores, command, hardware)
    weights.save(path, network, scale, {**facts, "stored_as": "fp16" if half else "fp32"}, half=half)
    return Shipped(path, scores)


def restore(checkpoint: Checkpoint) -> nn.Module:
    """Return the averaged network of a checkpoint.

    Raises:
        TrainingError: This version has no recipe of that name, or it makes another network.
    """
    name = checkpoint.config.get("name", "")
    known = recipes()
    if name not in known:
        raise TrainingError(f"The checkpoint is of '{name}', for which this srbench has no recipe.")
    recipe = known[name]
    fields = {field.name for field in dataclasses.fields(recipe.config)}
    plan = {key: value for key, value in checkpoint.config["plan"].items() if key in fields}
    network = recipe.network(dataclasses.replace(recipe.config, **plan))
    prefix = "average."
    stored = {k.removeprefix(prefix): v for k, v in checkpoint.tensors.items() if k.startswith(prefix)}
    try:
        network.load_state_dict(stored)
    except RuntimeError as error:
        raise TrainingError(f"The checkpoint does not fit '{name}': {str(error).splitlines()[-1].strip()}") from None
    return network.eval()


def score(name: str, scale: int, data_root: Path | None, sets: Sequence[str] = SETS) -> dict[str, dict[str, float]]:
    """Return the mean PSNR and SSIM, protocol `matlab`, of a method with the weights that are in place now."""
    upscale = ready(name, Setup(scale=scale)).on_pair
    return {one: means(upscale, datasets.load(one, scale=scale, data_root=data_root)) for one in sets}


def means(upscale: Callable[[Pair], Image], pairs: Sequence[Pair]) -> dict[str, float]:
    """Return the mean PSNR and SSIM, protocol `matlab`, of what gives 8-bit images of `pairs`."""
    names = ("psnr", "ssim")
    rows = [
        metrics.evaluate(upscale(pair), pair.hr(), scale=pair.scale, protocol="matlab", names=names) for pair in pairs
    ]
    return {metric: round(float(np.mean([row[metric] for row in rows])), 4) for metric in ("psnr", "ssim")}


def card(
    checkpoint: Checkpoint,
    network: nn.Module,
    scores: Mapping[str, Mapping[str, float]],
    command: str,
    hardware: str,
) -> dict[str, Any]:
    """Return what the model card says, in its order."""
    config, notes = checkpoint.config, dict(checkpoint.notes)
    plan = config["plan"]
    features = notes.pop("features", "none (mean squared error only)")
    note = notes.pop("note", "")
    over = 1.0 if plan["steps"] is None else checkpoint.step / plan["steps"]
    if plan["minutes"] is not None:
        over = min(1.0, checkpoint.seconds / (60 * plan["minutes"]))
    facts: dict[str, Any] = {
        "scale": plan["scale"],
        "network": _described(network),
        "data": f"{', '.join(config['data'])}: {config['photographs']} photographs, {config['megapixels']} megapixels",
        "held_out": f"{len(config['held_out'])} photographs for validation",
        "test_images_left_out": ", ".join(config["refused"]) or "none found",
        "features": features,
        **{name: value for name, value in notes.items() if name != "start"},
        "started_from": notes.get("start", "random weights"),
        "iterations": checkpoint.step,
        "crops": f"{plan['batch']} of {plan['crop']}x{plan['crop']} a step",
        "optimiser": f"{_OPTIMISERS[plan['optimiser']]}, {plan['rate']:g}, {plan['schedule']}; "
        f"average of weights {plan['ema']:g}",
        "precision": plan["precision"],
        "seconds": round(checkpoint.seconds),
        "schedule_done": f"{over:.0%}",
        "hardware": hardware or processor(),
        "command": command or "srbench train " + config["name"],
        "protocol": "matlab: luma, as many pixels shaved as the scale",
        "scores": {s: f"{row['psnr']:.2f} dB, {row['ssim']:.4f}" for s, row in scores.items()},
    }
    goal = GOALS.get(config["name"])
    if goal and plan["scale"] == 4:
        facts["goal"] = {
            s: f"{wanted} dB: " + (f"{scores[s]['psnr'] - wanted:+.2f} dB")
            for s, wanted in zip(SETS, goal, strict=True)
            if s in scores
        }
    if note:
        facts["note"] = note
    facts["licence"] = "Apache-2.0 (the weights are this project's own)"
    return facts


def _described(network: nn.Module) -> str:
    arguments: dict[str, object] = network.arguments  # type: ignore[assignment] # see weights.Network
    details = ", ".join(f"{name} {value}" for name, value in arguments.items() if name != "scale")
    return f"{network.architecture} ({details})" if details else str(network.architecture)


def processor() -> str:
    """Return the name of the GPU, or of the processor and how many threads were used."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU {platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"
