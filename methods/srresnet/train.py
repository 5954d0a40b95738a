"""Trains SRResNet on mean squared error (SRResNet-MSE)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from srbench.errors import TrainingError
from srbench.methods.srresnet.loading import ready
from srbench.methods.srresnet.network import SRResNet, factors
from srbench.training import losses
from srbench.training.config import TrainingConfig
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch
from srbench.training.task import Recipe, TrainingTask


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings of SRResNet. The paper trains 1e6 steps of 16 crops at a constant rate of 1e-4.

    Attributes:
        blocks: Number B of residual blocks.
        skip: Whether blocks and body add their input.
        bn: Whether there is batch normalisation; False is a variant of ours.
        width: Channels of the hidden layers.
        floor: With it the loss is the logarithm of each crop's MSE plus this, see `losses.logarithmic`; a variant of
            ours, said beside the name.
    """

    rate: float = 2e-3
    optimiser: str = "soap"
    blocks: int = 16
    skip: bool = True
    bn: bool = True
    width: int = 64
    floor: float | None = None

    def check(self) -> None:
        """Check values that would fail late or in an obscure way.

        Raises:
            TrainingError: One of them is wrong.
        """
        super().check()
        try:
            factors(self.scale)
        except ValueError as error:
            raise TrainingError(f"{error} Change --scale.") from None
        if min(self.blocks, self.width) < 1:
            raise TrainingError(f"Expected --blocks and --width of at least 1, got {self.blocks} and {self.width}.")
        if self.floor is not None and not self.floor > 0:
            raise TrainingError(f"Expected --set floor=... above 0, but got {self.floor}.")


def network(config: Config) -> SRResNet:
    """Return the untrained network."""
    return SRResNet(config.scale, config.blocks, config.skip, config.bn, config.width)


class SRResNetTask(TrainingTask):
    """Learns the HR crop from the LR crop."""

    def __init__(self, plan: Config, processes: ProcessGroup) -> None:
        super().__init__(plan, processes)
        self.config = plan
        self.learners = {"generator": self.main_learner(network(plan))}
        if plan.floor is not None:
            self.notes["note"] = f"logarithm of each crop's MSE + {plan.floor:g}"  # shown in every table

    def step(self, batch: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Descend the mean squared error of RGB in -1..1, or its logarithms."""
        with self.autocast():
            sr = self.network(batch.lr).float()
        hr, floor = batch.hr * 2 - 1, self.config.floor
        loss = losses.pixel(sr, hr) if floor is None else losses.logarithmic(sr, hr, floor)
        self.learners["generator"].descend(loss, self.processes, fraction)
        return {"loss": loss.detach()}

    def upscale(self, network: nn.Module, lr: Tensor) -> Tensor:
        """Return the SR image of a whole LR image, both RGB in 0..255."""
        with self.autocast():
            sr: Tensor = network(lr / 255)
        return (sr.float() + 1) * 127.5


RECIPES = {
    "srresnet-mse": Recipe(
        Config(),
        network,
        SRResNetTask,
        "SRResNet on mean squared error",
        ready=ready,
        goals={"set5": 31.8, "set14": 28.3, "bsd100": 27.4},
        gives="-1..1",
    )
}
