"""Trains DRCN: every recursion's prediction is supervised, less and less as training goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from srbench.errors import TrainingError
from srbench.methods.drcn.loading import ready
from srbench.methods.drcn.network import DRCN
from srbench.training import losses, patches
from srbench.training.config import TrainingConfig
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch
from srbench.training.task import Recipe, TrainingTask


@dataclass(frozen=True, kw_only=True)
class Config(TrainingConfig):
    """Settings of DRCN; 41x41 crops and 64 of them as in the paper.

    Attributes:
        recursions: How often the recursive convolution is applied.
        width: Channels of the hidden layers.
        averaged: Of how many recursions the predictions are trained and averaged, counted from the last; None means
            of all.
        supervision: Weight alpha of the recursions' own losses at the start.
        supervision_end: Elapsed fraction at which alpha has fallen to 0, linearly.
        growth: Elapsed fraction over which the recursions that are trained grow from one to all, by equal factors in
            equal times; 0 trains all of them from the start, as the paper does. A step costs as much as it has
            recursions, and all share their weights: early steps with few of them teach the same for less.
        floor: With it the loss is the logarithm of each crop's MSE plus this, see `losses.logarithmic`; a variant of
            ours, said beside the name.
    """

    batch: int = 64
    crop: int = 40
    rate: float = 1e-3
    recursions: int = 16
    width: int = 256
    averaged: int | None = None
    supervision: float = 1.0
    supervision_end: float = 0.5
    growth: float = 0.0
    floor: float | None = None

    def check(self) -> None:
        """Check values that would fail late or in an obscure way.

        Raises:
            TrainingError: One of them is wrong.
        """
        super().check()
        averaged = self.recursions if self.averaged is None else self.averaged
        if min(self.recursions, self.width, averaged) < 1:
            raise TrainingError(
                "Expected recursions, width and averaged of at least 1, but got "
                f"{self.recursions}, {self.width} and {averaged}. Change them with --set."
            )
        losses.check_floor(self.floor)


def network(config: Config) -> DRCN:
    """Return the untrained network."""
    return DRCN(config.recursions, config.width, config.averaged)


class DRCNTask(TrainingTask):
    """Learns the luma of the HR crop from its bicubic approximation."""

    luma = True
    enlarge = True

    def __init__(self, plan: Config, processes: ProcessGroup) -> None:
        super().__init__(plan, processes)
        self.config = plan
        made = network(plan)
        self.learners = {"generator": self.main_learner(made, made.parts)}
        said = []
        if plan.averaged is not None and plan.averaged < plan.recursions:
            some = "" if plan.averaged == 1 else f" {plan.averaged}"
            said.append(f"only the last{some} of its {plan.recursions} predictions")
        said += losses.said_of_floor(plan.floor)
        if said:
            self.notes["note"] = ", ".join(said)  # shown in every table

    def step(self, batch: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Descend alpha times the mean error of the recursions plus (1 - alpha) times that of their average."""
        network, config, count = self.network, self.config, self.recursions(fraction)
        alpha = config.supervision * max(0.0, 1 - fraction / config.supervision_end)
        with self.autocast():
            predictions = network.predictions(batch.enlarged, count).float()  # type: ignore[operator] # it is a DRCN
        final = losses.of_crops(network.average(predictions, count), batch.hr)  # type: ignore[operator] # it is a DRCN
        each = losses.of_crops(predictions, batch.hr).mean(0)
        errors = alpha * each + (1 - alpha) * final
        loss = losses.over_crops(errors, config.floor)
        self.learners["generator"].descend(loss, self.processes, fraction)
        return {"loss": final.detach().mean(), "recursions": each.detach().mean()}

    def recursions(self, fraction: float) -> int:
        """Return how many recursions a step makes, `fraction` of the run being over."""
        grown = 1.0 if fraction >= self.config.growth else fraction / self.config.growth
        count: float = self.config.recursions**grown
        return round(count)

    def upscale(self, network: nn.Module, lr: Tensor) -> Tensor:
        """Return the SR luma of a whole LR luma, both 0..255."""
        enlarged = patches.enlarged(lr, self.plan.scale) / 255
        with self.autocast():
            predictions = network.predictions(enlarged)  # type: ignore[operator] # it is a DRCN
        sr: Tensor = network.average(predictions.float()) * 255  # type: ignore[operator] # it is a DRCN
        return sr


RECIPES = {
    "drcn": Recipe(
        Config(),
        network,
        DRCNTask,
        "DRCN with 16 recursions on bicubically enlarged luma",
        ready=ready,
        goals={"set5": 31.2, "set14": 27.8, "bsd100": 27.1},
    )
}
