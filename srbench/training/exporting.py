"""Writes a trained network for other programs, and checks what was written against our own output."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from srbench import images, registry, weights
from srbench.contract import Setup, Upscaler
from srbench.errors import MethodError, TrainingError, WeightsError
from srbench.images import Image
from srbench.training import averaged
from srbench.training.recipes import find
from srbench.training.running import recipe_of, restore, upscaler_of
from srbench.training.task import Recipe

FORMATS = {
    "onnx": ".onnx",
    "torchscript": ".pt",
    "safetensors": ".safetensors",
    "pth": ".pth",
}
"""What a network can be written as, and what its file ends with."""

_RUN = "checkpoint:"
_SIZE = 48
"""Height and width of the picture that exporters see; that of the check is larger, and no square."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        path: The file.
        card: The model card beside it, where there is one.
        lines: What was found out by reading it again.
    """

    path: Path
    card: Path | None
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Trained:
    """A network with what belongs to it.

    Attributes:
        name: Of its method or recipe.
        scale: Upscaling factor.
        network: With its weights, in evaluation mode.
        recipe: What it was trained by.
    """

    name: str
    scale: int
    network: nn.Module
    recipe: Recipe

    def upscaler(self) -> Upscaler:
        """Return what `srbench` itself computes with it, layer by layer as published."""
        return upscaler_of(self.recipe, self.network, Setup(scale=self.scale, precision="exact"))


class Plain(nn.Module):
    """A network that takes and gives 0..1, whatever range it was trained in.

    Args:
        network: What computes.
        gives: Its own range: `1`, or `-1..1`.
    """

    def __init__(self, network: nn.Module, gives: str) -> None:
        super().__init__()
        self.network = network
        self.shifted = gives == "-1..1"

    def forward(self, image: Tensor) -> Tensor:
        """Return the (N, C, H', W') output of an (N, C, H, W) image."""
        sr: Tensor = self.network(image)
        return (sr + 1) / 2 if self.shifted else sr


def trained(name: str, scale: int) -> Trained:
    """Return the network of a method that srbench trains, or of a run: its folder, or `checkpoint:RUN[@STEP]`.

    Raises:
        TrainingError: It is neither of them.
        WeightsError: The method's weights are missing or damaged.
    """
    run = name.removeprefix(_RUN)
    if name.startswith(_RUN) or Path(run.partition("@")[0]).is_dir():
        checkpoint = averaged.read(averaged.locate(run))
        factor = int(checkpoint.config["plan"]["scale"])
        return Trained(str(checkpoint.config["name"]), factor, restore(checkpoint), recipe_of(checkpoint))
    recipe = find(name)
    try:
        path = registry.find(name)[0].weights[scale]
    except (MethodError, KeyError):
        raise TrainingError(
            f"'{name}' has no weights for x{scale}. Train them, then export the run's folder."
        ) from None
    return Trained(name, scale, weights.load(path, type(recipe.network(recipe.config)), scale), recipe)


def export(name: str, format_: str, out: Path | None, scale: int, overwrite: bool) -> Exported:
    """Write a network, read it again, and compare what it computes with what srbench computes.

    Args:
        name: As for `trained`.
        format_: One of `FORMATS`.
        out: The file; None for one called after the network, here.
        scale: Upscaling factor, where `name` is a method.
        overwrite: Whether a file that is there may be replaced.

    Raises:
        TrainingError: There is no such network, a file is there already, or a library is missing.
    """
    found = trained(name, scale)
    path = out or Path(f"{found.name}-x{found.scale}{FORMATS[format_]}")
    card = _card_of(path) if format_ in ("onnx", "torchscript") else None
    for place in (path, card):
        if place is not None and place.exists() and not overwrite:
            raise TrainingError(f"{place} is there already. Replace it with --overwrite, or give another --out.")
    path.parent.mkdir(parents=True, exist_ok=True)
    if format_ == "safetensors":
        weights.write(path, found.network, found.scale, {})
        return Exported(path, None, _compared(found, _reloaded(found, weights.read(path)[0])))
    if format_ == "pth":
        torch.save({"params": dict(found.network.state_dict())}, path)
        again = torch.load(path, weights_only=True)["params"]
        return Exported(path, None, [*_compared(found, _reloaded(found, again)), _in_spandrel(path)])
    plain = Plain(found.network, found.recipe.gives).eval()
    example = torch.zeros(1, 1 if found.recipe.luma else 3, _SIZE, _SIZE + 8)
    (_write_onnx if format_ == "onnx" else _write_torchscript)(plain, example, path)
    assert card is not None
    images.write_atomically(card, _card(found, format_, path).encode())
    upscaler = registry.create(f"model:{card}", Setup(scale=found.scale))
    return Exported(path, card, _compared(found, upscaler))


def _write_onnx(network: nn.Module, example: Tensor, path: Path) -> None:
    height, width = (torch.export.Dim(name, min=8) for name in ("height", "width"))
    try:
        with _quiet():
            program = torch.onnx.export(
                network,
                (example,),
                dynamo=True,
                input_names=["lr"],
                output_names=["sr"],
                dynamic_shapes=({2: height, 3: width},),
                verbose=False,
            )
            assert program is not None
            program.save(str(path), external_data=False)
    except ImportError as error:
        raise TrainingError(
            f"Writing ONNX needs onnx and onnxscript ({error}). Install them with 'pip install srbench[export]'."
        ) from None


def _write_torchscript(network: nn.Module, example: Tensor, path: Path) -> None:
    with _quiet(), torch.inference_mode():
        torch.jit.save(torch.jit.trace(network, example, check_trace=False), str(path))  # type: ignore[no-untyped-call]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what exporters say of themselves."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logger.setLevel(before)


def _card_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.toml")


def _card(found: Trained, format_: str, path: Path) -> str:
    lines = [f'kind = "{format_}"', f'weights = "{path.name}"', f"scale = {found.scale}", f'title = "{found.name}"']
    if found.recipe.luma:
        lines += ['channels = "y"', 'gray = "as-is"']
    if found.recipe.enlarged:
        lines += ["enlarged = true"]
    return "\n".join([f"# How srbench runs {path.name}: --methods model:{_card_of(path).name}", *lines, ""])


def _reloaded(found: Trained, tensors: dict[str, Tensor]) -> Upscaler:
    """Return the upscaler of a network that got other weights, without touching that of `found`."""
    network = copy.deepcopy(found.network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()  # what is not in the file would be noticed
    network.load_state_dict(
        {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    )
    return Trained(found.name, found.scale, network.eval(), found.recipe).upscaler()


def _compared(found: Trained, other: Upscaler) -> list[str]:
    """Return the largest difference of a picture's samples from srbench's own, before and after rounding."""
    lr = _test_picture()
    ours, theirs = (np.asarray(one(lr), np.float64) for one in (found.upscaler(), other))
    rounded = int(np.abs(images.to_8bit(ours).astype(int) - images.to_8bit(theirs)).max())
    size = f"{lr.shape[1]}x{lr.shape[0]}"
    worst = f"{np.abs(ours - theirs).max():.2g} of 255, {rounded} after rounding to 8 bits"
    return [f"Checked on {size} pixels: the largest difference from srbench's own output is {worst}."]


def _test_picture() -> Image:
    """Return a picture with edges, slopes and grain."""
    random = np.random.default_rng(1)
    y, x = np.mgrid[:61, :83].astype(float)
    planes = [
        127 + 60 * np.sign(np.sin(x * a + y * b)) + 50 * np.sin(x * b) for a, b in ((0.2, 0.1), (0.15, 0.3), (0.1, 0.2))
    ]
    return images.to_8bit(np.stack(planes, axis=2) + random.normal(0, 6, (61, 83, 3)))


def _in_spandrel(path: Path) -> str:
    """Return whether spandrel opens a weight file, which it does for architectures that are its own."""
    from srbench.foreign import opening

    try:
        return f"spandrel opens it as {opening.spandrel(path).what}."
    except WeightsError as error:
        return f"spandrel does not open it: {error}"
    except MethodError as error:
        return f"Whether spandrel opens it is not known: {error}"
