"""Trains SRCNN: mean squared error of luma, bicubically enlarged crops in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from srbench.methods.srcnn.loading import ready
from srbench.methods.srcnn.network import SRCNN
from srbench.training import losses, patches
from srbench.training.config import TrainingConfig
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch
from srbench.training.task import Recipe, TrainingTask


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings of SRCNN.

    Attributes:
        kernels: Sizes of the three convolutions; the paper's other choice is 9, 5, 5.
    """

    batch: int = 16
    crop: int = 56
    rate: float = 3e-3
    optimiser: str = "soap"
    kernels: tuple[int, int, int] = (9, 1, 5)


def network(config: Config) -> SRCNN:
    """Return the untrained network."""
    return SRCNN(config.kernels)


class SRCNNTask(TrainingTask):
    """Learns the luma of the HR crop from its bicubic approximation."""

    luma = True
    enlarge = True

    def __init__(self, plan: Config, processes: ProcessGroup) -> None:
        super().__init__(plan, processes)
        self.reach = sum(kernel // 2 for kernel in plan.kernels)
        self.learners = {"generator": self.main_learner(network(plan))}

    def step(self, batch: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Descend the squared error of the crop's inside, which no padding has touched."""
        with self.autocast():
            sr = self.network(batch.enlarged)
        border = self.reach if batch.hr.shape[-1] > 2 * self.reach else 0
        inside = (..., slice(border, batch.hr.shape[-2] - border), slice(border, batch.hr.shape[-1] - border))
        loss = losses.pixel(sr[inside].float(), batch.hr[inside])
        self.learners["generator"].descend(loss, self.processes, fraction)
        return {"loss": loss.detach()}

    def upscale(self, network: nn.Module, lr: Tensor) -> Tensor:
        """Return the SR luma of a whole LR luma, both 0..255."""
        sr: Tensor = network(patches.enlarged(lr, self.plan.scale) / 255) * 255
        return sr


RECIPES = {
    "srcnn": Recipe(
        Config(),
        network,
        SRCNNTask,
        "SRCNN 9-1-5 on bicubically enlarged luma",
        ready=ready,
        goals={"set5": 30.1, "set14": 27.2, "bsd100": 26.7},
    )
}
