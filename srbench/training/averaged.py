"""The averaged weights of a run in a small file of their own that says what they are and how they came about."""

from __future__ import annotations

import json
from pathlib import Path

from torch import nn

from srbench import weights
from srbench.errors import TrainingError
from srbench.training import checkpoints
from srbench.training.checkpoints import Checkpoint

FILE = "weights.safetensors"
"""Its name in the folder of a run."""

_PREFIX = "average."
_ABOUT = "training"  # the entry of the file's metadata that holds the facts of the run


def write(path: Path, network: nn.Module, checkpoint: Checkpoint) -> None:
    """Write the averaged `network` of `checkpoint`, such that methods, `--start` and `ship-weights` can read it.

    Raises:
        TrainingError: The disk is full or gone; the file before stays.
    """
    facts = {
        "step": checkpoint.step,
        "seconds": checkpoint.seconds,
        "config": dict(checkpoint.config),
        "notes": dict(checkpoint.notes),
    }
    features = str(checkpoint.notes.get("features", "none"))
    more = {"features": features, _ABOUT: json.dumps(facts)}
    try:
        weights.write(path, network, int(checkpoint.config["plan"]["scale"]), more)
    except OSError as error:
        raise TrainingError(
            f"Cannot write the averaged weights of step {checkpoint.step} to {path}: {error.strerror or error}."
        ) from None


def read(place: Path) -> Checkpoint:
    """Return what is known of a run, with no other tensors than its averaged weights, as `average.NAME`.

    Args:
        place: Folder of the run, or the file of its averaged weights.

    Raises:
        TrainingError: There is neither a checkpoint nor such a file, or a file that no run has written.
        WeightsError: The file is damaged.
    """
    if (place / checkpoints.INDEX).is_file() or (place.is_dir() and not (place / FILE).is_file()):
        return checkpoints.load(place)
    path = place / FILE if place.is_dir() else place
    tensors, metadata = weights.read(path)
    try:
        facts = json.loads(metadata[_ABOUT])
        step, seconds, config, notes = int(facts["step"]), float(facts["seconds"]), facts["config"], facts["notes"]
    except (KeyError, ValueError, TypeError):
        raise TrainingError(
            f"{path} does not say which training it comes from. Expected the folder of a run, or the {FILE} in it."
        ) from None
    return Checkpoint(step, seconds, {f"{_PREFIX}{name}": tensor for name, tensor in tensors.items()}, config, notes)
