"""Trains SRResNet on mean squared error (SRResNet-MSE)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from srbench.errors import TrainingError
from srbench.methods.srresnet.loading import ready
from srbench.methods.srresnet.network import SRResNet, factors
from srbench.training import initial, losses, orientations
from srbench.training.config import TrainingConfig
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch
from srbench.training.task import Recipe, TrainingTask
from srbench.training.teaching import Teacher
from srbench.weights import digest


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
        orientations: In how many of the eight orientations, turned and mirrored, the network sees each crop of a step.
        agreement: Weight of the variance between the SR crops of these orientations, beside their errors; a variant
            of ours, said beside the name.
        teacher: Run, weight file or method of the same network, whose mean over `teacher_orientations` of each crop is
            learned in the place of the HR crop; a variant of ours, said beside the name.
        teacher_orientations: How many of the eight, drawn anew in each step.
    """

    rate: float = 2e-3
    optimiser: str = "soap"
    blocks: int = 16
    skip: bool = True
    bn: bool = True
    width: int = 64
    floor: float | None = None
    orientations: int = 1
    agreement: float = 0.0
    teacher: str | None = None
    teacher_orientations: int = 8

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
        losses.check_floor(self.floor)
        for name in ("orientations", "teacher_orientations"):
            if not 1 <= (count := getattr(self, name)) <= orientations.COUNT:
                raise TrainingError(f"Expected --set {name}=... of 1 to 8, but got {count}.")
        if not self.agreement >= 0:
            raise TrainingError(f"Expected --set agreement=... of 0 or more, but got {self.agreement}.")
        if self.agreement and self.orientations == 1:
            raise TrainingError("One orientation has none to agree with. Add --set orientations=2, or up to 8.")


def network(config: Config) -> SRResNet:
    """Return the untrained network."""
    return SRResNet(config.scale, config.blocks, config.skip, config.bn, config.width)


class SRResNetTask(TrainingTask):
    """Learns the HR crop, or a teacher's, from the LR crop in one orientation or in several that shall agree."""

    def __init__(self, plan: Config, processes: ProcessGroup) -> None:
        super().__init__(plan, processes)
        self.config = plan
        self.learners = {"generator": self.main_learner(network(plan))}
        self.teacher: Teacher | None = None
        said = []
        if plan.teacher is not None:
            taught = network(plan)
            told, self.taught_by = initial.load(taught, plan.teacher, "", plan.scale), digest(taught.state_dict())
            self.teacher = Teacher(self.ready(taught), plan.teacher_orientations, self.autocast)
            said.append(f"learned from the mean of {plan.teacher_orientations} orientations of {told}")
        said += losses.said_of_floor(plan.floor)
        if plan.agreement:
            said.append(f"{plan.agreement:g} times the variance between {plan.orientations} orientations of a crop")
        if said:
            self.notes["note"] = ", ".join(said)  # shown in every table

    def step(self, batch: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Descend the mean squared error of RGB in -1..1, or its logarithms."""
        plan, hr = self.config, batch.hr * 2 - 1
        with self.autocast():
            sr = orientations.answers(self.network, batch.lr, orientations.draw(plan.orientations))
        if self.teacher is None:
            errors = losses.of_crops(sr, hr).mean(0)
        else:
            # The second part does not depend on the network: with it the logarithm weighs crops as their HR crops do.
            target = self.teacher(batch.lr)
            errors = losses.of_crops(sr, target).mean(0) + losses.of_crops(target, hr)
        if plan.agreement:
            errors = errors + plan.agreement * sr.var(0).mean((1, 2, 3))
        loss = losses.over_crops(errors, plan.floor)
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
