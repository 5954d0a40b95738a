"""The averaged weights of a run in a small file of their own that says what they are and how they came about."""

from __future__ import annotations

import json
from pathlib import Path

from torch import nn

from srbench import weights
from srbench.errors import SrbenchError, TrainingError
from srbench.training import checkpoints
from srbench.training.checkpoints import Checkpoint

FILE, BEST = "weights.safetensors", "best.safetensors"
"""Their names in the folder of a run: the last weights, and those with the best validation."""

_KEPT = "weights-{:09d}.safetensors"
_PRIVATE = {"places"}  # what a file that is given away need not tell

_PREFIX = "average."
_ABOUT = "training"  # the entry of the file's metadata that holds the facts of the run


def kept(folder: Path, step: int) -> Path:
    """Return where `--keep-every` puts the weights of a step."""
    return folder / _KEPT.format(step)


def locate(run: str) -> Path:
    """Return the folder or file that `RUN`, `RUN@STEP` or `RUN@best` means.

    Raises:
        TrainingError: The run has kept no weights of that step.
    """
    folder, at, step = run.rpartition("@")
    whole = Path(run).expanduser()
    if not at or whole.exists():
        if not whole.exists():
            raise TrainingError(f"There is no run {whole}. Expected the folder of a run, or a file of weights in it.")
        return whole
    path = Path(folder).expanduser()
    found = path / BEST if step == "best" else kept(path, int(step)) if step.isdecimal() else None
    if found is not None and found.is_file():
        return found
    if step.isdecimal() and (path / FILE).is_file() and read(path / FILE).step == int(step):
        return path / FILE
    steps = sorted(int(one.stem.rpartition("-")[2]) for one in path.glob(_KEPT.replace("{:09d}", "*")))
    names = [*map(str, steps), *(["best"] if (path / BEST).is_file() else [])]
    raise TrainingError(
        f"{path} has kept no weights of '{step}'; there are {', '.join(names) or 'only its last ones'}. "
        "Train with --keep-every N to keep more."
    )


def write(path: Path, network: nn.Module, checkpoint: Checkpoint, psnr: float | None = None) -> None:
    """Write the averaged `network` of `checkpoint`, such that methods, `--start` and `ship-weights` can read it.

    Raises:
        TrainingError: The disk is full or gone; the file before stays.
    """
    facts = {
        "step": checkpoint.step,
        "seconds": checkpoint.seconds,
        "config": {key: value for key, value in checkpoint.config.items() if key not in _PRIVATE},
        "notes": dict(checkpoint.notes),
    }
    features = str(checkpoint.notes.get("features", "none"))
    facts |= {} if psnr is None else {"psnr": psnr}
    more = {"features": features, _ABOUT: json.dumps(facts)}
    try:
        weights.write(path, network, int(checkpoint.config["plan"]["scale"]), more)
    except OSError as error:
        raise TrainingError(
            f"Cannot write the averaged weights of step {checkpoint.step} to {path}: {error.strerror or error}."
        ) from None


def best_psnr(folder: Path) -> float | None:
    """Return the PSNR of the best weights of a run; None where none have been validated."""
    if not (folder / BEST).is_file():
        return None
    try:
        return float(json.loads(weights.read(folder / BEST)[1][_ABOUT])["psnr"])
    except (SrbenchError, KeyError, ValueError):
        return None  # they are damaged: the next validation writes them anew


def is_averaged(path: Path) -> bool:
    """Return whether a file holds averaged weights that a run has written."""
    if path.suffix != ".safetensors" or not path.is_file():
        return False
    try:
        return _ABOUT in weights.read(path)[1]
    except SrbenchError:
        return False


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
