"""Feature maps for content losses, and what model cards must say about them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from srbench.errors import TrainingError
from srbench.images import file_sha256
from srbench.training import vgg
from srbench.training.vgg import CAFFE, CHANNELS, TORCHVISION, Features, Layer, Weights

RANDOM_SEED = 1604  # of the network without a file that tests use
PAPER = "ImageNet VGG19"

_FILES = {
    "dcbb9e9d": (PAPER, TORCHVISION),  # torchvision's vgg19-dcbb9e9d.pth
    "397923af": ("ImageNet VGG16", TORCHVISION),  # torchvision's vgg16-397923af.pth
    "d01eb7cb": (PAPER, CAFFE),  # the authors' own, vgg19-d01eb7cb.pth: torchvision's names, but Caffe's input
}
"""Known files by the first eight digits of their SHA-256, which are in their names, too."""

_NETWORKS = {
    "51d3f4c4eb5a38de38a380f213d9e3ccf5da273f58b5c21e2826c52d846c2c78": ("ImageNet VGG16", CAFFE),
}
"""Known networks by their `identity`, in whatever file they are: the authors' VGG16, as Keras has it."""


def load(source: str, layer: Layer, *more: Layer) -> tuple[Features, dict[str, str]]:
    """Return the feature maps and what model cards must say about them.

    The network is frozen: nothing learns its weights.

    Args:
        source: `imagenet` (torchvision's VGG19, downloaded and verified once), a file with VGG16 or VGG19, see
            `vgg.read`, or `random` (VGG19 with random weights, for tests).
        layer: (i, j) of phi_i,j in VGG19; see `vgg.place` for VGG16.
        more: Further layers whose maps are wanted, after that one's.

    Raises:
        TrainingError: ImageNet's weights cannot be downloaded, or there is no such layer.
        WeightsError: A file is missing, damaged or holds neither network.
    """
    for one in (layer, *more):
        vgg.place("VGG19", one)
    if source == "random":
        weights, name = _random(), "random VGG19"
    elif source == "imagenet":
        weights, name = _imagenet(), PAPER
    else:
        weights, name = _file(Path(source))
    network = Features(weights, layer, *more).eval().requires_grad_(False)
    i, j = vgg.place(weights.network, layer)
    return network, {"features": f"{name}, phi_{i},{j}", "features_sha256": digest(network)}


def digest(network: nn.Module) -> str:
    """Return a SHA-256 of a network's weights."""
    total = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        total.update(name.encode())
        total.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def identity(weights: Weights) -> str:
    """Return a SHA-256 by which a network is known whether its kernels are stored in 16 or in 32 bits."""
    total = hashlib.sha256()
    for kernel, bias in weights.convolutions.values():
        total.update(kernel.half().contiguous().numpy().tobytes())
        total.update(bias.float().contiguous().numpy().tobytes())
    return total.hexdigest()


def _file(path: Path) -> tuple[Weights, str]:
    name, expected = _FILES.get(file_sha256(path)[:8], ("", None)) if path.is_file() else ("", None)
    weights = vgg.read(path, expected)
    if not name and (same := _NETWORKS.get(identity(weights))):
        name, weights = same[0], replace(weights, input=same[1])
    return weights, name or f"{weights.network} of unknown training ({path.stem})"


def _random() -> Weights:
    generator = torch.Generator().manual_seed(RANDOM_SEED)
    convolutions, channels = {}, 3
    for i, j in vgg.through("VGG19"):
        kernel = torch.empty(CHANNELS[i - 1], channels, 3, 3)
        nn.init.kaiming_normal_(kernel, generator=generator)
        if (i, j) == (1, 1):
            # Without this the first layer answers to brightness, and every later one inherits a constant.
            kernel -= kernel.mean((2, 3), keepdim=True)
        channels = len(kernel)
        convolutions[i, j] = (kernel, torch.zeros(channels))
    return Weights("VGG19", TORCHVISION, convolutions)


def _imagenet() -> Weights:
    from torchvision.models import VGG19_Weights

    weights = VGG19_Weights.IMAGENET1K_V1
    try:
        found: Mapping[str, Tensor] = weights.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise TrainingError(
            f"Cannot download ImageNet's VGG19 ({error}). Fetch {weights.url} on another machine and give the file "
            "with --vgg FILE; a file with VGG16 does as well, see docs/training.md."
        ) from None
    return vgg.recognise(found, TORCHVISION, str(weights.url))
