"""What a family's train.py has to provide: what learns, and how one step of it goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from srbench.registry import Setup, Upscaler
from srbench.training import initial, precision
from srbench.training.config import TrainingConfig
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Batch
from srbench.training.schedules import Schedule, schedule
from srbench.training.soap import SOAP


def _adam(parameters: list[nn.Parameter], rate: float, _: int) -> torch.optim.Optimizer:
    fused = all(p.is_cuda for p in parameters)
    return torch.optim.Adam(parameters, rate, betas=(0.9, 0.999), fused=fused)  # the paper's beta1


def _soap(parameters: list[nn.Parameter], rate: float, every: int) -> torch.optim.Optimizer:
    return SOAP(parameters, rate, every=every)


OPTIMISERS: dict[str, Callable[[list[nn.Parameter], float, int], torch.optim.Optimizer]] = {
    "adam": _adam,
    "soap": _soap,
}
"""Makes an optimiser from parameters, learning rate and, for SOAP, the steps between updates of its eigenbases."""


@dataclass
class Learner:
    """A network that learns, with its optimiser and how its learning rate falls.

    Attributes:
        network: The module whose parameters are learned.
        rate: Its base learning rate.
        schedule: Factor of `rate` by elapsed fraction.
        kind: A name in `OPTIMISERS`.
        every: Steps between updates of SOAP's eigenbases.
        clip: Longest gradient, as the norm over all parameters; None for any.
        accumulate: How many losses make one step of the optimiser.
    """

    network: nn.Module
    rate: float
    schedule: Schedule
    kind: str = "adam"
    every: int = 10
    clip: float | None = None
    accumulate: int = 1
    optimiser: torch.optim.Optimizer = field(init=False)
    _pending: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.optimiser = OPTIMISERS[self.kind](list(self.network.parameters()), self.rate, self.every)

    def descend(self, loss: Tensor, processes: ProcessGroup, fraction: float) -> None:
        """Take one step of the optimiser down the gradient of `loss`, averaged over the processes.

        Where `accumulate` says so, only every so many calls take one, down the mean of their gradients.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * self.schedule(fraction) * group.get("factor", 1.0)
        if not self._pending:
            self.optimiser.zero_grad()
        part = loss if self.accumulate == 1 else loss / self.accumulate
        part.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        self._pending = (self._pending + 1) % self.accumulate
        if self._pending:
            return
        processes.average_gradients(self.network.parameters())
        if self.clip is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        self.optimiser.step()


class TrainingTask(ABC):
    """What learns, and how one step of it goes.

    Attributes:
        learners: The networks that learn; the first one is averaged, validated and shipped.
        luma: Whether its batches hold luma instead of RGB.
        enlarge: Whether its batches hold the enlarged LR crops.
        notes: Facts found out on the way that belong into checkpoints and model cards.
        done: Steps that are done, over all sessions.
        taught_by: Digest of the weights of another network that this one learns from, which a resumed run must find
            as they were; None where it learns from photographs alone.
    """

    learners: dict[str, Learner]
    luma: bool = False
    enlarge: bool = False
    done: int = 0
    taught_by: str | None = None

    def __init__(self, plan: TrainingConfig, processes: ProcessGroup) -> None:
        self.plan, self.processes = plan, processes
        self.notes: dict[str, Any] = {}

    @property
    def network(self) -> nn.Module:
        """The network that is shipped."""
        return next(iter(self.learners.values())).network

    @abstractmethod
    def step(self, batch: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Learn from one batch, `fraction` of the run being over; return the losses to show."""

    @abstractmethod
    def upscale(self, network: nn.Module, lr: Tensor) -> Tensor:
        """Return the SR image, (1, C, H, W) in 0..255, of a whole (1, C, h, w) one, both as in batches."""

    def variants(self) -> Sequence[tuple[int, float]]:
        """Return steps done and elapsed fraction for each way in which a step computes in the course of the run.

        Where networks are compiled, each of them is taken once before the clock starts.
        """
        return [(0, fraction) for fraction in dict.fromkeys((0.0, self.plan.freeze_bn)) if fraction < 1]

    def main_learner(self, network: nn.Module, parts: Sequence[nn.Module] = ()) -> Learner:
        """Return the network that is shipped as a learner, with the weights of the plan's `start` if there is one.

        Args:
            network: What learns.
            parts: As in `ready`.
        """
        if self.plan.start is not None:
            self.notes["start"] = initial.load(network, self.plan.start, "", self.plan.scale)
        return self.learner(network, parts)

    def learner(self, network: nn.Module, parts: Sequence[nn.Module] = ()) -> Learner:
        """Return `network`, moved by `ready`, with the plan's rate, schedule and optimiser."""
        plan = self.plan
        ready, curve = self.ready(network, parts), schedule(plan.schedule)
        return Learner(ready, plan.rate, curve, plan.optimiser, plan.soap_every, plan.clip, plan.accumulate)

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which networks compute."""
        return precision.context(self.processes.device, self.plan.precision)

    def ready(self, network: nn.Module, parts: Sequence[nn.Module] = ()) -> nn.Module:
        """Move `network` to the device, in the layout of images that is fastest there, and compile it where that pays.

        The compiled forward passes replace the modules' own, so that the names of weights stay.

        Args:
            network: What computes.
            parts: Those of its modules that are compiled instead of the whole, because the whole is different in
                each step, or so deep that compiling it takes longer than it saves.
        """
        compiled = self.plan.compiled(self.processes.device.type)
        repeats = compiled and repeats_borders(network)
        layout = torch.contiguous_format if repeats else torch.channels_last
        network.to(device=self.processes.device, memory_format=layout)  # type: ignore[call-overload] # torch takes both
        for part in parts or (network,):
            if compiled:
                part.compile(options={"layout_optimization": False} if repeats else None)
        self.processes.copy_from_leader([*network.parameters(), *network.buffers()])
        return network


def repeats_borders(network: nn.Module) -> bool:
    """Return whether `network` pads by repeating borders, which torch.compile gets wrong in channels last.

    PyTorch 2.14 expects contiguous rows from the gradient of that padding where its kernel for processors returns
    channels last. It stops there; without its check of strides it would go on with wrong gradients.
    """
    return any(isinstance(part, nn.Conv2d) and part.padding_mode == "replicate" for part in network.modules())


@dataclass(frozen=True, slots=True)
class Recipe:
    """One name that `srbench train` knows.

    Attributes:
        config: Its default settings.
        network: Makes the network that is shipped from settings.
        task: Makes its task from settings and processes.
        summary: What it makes, in one phrase.
        presets: Other settings to begin with, by the name that `--set preset=NAME` gives.
        ready: Makes an upscaler from the trained network and a setup; None where the network needs no preparation.
        goals: PSNR in dB that a full training should reach, by data set, at x4.
        gives: Range of the network's output, `1` for 0..1 or `-1..1`; what it takes is 0..1.
    """

    config: TrainingConfig
    network: Callable[[Any], nn.Module]
    task: Callable[[Any, ProcessGroup], TrainingTask]
    summary: str
    presets: Mapping[str, TrainingConfig] = field(default_factory=dict)
    ready: Callable[[Any, Setup], Upscaler] | None = None
    goals: Mapping[str, float] = field(default_factory=dict)
    gives: str = "1"

    @property
    def luma(self) -> bool:
        """Whether the network takes and gives luma."""
        return bool(getattr(self.task, "luma", False))

    @property
    def enlarged(self) -> bool:
        """Whether the network sharpens what bicubic interpolation has enlarged."""
        return bool(getattr(self.task, "enlarge", False))


def freeze_batch_norm(network: nn.Module, frozen: bool) -> None:
    """Set `network` to training, with batch normalisation using its running statistics if `frozen`."""
    network.train()
    if frozen:
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
