"""The training loop: schedule, averaging, validation, progress, signals and checkpoints around a family's step."""

from __future__ import annotations

import copy
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import torch
from torch import Tensor, nn

from srbench.errors import TrainingError
from srbench.training import checkpoints, throughput, validation
from srbench.training.patches import Batch
from srbench.training.progress import Display
from srbench.training.state import RunState, TrainingRun, refuse_to_overwrite
from srbench.training.task import TrainingTask, freeze_batch_norm
from srbench.training.validation import Held

_SIGNALS = [getattr(signal, f"SIG{name}") for name in ("INT", "TERM", "HUP", "USR1") if hasattr(signal, f"SIG{name}")]
MEASURED = 20
"""The step of a session that is measured; those before it are warm by then."""

VALIDATION_SHARE = 0.1
"""Validation stays out while it has taken more than this share of the time of training, but for the last one."""


Draw = Callable[[int, torch.Generator, slice], Batch]


@dataclass(frozen=True, slots=True)
class TrainingResult:
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


def train(task: TrainingTask, run: TrainingRun, draw: Draw, held: Sequence[Held] = ()) -> TrainingResult:
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
    state = RunState(task, run)
    share = task.processes.share(task.plan.batch)

    def batch(generator: torch.Generator) -> Batch:
        return draw(task.plan.batch, generator, share).to(torch.channels_last)

    if run.resume:
        state.restore()
    else:
        refuse_to_overwrite(run.out)
    leads = task.processes.leads
    board = run.out / "tensorboard" if leads else None
    with _signals() as caught, Display(run.title, board, state.step, run.quiet or not leads) as display:
        return _Session(state, batch, held, display).go(caught)


class _Session:
    """One stretch of a run, from a start or a resumption to its end or a signal."""

    def __init__(
        self, state: RunState, batch: Callable[[torch.Generator], Batch], held: Sequence[Held], display: Display
    ) -> None:
        self.state, self.batch, self.held, self.display = state, batch, held, display
        self.task, self.plan, self.processes = state.task, state.task.plan, state.task.processes
        self.began = 0.0
        self.first = state.step
        self.after_first = 0.0
        self.frozen: bool | None = None
        self.validating = 0.0
        self.score: float | None = None

    def go(self, caught: list[str]) -> TrainingResult:
        state = self.state
        for name, value in self.task.notes.items():
            self.display.say(f"{name}: {value}")
        self.warm_up()
        self.began, saved = time.monotonic() - state.seconds, time.monotonic()
        fraction, stopped = self.agree(caught)
        while fraction < 1 and not stopped:
            self.step(fraction)
            before = fraction
            fraction, stopped = self.agree(caught)
            if int(fraction * self.plan.validations) > int(before * self.plan.validations):
                self.validate(fraction)
            if time.monotonic() - saved > state.run.checkpoint_seconds:
                self.save()
                saved = time.monotonic()
        self.save()
        return TrainingResult(
            state.step, state.seconds, self.score, caught[0] if caught else None, state.average.network
        )

    def agree(self, caught: Sequence[str]) -> tuple[float, bool]:
        """Return how much of the run is over, by its steps or by rank 0's clock, and whether it was told to stop."""
        self.state.seconds, stopped = self.processes.clock(self.state.seconds, bool(caught))
        if self.plan.steps is not None:
            return self.state.step / self.plan.steps, stopped
        return min(1.0, self.state.seconds / (60 * (self.plan.minutes or 1.0))), stopped

    def warm_up(self) -> None:
        """Take each kind of step once where networks are compiled, and undo it, so that no minute is lost to that."""
        if not self.plan.compiled(self.processes.device.type):
            return
        variants = self.task.variants()
        self.display.say(f"compiling for {len(variants)} kinds of steps; the clock waits")
        kept, notes = checkpoints.on_cpu(self.state.tensors(), copies=True), copy.deepcopy(self.task.notes)
        fresh = torch.Generator().manual_seed(self.plan.seed + 2)
        for self.task.done, fraction in variants:
            self.set_modes(fraction)
            self.task.step(self.batch(fresh), fraction)
        self.state.put_back(kept)
        self.task.notes.clear()
        self.task.notes.update(notes)

    def set_modes(self, fraction: float) -> None:
        """Set the networks to training when a session begins, and the shipped one anew when its statistics freeze."""
        frozen = fraction >= self.plan.freeze_bn
        if frozen == self.frozen:
            return
        for learner in self.task.learners.values():
            freeze_batch_norm(learner.network, frozen and learner.network is self.task.network)
        self.frozen = frozen

    def step(self, fraction: float) -> None:
        state, crops = self.state, self.batch(self.state.generator)
        self.task.done = state.step
        self.set_modes(fraction)
        if state.step == self.first + MEASURED and self.processes.leads:
            losses = self.measured(crops, fraction)
        else:
            losses = self.task.step(crops, fraction)
        state.step += 1
        state.average.update(state.step)
        if state.step == self.first + 1:
            throughput.wait(self.processes.device)
            self.after_first = time.monotonic() - self.began
        state.seconds = time.monotonic() - self.began
        # Reading a loss waits for the GPU, so there it is read now and then only.
        if self.processes.device.type == "cpu" or state.step % 50 == 0:
            shown = read_losses(losses)
            self.check(shown)
            left = state.seconds * (1 - fraction) / max(fraction, 1e-9)
            self.display.update(state.step, fraction, left, shown)

    def measured(self, crops: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Take a step while counting its operations, and print the speed since the session's first step."""
        throughput.wait(self.processes.device)
        rate = (MEASURED - 1) / max(time.monotonic() - self.began - self.after_first, 1e-9)
        if self.plan.compiled(self.processes.device.type):  # what is compiled cannot be counted
            self.display.say(f"{rate:.2f} steps/s, compiled")
            return self.task.step(crops, fraction)
        losses, operations = throughput.counted(lambda: self.task.step(crops, fraction))
        dtype = torch.bfloat16 if self.plan.precision == "bf16" else torch.float32
        with self.pause():
            peak = throughput.convolution_peak(self.processes.device, dtype)
        self.display.say(
            f"{rate:.2f} steps/s, {rate * operations / 1e9:.0f} GFLOP/s in convolutions and matrix products: "
            f"{rate * operations / peak:.0%} of this device's convolution peak ({peak / 1e9:.0f} GFLOP/s, {dtype})"
        )
        return losses

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Stop the clock meanwhile: the minutes of a run are minutes of training."""
        throughput.wait(self.processes.device)
        since = time.monotonic()
        self.state.seconds = since - self.began
        yield
        self.began += time.monotonic() - since

    def check(self, losses: Mapping[str, float]) -> None:
        for name, value in losses.items():
            if not math.isfinite(value):
                raise TrainingError(
                    f"The loss '{name}' is {value} in step {self.state.step}. "
                    f"{checkpoints.last_good(self.state.run.out)} Lower --rate, or use --precision fp32."
                )

    def validate(self, fraction: float) -> None:
        if not (self.held and self.processes.leads):
            return
        allowed = VALIDATION_SHARE * self.state.seconds
        if fraction < 1 and self.validating > allowed:
            self.display.say(f"{fraction:6.1%}  validation left out: it has taken {self.validating:.0f} s so far")
            return
        with self.pause():
            since = time.monotonic()
            self.score = validation.psnr(self.task, self.state.average.network, self.held)
            self.validating += time.monotonic() - since
        self.display.record(self.state.step, {"validation PSNR": self.score})
        self.display.say(f"{fraction:6.1%}  step {self.state.step}  validation {self.score:.3f} dB")

    def save(self) -> None:
        with self.pause():
            if self.processes.leads:
                self.state.save()


def read_losses(losses: Mapping[str, Tensor]) -> dict[str, float]:
    """Return the losses as numbers, having waited for a GPU only once."""
    return dict(zip(losses, torch.stack([loss.float() for loss in losses.values()]).tolist(), strict=True))


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
