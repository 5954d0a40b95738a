"""Trains all that starts from SRResNet-MSE: SRGAN with its content losses, and SRResNet-VGG22."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from srbench.methods.srgan.discriminator import Discriminator
from srbench.methods.srresnet.network import SRResNet
from srbench.training import features, losses, starting
from srbench.training.parallel import Team
from srbench.training.patches import Batch
from srbench.training.plan import Plan, Recipe, Task

CALIBRATION_CROPS = 100


@dataclass(frozen=True, kw_only=True)
class Config(Plan):
    """Settings of SRGAN: the paper's rates, 1e-4 for half of the run and 1e-5 for the other.

    It starts from SRResNet-MSE: from the weights shipped for the scale, if `start` is None.

    Attributes:
        layer: (i, j) of the content loss VGG/i,j; None for MSE.
        vgg: Whose features: `imagenet`, `random`, `tiny` or a file.
        anchor: Weight of MSE beside the content loss; keeps structure where features are a substitute's. None
            means 0.3 for random features of the fifth stage, and 0 otherwise.
        adversarial: Weight of the adversarial loss; 0 trains no discriminator.
        variation: Weight of total variation.
        shift: Whether both crops are shifted by random, equal numbers of pixels before features are taken. Their
            pooling then has no fixed place in the grid of LR pixels, where the generator would learn to please it
            by a pattern that repeats in every LR pixel. None means for all features but ImageNet's.
        warm_up: Elapsed fraction in which the discriminator learns alone.
        blocks: Number B of residual blocks.
        width: Channels of the generator's hidden layers.
        bn: Whether the generator has batch normalisation.
    """

    rate: float = 1e-4
    schedule: str = "drop"
    freeze_bn: float = 0.0
    layer: tuple[int, int] | None = (5, 4)
    vgg: str = "imagenet"
    anchor: float | None = None
    adversarial: float = 1e-3
    variation: float = 0.0
    shift: bool | None = None
    warm_up: float = 0.05
    blocks: int = 16
    width: int = 64
    bn: bool = True


def network(config: Config) -> SRResNet:
    """Return the untrained generator."""
    return SRResNet(config.scale, config.blocks, bn=config.bn, width=config.width)


class SRGANTask(Task):
    """Learns to please the content loss and, unless its weight is 0, a discriminator that learns with it."""

    def __init__(self, plan: Config, team: Team) -> None:
        super().__init__(plan, team)
        self.config = plan
        generator = network(plan)
        self.notes["start"] = starting.load(generator, plan.start, "srresnet", plan.scale)
        self.players = {"generator": self.player(generator)}
        if plan.adversarial:
            self.players["discriminator"] = self.player(Discriminator(plan.crop))
            self.judge = self.players["discriminator"].network
        self.content: losses.Content | None = None
        self.anchor = plan.anchor or 0.0
        self.shift = plan.vgg != "imagenet" if plan.shift is None else plan.shift
        if plan.layer is not None:
            maps, facts = features.load(plan.vgg, plan.layer)
            self.notes |= facts
            self.content = losses.Content(self.ready(maps))
            if plan.anchor is None and plan.vgg == "random" and plan.layer[0] == 5:
                self.anchor = 0.3
            self.notes["weight_of_mse"] = self.anchor

    def prepare(self, draw: Callable[[int], Batch]) -> None:
        """Scale the content loss of substitute features to the MSE of the starting network."""
        if self.content is None:
            return
        if self.config.vgg == "imagenet":
            weight = self.content.weight
        else:
            measured = []
            for _ in range(max(1, CALIBRATION_CROPS // self.config.batch)):
                batch = draw(self.config.batch)
                with torch.no_grad(), self.autocast():
                    sr = self.network.eval()(batch.lr)
                    measured.append(self.content.calibrate(sr.float(), batch.hr * 2 - 1))
            # The mean of 1 / weight is E[content] / E[MSE] up to the spread of MSE between batches.
            weight = len(measured) / sum(1 / value for value in measured)
        self.notes["content_weight"] = weight

    def step(self, batch: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Let the discriminator learn, then the generator."""
        hr = batch.hr * 2 - 1
        with self.autocast():
            sr = self.network(batch.lr).float()
        shown = {}
        if self.config.adversarial:
            with self.autocast():
                real, fake = self.judge(hr), self.judge(sr.detach())
            verdict = losses.discriminator(real.float(), fake.float())
            self.players["discriminator"].descend(verdict, self.team, fraction)
            shown["discriminator"] = verdict.detach()
            if fraction < self.config.warm_up:
                return shown
        total, parts = self._generator_loss(sr, hr)
        self.players["generator"].descend(total, self.team, fraction)
        return shown | parts

    def _generator_loss(self, sr: Tensor, hr: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        config, parts = self.config, {"mse": losses.pixel(sr, hr)}
        total = parts["mse"]
        if self.content is not None:
            self.content.weight = self.notes["content_weight"]
            seen = (sr, hr)
            if self.shift:
                shifts = torch.randint(0, config.scale, (2,)).tolist()
                seen = (sr.roll(shifts, (2, 3)), hr.roll(shifts, (2, 3)))
            with self.autocast():
                parts["content"] = self.content(*seen)
            total = parts["content"] + self.anchor * parts["mse"]
        if config.adversarial:
            with self.autocast():
                logits = self.judge(sr)
            parts["adversarial"] = losses.adversarial(logits.float())
            total = total + config.adversarial * parts["adversarial"]
        if config.variation:
            parts["variation"] = losses.total_variation(sr)
            total = total + config.variation * parts["variation"]
        return total, {name: part.detach() for name, part in parts.items()}

    def upscale(self, network: nn.Module, lr: Tensor) -> Tensor:
        """Return the SR image of a whole LR image, both RGB in 0..255."""
        with self.autocast():
            sr: Tensor = network(lr / 255)
        return (sr.float() + 1) * 127.5


_SRGAN = Config()
RECIPES = {
    "srgan-mse": Recipe(replace(_SRGAN, layer=None), network, SRGANTask, "SRGAN with MSE as content loss"),
    "srgan-vgg22": Recipe(replace(_SRGAN, layer=(2, 2)), network, SRGANTask, "SRGAN with VGG/2,2"),
    "srgan-vgg54": Recipe(_SRGAN, network, SRGANTask, "SRGAN with VGG/5,4"),
    "srresnet-vgg22": Recipe(
        replace(_SRGAN, layer=(2, 2), adversarial=0.0, variation=2e-8), network, SRGANTask, "SRResNet on VGG/2,2"
    ),
}
