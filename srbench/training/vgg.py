"""VGG16 and VGG19 as feature networks, with either convention of input, and the weight files that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn

from srbench.errors import TrainingError, WeightsError

NETWORKS = {"VGG16": (2, 2, 3, 3, 3), "VGG19": (2, 2, 4, 4, 4)}
"""Numbers of 3x3 convolutions in the five stages; a 2x2 max-pool ends each (Simonyan and Zisserman, 2014)."""

CHANNELS = (64, 128, 256, 512, 512)
Layer = tuple[int, int]
"""(i, j) of phi_i,j: the j-th convolution before the i-th pool, activated."""


@dataclass(frozen=True, slots=True)
class Input:
    """What a network was trained to see: `(pixel * top - mean) / std` of pixels in 0..1.

    Attributes:
        top: Value of white.
        mean: Subtracted from R, G and B.
        std: R, G and B are divided by it.
        bgr: Whether the kernels of the first layer expect blue first.
    """

    top: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    bgr: bool = False


TORCHVISION = Input(1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CAFFE = Input(255.0, (123.68, 116.779, 103.939), bgr=True)
"""What the authors' own weights expect, in Caffe as in Keras."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The convolutions of one network.

    Attributes:
        network: `VGG16` or `VGG19`.
        input: What it expects.
        convolutions: By (i, j), kernels (out, in, 3, 3) and biases (out,), as stored.
    """

    network: str
    input: Input
    convolutions: Mapping[Layer, tuple[Tensor, Tensor]]


class Features(nn.Module):
    """A VGG network up to the deepest of the layers asked for, for RGB images in -1..1.

    The input is normalised before the first convolution pads it with zeros, as in training: folding the mean into
    the first bias would be cheaper, and wrong in the outermost pixels.

    Args:
        weights: The network.
        wanted: The (i, j) of the maps to return, see `place`.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, weights: Weights, *wanted: Layer) -> None:
        super().__init__()
        places = [place(weights.network, layer) for layer in wanted]
        layers: list[nn.Module] = []
        ends: dict[Layer, int] = {}
        for i, j in through(weights.network, max(places)):
            if j == 1 and i > 1:
                layers.append(nn.MaxPool2d(2))
            kernel, bias = (tensor.float() for tensor in weights.convolutions[i, j])
            if (i, j) == (1, 1) and weights.input.bgr:
                kernel = kernel.flip(1)
            convolution = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
            convolution.load_state_dict({"weight": kernel, "bias": bias})
            layers += [convolution, nn.ReLU()]
            ends[i, j] = len(layers) - 1
        self.ends = [ends[one] for one in places]
        self.channels = [len(weights.convolutions[one][0]) for one in places]
        self.layers = nn.Sequential(*layers)
        self.top = weights.input.top
        self.register_buffer("mean", torch.tensor(weights.input.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(weights.input.std).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the feature maps of each layer asked for, (N, C, h, w), of (N, 3, H, W) images in -1..1."""
        maps, found = ((image + 1) * (self.top / 2) - self.mean) / self.std, {}
        for number, layer in enumerate(self.layers):
            maps = layer(maps)
            if number in self.ends:
                found[number] = maps
        return [found[number] for number in self.ends]


def place(network: str, layer: Layer) -> Layer:
    """Return where `layer`, named for VGG19, lies in `network`: VGG16's stages end one convolution earlier.

    >>> place("VGG19", (5, 4)), place("VGG16", (5, 4)), place("VGG16", (2, 2))
    ((5, 4), (5, 3), (2, 2))

    Raises:
        TrainingError: VGG19 has no such layer.
    """
    stage, position = layer
    counts = NETWORKS["VGG19"]
    if not (1 <= stage <= len(counts) and 1 <= position <= counts[stage - 1]):
        raise TrainingError(f"VGG19 has no layer {stage},{position}; the paper's are 2,2 and 5,4.")
    return stage, min(position, NETWORKS[network][stage - 1])


def through(network: str, layer: Layer | None = None) -> list[Layer]:
    """Return the convolutions of `network` in order, up to `layer` if it is given.

    >>> through("VGG16", (2, 1))
    [(1, 1), (1, 2), (2, 1)]
    """
    every = [(i, j) for i, count in enumerate(NETWORKS[network], start=1) for j in range(1, count + 1)]
    return every if layer is None else every[: every.index(place(network, layer)) + 1]


def read(path: Path, known: Input | None = None) -> Weights:
    """Return the network in a weight file, recognised by the names of its tensors.

    Names are torchvision's (`features.28.weight`), which expect RGB by mean and standard deviation, or Keras'
    (`block5_conv3.weight`, or `block5_conv3/kernel` with the kernel's height and width first), which expect BGR in
    0..255 without the mean. An entry `input` in a safetensors file's metadata that begins with RGB or BGR decides
    otherwise. Dense layers are passed over.

    Args:
        path: A .safetensors file, or one of `torch.save`.
        known: What the network expects, where that is known better than by names.

    Raises:
        WeightsError: The file is missing, damaged, or holds neither network.
    """
    tensors, said = _tensors(path)
    return recognise(tensors, known or _input(said, tensors), str(path))


def recognise(tensors: Mapping[str, Tensor], expected: Input, where: str) -> Weights:
    """Return the network that `tensors` hold, by their names.

    Args:
        tensors: By torchvision's or Keras' names; others are passed over.
        expected: What the network expects.
        where: Where they come from, for errors.

    Raises:
        WeightsError: They are neither network.
    """
    for network in ("VGG19", "VGG16"):  # the larger one first: Keras' names of the smaller one are among its own
        found = {spot: tensor for name, tensor in tensors.items() if (spot := _spot(name, network)) is not None}
        layers = through(network)
        if all((layer, kind) in found for layer in layers for kind in ("weight", "bias")):
            pairs = {layer: (_kernel(found[layer, "weight"]), found[layer, "bias"]) for layer in layers}
            _check(pairs, where)
            return Weights(network, expected, pairs)
    names = sorted(tensors)
    some = f"{len(names)} tensors such as '{names[0]}'" if names else "no tensors"
    raise WeightsError(
        f"{where} holds neither VGG16 nor VGG19: expected all convolutions under torchvision's names "
        f"(features.0.weight, ...) or Keras' (block1_conv1.weight, ...), but it holds {some}."
    )


def _tensors(path: Path) -> tuple[dict[str, Tensor], str]:
    if not path.is_file():
        raise WeightsError(f"Found no VGG weights '{path}'. Expected 'imagenet' or a file.")
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
                return tensors, (file.metadata() or {}).get("input", "")
        loaded = torch.load(path, map_location="cpu", weights_only=True)
        return {str(name): tensor for name, tensor in dict(loaded).items() if isinstance(tensor, Tensor)}, ""
    except Exception as error:  # both readers raise several types on damaged files
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise WeightsError(f"Cannot read VGG weights from {path}: {reason}. Get the file again.") from None


_KERAS = re.compile(r"(?:.*/)?block([1-5])_conv([1-4])[./](weight|kernel|bias)(?::0)?")
_TORCHVISION = re.compile(r"features\.(\d+)\.(weight|bias)")


def _spot(name: str, network: str) -> tuple[Layer, str] | None:
    """Return which convolution of `network` a tensor's name means, and whether it is its kernel or its bias."""
    if match := _KERAS.fullmatch(name):
        kind = "bias" if match[3] == "bias" else "weight"
        return (int(match[1]), int(match[2])), kind
    if match := _TORCHVISION.fullmatch(name):
        numbers = {2 * n + i - 1: (i, j) for n, (i, j) in enumerate(through(network))}  # two a convolution, one a pool
        layer = numbers.get(int(match[1]))
        return None if layer is None else (layer, match[2])
    return None


def _kernel(tensor: Tensor) -> Tensor:
    # Keras has height and width first; no stage has as few as three channels, so one look tells.
    first = tensor.ndim == 4 and tensor.shape[:2] == (3, 3) and tensor.shape[2:] != (3, 3)
    return tensor.permute(3, 2, 0, 1).contiguous() if first else tensor


def _check(pairs: Mapping[Layer, tuple[Tensor, Tensor]], where: str) -> None:
    channels = 3
    for (i, j), (kernel, bias) in pairs.items():
        width = len(bias) if bias.ndim == 1 else 0
        if tuple(kernel.shape) != (width, channels, 3, 3):
            raise WeightsError(
                f"{where}: convolution {i},{j} has a kernel of shape {tuple(kernel.shape)} and a bias of "
                f"{tuple(bias.shape)}; expected (out, {channels}, 3, 3) and (out,). It is no VGG network."
            )
        channels = width


def _input(said: str, names: Iterable[str]) -> Input:
    if match := re.match(r"\s*(RGB|BGR)\b", said):
        return CAFFE if match[1] == "BGR" else TORCHVISION
    return CAFFE if any(_KERAS.fullmatch(name) for name in names) else TORCHVISION
