"""Loads the weights that a run starts from: a run folder's averaged network, a file, or what is shipped."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from srbench import content
from srbench.errors import TrainingError, WeightsError
from srbench.images import file_sha256
from srbench.training import checkpoints
from srbench.training.widening import widened


def load(network: nn.Module, source: str | None, family: str, scale: int) -> str:
    """Fill `network` and return what to note about where its weights came from.

    Weights of a narrower network fill a network whose `width` can be set, too: see `widening`.

    Args:
        network: The network to fill.
        source: Run folder or weight file; None for the weights shipped with `family`.
        family: Folder of the family below `methods`.
        scale: Upscaling factor, for the shipped weights.

    Raises:
        TrainingError: The run folder holds no checkpoint, or nothing is shipped.
        WeightsError: The file is missing, damaged, or of another network.
    """
    if source and Path(source).is_dir():
        found = checkpoints.load(Path(source))
        weights = {k.removeprefix("average."): v for k, v in found.tensors.items() if k.startswith("average.")}
        note = f"{found.config.get('name', family)} after {found.step} steps"
    else:
        path = Path(source) if source else shipped(family, scale)
        try:
            weights = {name: tensor.float() for name, tensor in load_file(path).items()}
        except (OSError, SafetensorError) as error:
            raise WeightsError(f"Cannot read weights from {path}: {error}.") from None
        note = f"{path.name} {file_sha256(path)[:16]}"
    if "width" in getattr(network, "arguments", {}):
        weights, copies = widened(weights, network.state_dict())
        note += f", widened {copies} times" if copies > 1 else ""
    try:
        missing, unexpected = network.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        raise WeightsError(f"{source or family}: weights of another network. {str(error).splitlines()[-1]}") from None
    lacking = [name for name in missing if not name.endswith("num_batches_tracked")]
    if lacking or unexpected:
        odd = (lacking + list(unexpected))[0]
        raise WeightsError(f"{source or family} holds weights of another network: '{odd}' does not match.")
    return note


def shipped(family: str, scale: int) -> Path:
    """Return the weight file of `family`'s plain MSE network.

    Raises:
        TrainingError: There is none for this scale.
    """
    path = content.folder("methods") / family / "weights" / f"{family}-mse-x{scale}.safetensors"
    if not path.is_file():
        raise TrainingError(
            f"No weights of {family}-mse are shipped for x{scale}. Train them first, then give the run's folder with "
            "--start."
        )
    return path
