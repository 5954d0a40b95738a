"""VGG19's feature maps for content losses: ImageNet's weights, a file, or a substitute that needs no download."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from srbench import content
from srbench.errors import TrainingError, WeightsError

STAGES = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Channels and number of 3x3 convolutions of VGG19's five stages; a 2x2 max-pool ends each."""

TINY = "vgg19-tiny.safetensors"  # the file that `tiny` stands for, among SRGAN's weights
RANDOM_SEED = 1604  # of the substitute with random weights; its hash is in every model card made with it
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # torchvision's normalisation for ImageNet


class Features(nn.Module):
    """VGG19 (Simonyan and Zisserman 2014) up to phi_i,j: the j-th convolution before the i-th pool, activated.

    Modules carry the numbers of torchvision's `vgg19().features`, so that its weights fit.

    Args:
        layer: (i, j), such as (2, 2) or (5, 4).
        width: Channels of the first stage, and all others in proportion; VGG19 has 64.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, layer: tuple[int, int], width: int = STAGES[0][0]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*convolutions(layer, width))
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(_STD).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        """Return the feature maps, (N, C, h, w), of (N, 3, H, W) images in -1..1."""
        maps: Tensor = self.layers(((image + 1) / 2 - self.mean) / self.std)
        return maps


def convolutions(layer: tuple[int, int], width: int = STAGES[0][0]) -> list[nn.Module]:
    """Return VGG19's layers up to phi_i,j, with `width` channels in the first stage.

    >>> len(convolutions((2, 2))), len(convolutions((5, 4)))
    (9, 36)

    Raises:
        TrainingError: There is no such layer.
    """
    stage, position = layer
    if not (1 <= stage <= len(STAGES) and 1 <= position <= STAGES[stage - 1][1]):
        raise TrainingError(f"VGG19 has no layer {stage},{position}; the paper's are 2,2 and 5,4.")
    layers: list[nn.Module] = []
    channels = 3
    for number, (full, count) in enumerate(STAGES[:stage], start=1):
        for _ in range(position if number == stage else count):
            wide = full * width // STAGES[0][0]
            layers += [nn.Conv2d(channels, wide, 3, padding=1), nn.ReLU()]
            channels = wide
        if number < stage:
            layers.append(nn.MaxPool2d(2))
    return layers


def load(source: str, layer: tuple[int, int]) -> tuple[Features, dict[str, str]]:
    """Return the feature maps and what model cards must say about them.

    Args:
        source: `imagenet` (torchvision's IMAGENET1K_V1, downloaded and verified once), `random` or `tiny`
            (substitutes: random weights, and those of `srbench train vgg19-features` where they are shipped), or
            a file with torchvision's names for the weights.
        layer: (i, j) of phi_i,j.

    Raises:
        TrainingError: ImageNet's weights cannot be downloaded, or none are shipped for `tiny`.
        WeightsError: A file is missing, damaged or not VGG19's.
    """
    network = Features(layer)
    if source == "random":
        _randomise(network)
    else:
        weights = _imagenet() if source == "imagenet" else _file(str(tiny()) if source == "tiny" else source)
        _fill(network, weights, source)
    title = {
        "imagenet": "VGG19 trained on ImageNet",
        "random": "random VGG19 (substitute)",
        "tiny": "VGG19 trained on Tiny ImageNet (substitute)",
    }
    name = title.get(source, f"{Path(source).stem} (substitute)")
    return network, {"features": f"{name}, phi_{layer[0]},{layer[1]}", "features_sha256": digest(network)}


def tiny() -> Path:
    """Return the shipped weights of VGG19 trained on labelled photographs.

    Raises:
        TrainingError: None are shipped.
    """
    path = content.folder("methods") / "srgan" / "weights" / TINY
    if not path.is_file():
        raise TrainingError(
            "No VGG19 trained on labelled photographs is shipped: it takes 40 MB. Make one with 'srbench train "
            "vgg19-features --data DATA' and give its file with --vgg FILE, or use the substitute --vgg random."
        )
    return path


def digest(network: nn.Module) -> str:
    """Return a SHA-256 of a network's weights."""
    total = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        total.update(name.encode())
        total.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def _randomise(network: Features) -> None:
    generator = torch.Generator().manual_seed(RANDOM_SEED)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, generator=generator)
            nn.init.zeros_(module.bias)  # type: ignore[arg-type] # all convolutions here have one
    first = network.layers[0].weight
    # Without this the first layer answers to brightness, and every later one inherits a constant.
    first.data -= first.data.mean((2, 3), keepdim=True)  # type: ignore[operator] # a convolution's weight


def _imagenet() -> Mapping[str, Tensor]:
    from torchvision.models import VGG19_Weights

    weights = VGG19_Weights.IMAGENET1K_V1
    try:
        found: Mapping[str, Tensor] = weights.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise TrainingError(
            f"Cannot download ImageNet's VGG19 ({error}). Fetch {weights.url} on another machine and give the file "
            "with --vgg FILE, or use the substitute --vgg random."
        ) from None
    return found


def _file(source: str) -> Mapping[str, Tensor]:
    path = Path(source)
    if not path.is_file():
        raise WeightsError(f"Found no VGG19 weights '{source}'. Expected imagenet, random, tiny, or a file.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found: Mapping[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
        return found
    except Exception as error:  # both readers raise several types on damaged files
        raise WeightsError(f"Cannot read VGG19 weights from {path}: {str(error).splitlines()[0]}.") from None


def _fill(network: Features, weights: Mapping[str, Tensor], source: str) -> None:
    names = {f"layers.{number}.{kind}" for number in range(len(network.layers)) for kind in ("weight", "bias")}
    wanted = names & network.state_dict().keys()
    try:
        picked = {name: weights[name.replace("layers.", "features.")].float() for name in wanted}
        missing, unexpected = network.load_state_dict(picked, strict=False)
    except (KeyError, RuntimeError) as error:
        raise WeightsError(
            f"{source} does not hold the weights of torchvision's VGG19: {str(error).splitlines()[0]}."
        ) from None
    if unexpected or set(missing) - {"mean", "std"}:
        raise WeightsError(f"{source} does not hold all weights of torchvision's VGG19: {missing} missing.")
