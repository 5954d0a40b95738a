"""Trains ESPCN: mean squared error of luma, LR crops in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from srbench.methods.espcn.loading import ready
from srbench.methods.espcn.network import ESPCN
from srbench.training import losses
from srbench.training.config import TrainingConfig
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch
from srbench.training.task import Recipe, TrainingTask

REACH = 4  # LR pixels that zero padding at a crop's border can reach into it


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings of ESPCN. The paper uses 17x17 LR crops, and gradient descent at rates from 1e-2 to 1e-4."""

    batch: int = 16
    crop: int = 96
    rate: float = 2e-3
    optimiser: str = "soap"


def network(config: Config) -> ESPCN:
    """Return the untrained network."""
    return ESPCN(config.scale)


class ESPCNTask(TrainingTask):
    """Learns the luma of the HR crop from that of the LR crop."""

    luma = True

    def __init__(self, plan: Config, processes: ProcessGroup) -> None:
        super().__init__(plan, processes)
        self.learners = {"generator": self.main_learner(network(plan))}

    def step(self, batch: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Descend the squared error of the crop's inside, which no padding has touched."""
        with self.autocast():
            sr = self.network(batch.lr)
        # Small crops have no such inside; then all of them counts.
        border = REACH * self.plan.scale if batch.lr.shape[-1] > 2 * REACH else 0
        inside = (..., slice(border, batch.hr.shape[-2] - border), slice(border, batch.hr.shape[-1] - border))
        loss = losses.pixel(sr[inside].float(), batch.hr[inside])
        self.learners["generator"].descend(loss, self.processes, fraction)
        return {"loss": loss.detach()}

    def upscale(self, network: nn.Module, lr: Tensor) -> Tensor:
        """Return the SR luma of a whole LR luma, both 0..255."""
        sr: Tensor = network(lr / 255) * 255
        return sr


RECIPES = {
    "espcn": Recipe(
        Config(),
        network,
        ESPCNTask,
        "ESPCN on luma",
        ready=ready,
        goals={"set5": 30.5, "set14": 27.5, "bsd100": 26.9},
    )
}
