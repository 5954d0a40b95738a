"""The training loop: schedule, averaging, validation, progress, signals and checkpoints around a family's step."""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from srbench.errors import TrainingError
from srbench.training import checkpoints, throughput, validation
from srbench.training.checkpoints import Checkpoint
from srbench.training.patches import Batch
from srbench.training.plan import Task, freeze_batch_norm
from srbench.training.progress import Display
from srbench.training.validation import Held

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
Draw = Callable[[int, torch.Generator, slice], Batch]


@dataclass(frozen=True, slots=True)
class Run:
    """Where a run writes and how it is watched.

    Attributes:
        out: Folder of checkpoints and curves.
        title: Name of what is trained.
        resume: Go on from the checkpoint in `out`.
        checkpoint_seconds: Time between checkpoints.
        config: What a resumed run must agree with, beside the plan: data, features and the like.
        quiet: Show nothing.
    """

    out: Path
    title: str
    resume: bool = False
    checkpoint_seconds: float = 60.0
    config: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a session of a run ended.

    Attributes:
        step: Steps that are done.
        seconds: Time they took, over all sessions.
        psnr: Last validation in dB; None without held-out photographs.
        stopped_by: Name of the signal that stopped it, None when the run is complete.
        network: The averaged network.
    """

    step: int
    seconds: float
    psnr: float | None
    stopped_by: str | None
    network: nn.Module


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


class _State:
    """All that changes while a run goes on, and how it is written down and read back."""

    def __init__(self, task: Task, run: Run) -> None:
        self.task, self.run = task, run
        self.average = Average(task.network, task.plan.ema)
        self.generator = torch.Generator().manual_seed(task.plan.seed + 1)
        self.step, self.seconds = 0, 0.0

    @property
    def config(self) -> dict[str, Any]:
        return {"plan": dataclasses.asdict(self.task.plan), **self.run.config}

    def save(self) -> None:
        tensors: dict[str, Tensor] = {f"average.{k}": v for k, v in self.average.network.state_dict().items()}
        for name, player in self.task.players.items():
            tensors |= {f"{name}.network.{k}": v for k, v in player.network.state_dict().items()}
            tensors |= {f"{name}.adam.{k}": v for k, v in checkpoints.optimiser_tensors(player.optimiser).items()}
        tensors |= {"random.crops": self.generator.get_state(), "random.torch": torch.get_rng_state()}
        checkpoints.save(self.run.out, Checkpoint(self.step, self.seconds, tensors, self.config, self.task.notes))

    def restore(self) -> None:
        found = checkpoints.load(self.run.out)
        _compare(found.config, self.config, self.run.out)
        try:
            self.average.network.load_state_dict(_under(found.tensors, "average."))
            for name, player in self.task.players.items():
                player.network.load_state_dict(_under(found.tensors, f"{name}.network."))
                checkpoints.restore_optimiser(player.optimiser, _under(found.tensors, f"{name}.adam."))
            self.generator.set_state(found.tensors["random.crops"])
            torch.set_rng_state(found.tensors["random.torch"])
        except (RuntimeError, KeyError) as error:
            raise TrainingError(
                f"The checkpoint in {self.run.out} was made for another network: {str(error).splitlines()[0]}."
            ) from None
        self.task.notes.update(found.notes)
        self.step, self.seconds = found.step, found.seconds


def train(task: Task, run: Run, draw: Draw, held: Sequence[Held] = ()) -> Outcome:
    """Train until the plan is fulfilled or a signal comes; in both cases a complete checkpoint is left.

    Args:
        task: What learns.
        run: Where to write.
        draw: Draws a share of a batch of random crops.
        held: Photographs for validation.

    Raises:
        TrainingError: A loss is not finite, or a checkpoint cannot be read or written.
    """
    task.plan.check()
    state = _State(task, run)
    share = task.team.share(task.plan.batch)

    def batch() -> Batch:
        return draw(task.plan.batch, state.generator, share)

    if run.resume:
        state.restore()
    else:
        _refuse_to_overwrite(run.out)
    leads = task.team.leads
    board = run.out / "tensorboard" if leads else None
    with _signals() as caught, Display(run.title, board, state.step, run.quiet or not leads) as display:
        return _Session(state, batch, held, display).go(caught)


class _Session:
    """One stretch of a run, from a start or a resumption to its end or a signal."""

    def __init__(self, state: _State, batch: Callable[[], Batch], held: Sequence[Held], display: Display) -> None:
        self.state, self.batch, self.held, self.display = state, batch, held, display
        self.task, self.plan, self.team = state.task, state.task.plan, state.task.team
        self.began = time.monotonic() - state.seconds
        self.first = state.step
        self.after_first = 0.0
        self.score: float | None = None

    def go(self, caught: list[str]) -> Outcome:
        state, saved = self.state, time.monotonic()
        for name, value in self.task.notes.items():
            self.display.say(f"{name}: {value}")
        fraction = self.fraction()
        while fraction < 1 and not self.team.any(bool(caught)):
            self.step(fraction)
            before, fraction = fraction, self.fraction()
            if int(fraction * self.plan.validations) > int(before * self.plan.validations):
                self.validate(fraction)
            if time.monotonic() - saved > state.run.checkpoint_seconds:
                self.save()
                saved = time.monotonic()
        self.save()
        return Outcome(state.step, state.seconds, self.score, caught[0] if caught else None, state.average.network)

    def fraction(self) -> float:
        """Return how much of the run is over, by its steps or by rank 0's clock."""
        if self.plan.steps is not None:
            return self.state.step / self.plan.steps
        return min(1.0, self.team.agree(self.state.seconds) / (60 * (self.plan.minutes or 1.0)))

    def step(self, fraction: float) -> None:
        state, crops = self.state, self.batch()
        self.task.done = state.step
        for player in self.task.players.values():
            freeze_batch_norm(player.network, player is self.shipped and fraction >= self.plan.freeze_bn)
        if state.step == self.first + 20 and self.team.leads:
            losses = self.measured(crops, fraction)
        else:
            losses = self.task.step(crops, fraction)
        state.step += 1
        state.average.update(state.step)
        state.seconds = time.monotonic() - self.began
        if state.step == self.first + 1:
            self.after_first = state.seconds
        # Reading a loss waits for the GPU, so there it is read now and then only.
        if self.team.device.type == "cpu" or state.step % 50 == 0:
            shown = {name: float(value) for name, value in losses.items()}
            self.check(shown)
            left = state.seconds * (1 - fraction) / max(fraction, 1e-9)
            self.display.update(state.step, fraction, left, shown)

    @property
    def shipped(self) -> object:
        return next(iter(self.task.players.values()))

    def measured(self, crops: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Take a step while counting its operations, and print the speed since the session's first step."""
        state = self.state
        rate = 19 / max(state.seconds - self.after_first, 1e-9)
        losses, operations = throughput.counted(lambda: self.task.step(crops, fraction))
        dtype = torch.bfloat16 if self.plan.precision == "bf16" else torch.float32
        peak = throughput.convolution_peak(self.team.device, dtype)
        self.display.say(
            f"{rate:.2f} steps/s, {rate * operations / 1e9:.0f} GFLOP/s in convolutions and matrix products: "
            f"{rate * operations / peak:.0%} of this device's convolution peak ({peak / 1e9:.0f} GFLOP/s, {dtype})"
        )
        return losses

    def check(self, losses: Mapping[str, float]) -> None:
        for name, value in losses.items():
            if not math.isfinite(value):
                raise TrainingError(
                    f"The loss '{name}' is {value} in step {self.state.step}. "
                    f"{checkpoints.last_good(self.state.run.out)} Lower --rate, or use --precision fp32."
                )

    def validate(self, fraction: float) -> None:
        if self.held and self.team.leads:
            self.score = validation.psnr(self.task, self.state.average.network, self.held)
            self.display.record(self.state.step, {"validation PSNR": self.score})
            self.display.say(f"{fraction:6.1%}  step {self.state.step}  validation {self.score:.3f} dB")

    def save(self) -> None:
        if self.team.leads:
            self.state.save()


@contextmanager
def _signals() -> Iterator[list[str]]:
    """Collect the names of signals that ask to stop, so that the step under way and its checkpoint are finished."""
    caught: list[str] = []

    def remember(number: int, _: FrameType | None) -> None:
        caught.append(signal.Signals(number).name)

    if threading.current_thread() is not threading.main_thread():  # only the main thread may receive signals
        yield caught
        return
    before = {number: signal.signal(number, remember) for number in _SIGNALS}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _compare(old: Mapping[str, Any], new: Mapping[str, Any], folder: Path) -> None:
    flat_old, flat_new = {**old, **old["plan"]}, {**new, **new["plan"]}
    names = (flat_old.keys() | flat_new.keys()) - {"plan"}
    # The method first: of another one every setting differs, and none of those differences is the reason.
    for name in sorted(names, key=lambda name: (name != "name", name)):
        was, now = json.dumps(flat_old.get(name)), json.dumps(flat_new.get(name))
        if was != now:
            raise TrainingError(
                f"The run in {folder} was started with {name} = {was}, not {now}. "
                "Resume it with the same settings, or start another with a new --out."
            )


def _refuse_to_overwrite(folder: Path) -> None:
    if (folder / checkpoints.INDEX).exists():
        raise TrainingError(f"{folder} already holds a run. Go on with --resume, or give another --out.")
