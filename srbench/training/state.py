"""All that changes while a training run goes on, and how it is written down and read back."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from srbench.errors import TrainingError
from srbench.training import averaged, checkpoints
from srbench.training.checkpoints import Checkpoint
from srbench.training.task import TrainingTask

CHANGEABLE = {"steps", "minutes", "start", "compile", "precision", "validations", "data", "places", "left_out"}
CHANGEABLE |= {"keep_every", "samples", "log", "teacher"}
"""What may be different when a run goes on: its length, how it is computed and shown, where its photographs are now."""


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """Where a run writes and how it is watched.

    Attributes:
        out: Folder of checkpoints and curves.
        title: Name of what is trained.
        resume: Go on from the checkpoint in `out`.
        checkpoint_seconds: Time between checkpoints.
        config: What a resumed run must agree with, beside the plan: data, features and the like.
        quiet: Show nothing.
        text: What config.toml is to say; nothing for no such file.
    """

    out: Path
    title: str
    resume: bool = False
    checkpoint_seconds: float = 60.0
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    quiet: bool = False
    text: str = ""


class Average:
    """Exponential moving average of a network's weights; young averages forget faster."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self._pairs = [
            (mine, theirs)
            for mine, theirs in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True)
            if mine.is_floating_point()
        ]

    def update(self, step: int) -> None:
        """Move towards the network's weights after `step` steps."""
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        with torch.no_grad():
            torch._foreach_lerp_([mine for mine, _ in self._pairs], [theirs for _, theirs in self._pairs], weight)


class RunState:
    """All that changes while a run goes on, and how it is written down and read back."""

    def __init__(self, task: TrainingTask, run: TrainingRun) -> None:
        self.task, self.run = task, run
        self.average = Average(task.network, task.plan.ema)
        self.generator = torch.Generator().manual_seed(task.plan.seed + 1)
        self.step, self.seconds = 0, 0.0

    @property
    def config(self) -> dict[str, Any]:
        """What a resumed run is compared with."""
        return {"plan": dataclasses.asdict(self.task.plan), "taught_by": self.task.taught_by, **self.run.config}

    def tensors(self) -> dict[str, Tensor]:
        """Return networks, optimisers, average and random states by name."""
        tensors: dict[str, Tensor] = {f"average.{k}": v for k, v in self.average.network.state_dict().items()}
        for name, learner in self.task.learners.items():
            tensors |= {f"{name}.network.{k}": v for k, v in learner.network.state_dict().items()}
            tensors |= {f"{name}.adam.{k}": v for k, v in checkpoints.optimiser_tensors(learner.optimiser).items()}
        tensors |= {"random.crops": self.generator.get_state(), "random.torch": torch.get_rng_state()}
        if self.task.processes.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.task.processes.device)
        return tensors

    def put_back(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `tensors` returned."""
        self.average.network.load_state_dict(_under(tensors, "average."))
        for name, learner in self.task.learners.items():
            learner.network.load_state_dict(_under(tensors, f"{name}.network."))
            checkpoints.restore_optimiser(learner.optimiser, _under(tensors, f"{name}.adam."))
        self.generator.set_state(tensors["random.crops"])
        torch.set_rng_state(tensors["random.torch"])
        # A run that began on a processor has none for the GPU; what is drawn there begins with the seed then.
        if self.task.processes.device.type == "cuda" and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"], self.task.processes.device)

    def save(self) -> None:
        """Write a checkpoint, and the averaged weights apart."""
        checkpoint = Checkpoint(self.step, self.seconds, self.tensors(), self.config, self.task.notes)
        checkpoints.save(self.run.out, checkpoint)
        averaged.write(self.run.out / averaged.FILE, self.average.network, checkpoint)

    def keep(self, path: Path, psnr: float | None = None) -> None:
        """Write the averaged weights of this moment to a file of their own, with the PSNR that they have."""
        checkpoint = Checkpoint(self.step, self.seconds, {}, self.config, self.task.notes)
        averaged.write(path, self.average.network, checkpoint, psnr)

    def restore(self) -> None:
        """Read the checkpoint of the run's folder.

        Raises:
            TrainingError: There is none, or it was made for another network or with other settings.
        """
        found = checkpoints.load(self.run.out)
        _compare(found.config, self.config, self.run.out)
        try:
            self.put_back(found.tensors)
        except (RuntimeError, KeyError) as error:
            raise TrainingError(
                f"The checkpoint in {self.run.out} was made for another network: {str(error).splitlines()[0]}."
            ) from None
        self.task.notes.update(found.notes)
        self.step, self.seconds = found.step, found.seconds


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _compare(old: Mapping[str, Any], new: Mapping[str, Any], folder: Path) -> None:
    flat_old, flat_new = {**old, **old["plan"]}, {**new, **new["plan"]}
    # What another version did not know yet has its default in both.
    names = (flat_old.keys() & flat_new.keys()) - {"plan"} - CHANGEABLE
    # The method first: of another one every setting differs, and none of those differences is the reason.
    for name in sorted(names, key=lambda name: (name != "name", name)):
        was, now = json.dumps(flat_old[name]), json.dumps(flat_new[name])
        if was != now:
            raise TrainingError(
                f"The run in {folder} was started with {name} = {was}, not {now}. "
                "Resume it with the same settings, or start another with a new --out."
            )


def refuse_to_overwrite(folder: Path) -> None:
    """Raise TrainingError where `folder` holds a run already."""
    if (folder / checkpoints.INDEX).exists():
        raise TrainingError(f"{folder} already holds a run. Go on with --resume, or give another --out.")
