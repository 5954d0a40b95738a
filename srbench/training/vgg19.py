"""Trains VGG19 on labelled photographs, as a feature network for content losses where ImageNet's cannot be had."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from srbench.errors import TrainingError
from srbench.images import write_atomically
from srbench.inference.folding import fold
from srbench.training.features import Features
from srbench.training.labelled import SHIFT, Examples, Labelled
from srbench.training.parallel import Team
from srbench.training.patches import Batch
from srbench.training.plan import Plan, Recipe, Task

LAYER = (5, 4)  # the last convolution, and all that is stored
FILE = "vgg19-features.safetensors"
_SMALLEST = 16  # four pools halve a crop before phi_5,4


@dataclass(frozen=True, kw_only=True)
class Config(Plan):
    """Settings of the feature network.

    Attributes:
        side: Height and width that photographs are reduced to.
        width: Channels of the first stage, and all others in proportion; only VGG19's own 64 makes a feature network.
        classes: Number of classes; whatever it is set to, the data's is taken.
    """

    scale: int = 1
    crop: int = 64
    batch: int = 128
    rate: float = 5e-4
    schedule: str = "one-cycle"
    side: int = 64
    width: int = 64
    classes: int = 1000

    def check(self) -> None:
        """Check what would fail late or in an obscure way.

        Raises:
            TrainingError: One of the settings is wrong.
        """
        super().check()
        if not _SMALLEST <= self.crop <= self.side + 2 * SHIFT:
            raise TrainingError(
                f"Expected --crop from {_SMALLEST} to {self.side + 2 * SHIFT}, the photographs being reduced to "
                f"{self.side} pixels, but got {self.crop}. Change it, or --set side=..."
            )
        if self.width < 1 or self.scale != 1:
            raise TrainingError(
                f"A feature network has scale 1 and a width above 0, not {self.scale} and {self.width}."
            )


class Classifier(nn.Module):
    """VGG19 with batch normalisation up to phi_5,4, whose mean over all positions decides on the class.

    Args:
        classes: Number of classes.
        width: Channels of the first stage.
    """

    def __init__(self, classes: int, width: int = 64) -> None:
        super().__init__()
        self.features = Features(LAYER, width)
        self.features.layers = nn.Sequential(*_normalised(self.features.layers))
        self.decide = nn.Linear(8 * width, classes)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits, (N, classes), of (N, 3, H, W) images in -1..1."""
        logits: Tensor = self.decide(self.features(image).mean((2, 3)))
        return logits


def _normalised(layers: Iterable[nn.Module]) -> list[nn.Module]:
    found: list[nn.Module] = []
    for layer in layers:
        found.append(layer)
        if isinstance(layer, nn.Conv2d):
            # Of default weights, 19 layers would be slow to begin: these keep the size of gradients.
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            found.append(nn.BatchNorm2d(layer.out_channels))
    return found


def folded(network: Classifier) -> Features:
    """Return VGG19's plain features, which equal those of `network` in evaluation."""
    layers = list(network.features.layers)
    norms = [layer for layer in layers if isinstance(layer, nn.BatchNorm2d)]
    pairs = zip((layer for layer in layers if isinstance(layer, nn.Conv2d)), norms, strict=True)
    plain = Features(LAYER, norms[0].num_features)
    for place, layer in enumerate(plain.layers):
        if isinstance(layer, nn.Conv2d):
            plain.layers[place] = fold(next(pairs))
    return plain.eval()


def store(path: Path, network: Classifier, facts: Mapping[str, Any]) -> None:
    """Write the folded features of `network` with torchvision's names, kernels in 16 bits, for `--vgg FILE`.

    Args:
        path: The .safetensors file.
        network: What was trained.
        facts: What the file's metadata should say.
    """
    tensors = {}
    for name, tensor in folded(network).layers.state_dict().items():
        stored = tensor.cpu().contiguous()
        tensors[f"features.{name}"] = stored.half() if stored.ndim > 1 else stored
    write_atomically(path, save(tensors, {"card": json.dumps(dict(facts))}))


class Classification(Task):
    """Learns the class of each crop by its cross-entropy."""

    def __init__(self, plan: Config, team: Team) -> None:
        super().__init__(plan, team)
        self.players = {"classifier": self.player(network(plan))}

    def step(self, batch: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Descend the cross-entropy; the accuracy is that on the batch, before it was learned from."""
        assert isinstance(batch, Examples)
        logits = self._logits(self.network, batch)
        loss = functional.cross_entropy(logits, batch.labels)
        self.players["classifier"].descend(loss, self.team, fraction)
        right = logits.detach().argmax(1) == batch.labels
        return {"loss": loss.detach(), "accuracy": right.float().mean()}

    def accuracy(self, network: nn.Module, held: Labelled) -> float:
        """Return the share of the held-out photographs whose class `network` names first."""
        right = 0
        with torch.inference_mode():
            for batch in held.centres(self.plan.crop, self.plan.batch):
                right += int((self._logits(network, batch).argmax(1) == batch.labels).sum())
        return right / len(held)

    def _logits(self, network: nn.Module, batch: Examples) -> Tensor:
        with self.autocast():
            logits: Tensor = network(batch.hr * 2 - 1)
        return logits.float()

    def upscale(self, network: nn.Module, lr: Tensor) -> Tensor:  # noqa: ARG002 # as every task's
        """Refuse: there is nothing to enlarge.

        Raises:
            TrainingError: Always.
        """
        raise TrainingError("A feature network enlarges nothing; its score is the accuracy on held-out photographs.")


def network(config: Config) -> Classifier:
    """Return the untrained network."""
    return Classifier(config.classes, config.width)


RECIPES = {"vgg19-features": Recipe(Config(), network, Classification, "VGG19 on labelled photographs, for --vgg FILE")}
