"""Loads the weights that a run starts from: those of another run, of a file, or of a method."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from srbench import registry
from srbench.errors import MethodError, TrainingError, WeightsError
from srbench.images import file_sha256
from srbench.training import averaged
from srbench.training.widening import widened


def load(network: nn.Module, source: str | None, family: str, scale: int) -> str:
    """Fill `network` and return what to note about where its weights came from.

    Weights of a narrower network fill a network whose `width` can be set, too: see `widening`.

    Args:
        network: The network to fill.
        source: Run folder (also as RUN@STEP), weight file, or name of a method; None for the weights of `family`'s
            plain MSE network.
        family: Folder of the family below `methods`.
        scale: Upscaling factor, for the weights of a method.

    Raises:
        TrainingError: The run folder holds no weights, or the method has none.
        WeightsError: The file is missing, damaged, or of another network.
    """
    weights, note = _found(source or f"{family}-mse", scale)
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


def _found(source: str, scale: int) -> tuple[dict[str, Tensor], str]:
    place = averaged.locate(source) if "@" in source else Path(source).expanduser()
    if place.is_dir() or averaged.is_averaged(place):
        found = averaged.read(place)
        weights = {k.removeprefix("average."): v for k, v in found.tensors.items() if k.startswith("average.")}
        mean = found.notes.get("mean_of")
        return weights, f"the mean of ({mean})" if mean else f"{found.config['name']} after {found.step} steps"
    path = place if place.is_file() else shipped(source, scale)
    try:
        weights = {name: tensor.float() for name, tensor in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"Cannot read weights from {path}: {error}.") from None
    return weights, f"{path.name} {file_sha256(path)[:16]}"


def shipped(name: str, scale: int) -> Path:
    """Return the weight file of the method `name`.

    Raises:
        TrainingError: There is no such method, or it has no weights for this scale.
    """
    try:
        path = registry.find(name)[0].weights.get(scale)
    except MethodError:
        raise TrainingError(
            f"Cannot start from '{name}': it is no run's folder, no weight file, and no method."
        ) from None
    if path is None or not path.is_file():
        raise TrainingError(
            f"There are no weights of {name} for x{scale}. Train them first, then give the run's folder with --start."
        )
    return path
