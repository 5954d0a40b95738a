"""Turns a checkpoint into the weight file and model card that `srbench run` uses."""

from __future__ import annotations

import copy
import os
import platform
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import srbench.datasets as datasets
import srbench.metrics as metrics
from srbench import registry, weights
from srbench.contract import Method, Setup
from srbench.datasets import ImagePair
from srbench.errors import MethodError, TrainingError
from srbench.images import Image
from srbench.ready import ReadyMethod
from srbench.training import averaged
from srbench.training.checkpoints import Checkpoint
from srbench.training.recipes import find
from srbench.training.running import restore, upscaler_of

_OPTIMISERS = {"adam": "Adam", "soap": "SOAP"}
SETS = ("set5", "set14", "bsd100")
HALF_COST = 0.005
"""Weights are stored in 16 bits where that lowers no data set's mean PSNR by this many dB."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """What was written: the file, and its mean scores by data set."""

    path: Path
    scores: Mapping[str, Mapping[str, float]]


def ship(
    run: Path,
    *,
    out: Path | None = None,
    overwrite: bool = False,
    data_root: Path | None = None,
    command: str = "",
    hardware: str = "",
    licence: str = "",
    sets: Sequence[str] = SETS,
) -> Shipped:
    """Score the averaged network of a run, then write it as weights of its method, with the scores in the card.

    Nothing is written before everything is scored.

    Args:
        run: Folder of the run, complete or stopped, or the file of its averaged weights.
        out: Folder of the weights; None for the one that SRBENCH_WEIGHTS names, where methods look first.
        overwrite: Whether weights that are there already may be replaced.
        data_root: Where the data sets are.
        command: The command that made it, for the card; by default the one the run remembers.
        hardware: What it was trained on, for the card; by default this machine's processor.
        licence: Under which the weights may be used, for the card.
        sets: Data sets to score it on; DRCN takes a quarter of a minute an image on a processor.

    Raises:
        TrainingError: The run cannot be read, is of no recipe of this version, or there is no place for the weights.
    """
    checkpoint = averaged.read(run)
    name, scale = checkpoint.config["name"], checkpoint.config["plan"]["scale"]
    network = restore(checkpoint)
    if scale not in _takes(name):
        raise TrainingError(
            f"No method '{name}' takes weights for x{scale}, so that nothing would find them. Run them as "
            f"'checkpoint:{run}'."
        )
    path = _place(out, f"{name}-x{scale}.safetensors", overwrite)
    pairs = {one: datasets.load(one, scale=scale, data_root=data_root) for one in sets}
    full = score(name, network, scale, pairs)
    halved = score(name, _halved(network), scale, pairs)
    half = all(full[s]["psnr"] - halved[s]["psnr"] < HALF_COST for s in full)
    scores = halved if half else full
    facts = card(checkpoint, network, scores, command, hardware, licence)
    path.parent.mkdir(parents=True, exist_ok=True)
    weights.save(path, network, scale, {**facts, "stored_as": "fp16" if half else "fp32"}, half=half)
    return Shipped(path, scores)


def _takes(name: str) -> Collection[int]:
    try:
        return registry.find(name)[0].weights
    except MethodError:
        return ()


def _place(out: Path | None, name: str, overwrite: bool) -> Path:
    own = os.environ.get(weights.FOLDER)
    folder = out or (Path(own).expanduser() if own else None)
    if folder is None:
        raise TrainingError(
            f"Expected a folder for the weights: --out FOLDER, or one in {weights.FOLDER}, where methods look first."
        )
    path = folder / name
    if path.exists() and not overwrite:
        raise TrainingError(f"{path} is there already. Replace it with --overwrite, or give another --out.")
    return path


def _halved(network: nn.Module) -> nn.Module:
    """Return a copy of `network` with weights as a file in 16 bits has them."""
    copied = copy.deepcopy(network)
    for tensor in copied.state_dict().values():
        if tensor.ndim > 1:
            tensor.copy_(tensor.half())
    return copied


def score(
    name: str, network: nn.Module, scale: int, sets: Mapping[str, Sequence[ImagePair]]
) -> dict[str, dict[str, float]]:
    """Return the mean PSNR and SSIM, protocol `matlab`, of a network by data set, computed as its method will."""
    setup = Setup(scale=scale)
    upscaler = upscaler_of(find(name), copy.deepcopy(network), setup)
    method = ReadyMethod(Method(name, name, lambda _: upscaler), setup, upscaler)
    return {one: means(method.on_pair, pairs) for one, pairs in sets.items()}


def means(upscale: Callable[[ImagePair], Image], pairs: Sequence[ImagePair]) -> dict[str, float]:
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
    licence: str = "",
) -> dict[str, Any]:
    """Return what the model card says, in its order."""
    config, notes = checkpoint.config, dict(checkpoint.notes)
    plan = config["plan"]
    features = notes.pop("features", "none")
    note = notes.pop("note", "")
    remembered = notes.pop("command", "srbench train " + config["name"])
    refused = "not looked for" if config["refused"] is None else ", ".join(config["refused"]) or "none found"
    facts: dict[str, Any] = {
        "scale": plan["scale"],
        "network": _described(network),
        "data": f"{', '.join(config['data'])}: {config['photographs']} photographs, {config['megapixels']} megapixels",
        "held_out": f"{len(config['held_out'])} photographs for validation",
        "test_images_left_out": refused,
        "features": features,
        **{name: value for name, value in notes.items() if name != "start"},
        "started_from": notes.get("start", "random weights"),
        "iterations": checkpoint.step,
        "crops": f"{plan['batch']} of {plan['crop']}x{plan['crop']} a step",
        "optimiser": f"{_OPTIMISERS[plan['optimiser']]}, {plan['rate']:g}, {plan['schedule']}; "
        f"average of weights {plan['ema']:g}",
        "precision": plan["precision"],
        "seconds": round(checkpoint.seconds),
        "schedule_done": f"{checkpoint.fraction:.0%}",
        "hardware": hardware or processor(),
        "command": command or remembered,
        "protocol": "matlab: luma, as many pixels shaved as the scale",
        "scores": {s: f"{row['psnr']:.2f} dB, {row['ssim']:.4f}" for s, row in scores.items()},
    }
    goals = find(config["name"]).goals
    if goals and plan["scale"] == 4:
        facts["goal"] = {
            s: f"{wanted} dB: {scores[s]['psnr'] - wanted:+.2f} dB" for s, wanted in goals.items() if s in scores
        }
    if note:
        facts["note"] = note
    facts["licence"] = licence or "not stated"
    return facts


def _described(network: nn.Module) -> str:
    arguments: Mapping[str, object] = getattr(network, "arguments", {})
    name = str(getattr(network, "architecture", type(network).__name__))
    details = ", ".join(f"{name} {value}" for name, value in arguments.items() if name != "scale")
    return f"{name} ({details})" if details else name


def processor() -> str:
    """Return the name of the GPU, or of the processor and how many threads were used."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU {platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"
