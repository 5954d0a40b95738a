"""What can be set for every training run, and what a family's train.py has to provide."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from srbench.errors import TrainingError, unknown
from srbench.training import starting
from srbench.training.parallel import Team
from srbench.training.patches import Batch
from srbench.training.schedules import Schedule, schedule
from srbench.training.soap import SOAP


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Settings that every family shares; each family's config adds its own.

    Attributes:
        scale: Upscaling factor.
        steps: Length of the run in steps; None when `minutes` is given.
        minutes: Length of the run in minutes of training, over all its sessions.
        batch: Crops in a step, over all processes together.
        crop: Height and width of HR crops.
        rate: Base learning rate.
        optimiser: `adam`, or `soap`, which trains the small networks several times faster.
        start: Run folder or weight file whose weights the run starts from; None starts from random ones.
        schedule: How the rate falls, by elapsed fraction: cosine, one-cycle, constant or drop.
        ema: Decay of the averaged weights that are validated and shipped.
        freeze_bn: Elapsed fraction after which batch normalisation keeps its statistics.
        seed: Seed of the initial weights and of the crops.
        precision: `bf16` (autocast) or `fp32`.
        validations: How often the validation images are scored during the run.
        compile: Whether networks go through torch.compile (CUDA graphs on a GPU); None means on CUDA only.
    """

    scale: int = 4
    steps: int | None = None
    minutes: float | None = None
    batch: int = 16
    crop: int = 96
    rate: float = 1e-3
    optimiser: str = "adam"
    start: str | None = None
    schedule: str = "cosine"
    ema: float = 0.999
    freeze_bn: float = 0.7
    seed: int = 0
    precision: str = "bf16"
    validations: int = 10
    compile: bool | None = None

    def check(self) -> None:
        """Check values that would fail late or in an obscure way.

        Raises:
            TrainingError: One of them is wrong.
        """
        if (self.steps is None) == (self.minutes is None):
            raise TrainingError("Give the length of the run by either --steps or --minutes.")
        if (self.steps or self.minutes or 0) <= 0 or self.batch < 1:
            raise TrainingError("Expected --steps or --minutes, and --batch, above zero.")
        if self.crop < self.scale or self.crop % self.scale:
            raise TrainingError(f"--crop {self.crop} is not a multiple of the scale {self.scale}.")
        if self.precision not in {"bf16", "fp32"}:
            raise TrainingError(f"Expected --precision bf16 or fp32, but got {self.precision!r}.")
        if self.optimiser not in OPTIMISERS:
            raise TrainingError(unknown("optimiser", self.optimiser, OPTIMISERS))
        schedule(self.schedule)


def _adam(parameters: list[nn.Parameter], rate: float) -> torch.optim.Optimizer:
    fused = all(p.is_cuda for p in parameters)
    return torch.optim.Adam(parameters, rate, betas=(0.9, 0.999), fused=fused)  # the paper's beta1


OPTIMISERS: dict[str, Callable[[list[nn.Parameter], float], torch.optim.Optimizer]] = {"adam": _adam, "soap": SOAP}


@dataclass
class Player:
    """A network that learns, with its optimiser and how its learning rate falls.

    Attributes:
        network: The module whose parameters are learned.
        rate: Its base learning rate.
        schedule: Factor of `rate` by elapsed fraction.
        kind: A name in `OPTIMISERS`.
    """

    network: nn.Module
    rate: float
    schedule: Schedule
    kind: str = "adam"
    optimiser: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        self.optimiser = OPTIMISERS[self.kind](list(self.network.parameters()), self.rate)

    def descend(self, loss: Tensor, team: Team, fraction: float) -> None:
        """Take one step of the optimiser down the gradient of `loss`, averaged over the team."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * self.schedule(fraction) * group.get("factor", 1.0)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        team.average_gradients(self.network.parameters())
        self.optimiser.step()


class Task(ABC):
    """What learns, and how one step of it goes.

    Attributes:
        players: The networks that learn; the first one is averaged, validated and shipped.
        luma: Whether its batches hold luma instead of RGB.
        enlarge: Whether its batches hold the enlarged LR crops.
        notes: Facts found out on the way that belong into checkpoints and model cards.
        done: Steps that are done, over all sessions.
    """

    players: dict[str, Player]
    luma: bool = False
    enlarge: bool = False
    done: int = 0

    def __init__(self, plan: Plan, team: Team) -> None:
        self.plan, self.team = plan, team
        self.notes: dict[str, Any] = {}

    @property
    def network(self) -> nn.Module:
        """The network that is shipped."""
        return next(iter(self.players.values())).network

    @abstractmethod
    def step(self, batch: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Learn from one batch, `fraction` of the run being over; return the losses to show."""

    @abstractmethod
    def upscale(self, network: nn.Module, lr: Tensor) -> Tensor:
        """Return the SR image, (1, C, H, W) in 0..255, of a whole (1, C, h, w) one, both as in batches."""

    def learner(self, network: nn.Module) -> Player:
        """Return the network that is shipped as a player, with the weights of the plan's `start` if there is one."""
        if self.plan.start is not None:
            self.notes["start"] = starting.load(network, self.plan.start, "", self.plan.scale)
        return self.player(network)

    def player(self, network: nn.Module) -> Player:
        """Return `network`, moved by `ready`, with the plan's rate, schedule and optimiser."""
        return Player(self.ready(network), self.plan.rate, schedule(self.plan.schedule), self.plan.optimiser)

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which networks compute."""
        return torch.autocast(self.team.device.type, torch.bfloat16, enabled=self.plan.precision == "bf16")

    def ready(self, network: nn.Module) -> nn.Module:
        """Move `network` to the device, channels last, and compile it where that pays.

        The compiled forward pass replaces the module's own, so that the names of its weights stay.
        """
        network.to(self.team.device).to(memory_format=torch.channels_last)
        wanted = self.plan.compile
        if wanted or (wanted is None and self.team.device.type == "cuda"):
            mode = "max-autotune-no-cudagraphs" if self.team.device.type == "cuda" else None
            network.compile(mode=mode)
        self.team.copy_from_leader([*network.parameters(), *network.buffers()])
        return network


@dataclass(frozen=True, slots=True)
class Recipe:
    """One name that `srbench train` knows.

    Attributes:
        config: Its default settings.
        network: Makes the network that is shipped from settings.
        task: Makes its task from settings and team.
        summary: What it makes, in one phrase.
        presets: Other settings to begin with, by the name that `--set preset=NAME` gives.
    """

    config: Plan
    network: Callable[[Any], nn.Module]
    task: Callable[[Any, Team], Task]
    summary: str
    presets: Mapping[str, Plan] = field(default_factory=dict)


def freeze_batch_norm(network: nn.Module, frozen: bool) -> None:
    """Set `network` to training, with batch normalisation using its running statistics if `frozen`."""
    network.train()
    if frozen:
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
