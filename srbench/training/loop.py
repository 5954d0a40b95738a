"""The training loop: schedule, averaging, validation, progress, signals and checkpoints around a family's step."""

from __future__ import annotations

import copy
import dataclasses
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import torch
from torch import Tensor, nn

from srbench.errors import TrainingError
from srbench.images import write_atomically
from srbench.training import averaged, checkpoints, loggers, runfile, throughput, validation
from srbench.training.patches import Batch
from srbench.training.progress import Display
from srbench.training.samples import Samples
from srbench.training.state import RunState, TrainingRun, refuse_to_overwrite
from srbench.training.task import TrainingTask, freeze_batch_norm
from srbench.training.validation import HeldOut

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


def train(task: TrainingTask, run: TrainingRun, draw: Draw, held: HeldOut | None = None) -> TrainingResult:
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
    if task.plan.batch // task.processes.size % task.plan.accumulate:
        raise TrainingError(
            f"The {task.plan.batch // task.processes.size} crops that each process has of a batch cannot be computed "
            f"in {task.plan.accumulate} equal parts. Change --batch or --accumulate."
        )

    def batch(generator: torch.Generator) -> Batch:
        return draw(task.plan.batch, generator, share).to(torch.channels_last)

    if run.resume:
        state.restore()
    else:
        refuse_to_overwrite(run.out)
    leads = task.processes.leads
    if leads and run.text:
        write_atomically(run.out / runfile.FILE, run.text.encode())
    names = task.plan.loggers if leads else []
    config = {"name": run.title, **dataclasses.asdict(task.plan)}
    taken_down = loggers.start_all(names, run.out, state.step, config)
    with _signals() as caught, Display(run.title, taken_down, run.quiet or not leads) as display:
        return _Session(state, batch, held or HeldOut(), display).go(caught)


class _Session:
    """One stretch of a run, from a start or a resumption to its end or a signal."""

    def __init__(
        self, state: RunState, batch: Callable[[torch.Generator], Batch], held: HeldOut, display: Display
    ) -> None:
        self.state, self.batch, self.held, self.display = state, batch, held, display
        self.task, self.plan, self.processes = state.task, state.task.plan, state.task.processes
        self.began = 0.0
        self.first = state.step
        self.after_first = 0.0
        self.frozen: bool | None = None
        self.validating = 0.0
        self.score: float | None = None
        self.best = averaged.best_psnr(state.run.out) if state.run.resume else None
        self.samples = Samples(self.task, held.pairs, state.run.out, self.plan.samples)

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
            if self.plan.keep_every and state.step % self.plan.keep_every == 0:
                self.keep(averaged.kept(state.run.out, state.step))
            if int(fraction * self.plan.validations) > int(before * self.plan.validations):
                self.validate(fraction)
            if time.monotonic() - saved > state.run.checkpoint_seconds:
                self.save()
                saved = time.monotonic()
        self.save()
        if fraction >= 1 and self.processes.leads:
            self.samples.finish()
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
            self.descend(self.batch(fresh), fraction)
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

    def descend(self, crops: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Take a step, computing the crops in as many parts as the plan says; return the last part's losses."""
        if self.plan.accumulate == 1:
            return self.task.step(crops, fraction)
        losses: Mapping[str, Tensor] = {}
        for part in crops.parts(self.plan.accumulate):
            losses = self.task.step(part, fraction)
        return losses

    def step(self, fraction: float) -> None:
        state, crops = self.state, self.batch(self.state.generator)
        self.task.done = state.step
        self.set_modes(fraction)
        if state.step == self.first + MEASURED and self.processes.leads:
            losses = self.measured(crops, fraction)
        else:
            losses = self.descend(crops, fraction)
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
            rate = next(iter(self.task.learners.values())).optimiser.param_groups[0]["lr"]
            self.display.update(state.step, fraction, left, shown, rate)

    def measured(self, crops: Batch, fraction: float) -> Mapping[str, Tensor]:
        """Take a step while counting its operations, and print the speed since the session's first step."""
        throughput.wait(self.processes.device)
        rate = (MEASURED - 1) / max(time.monotonic() - self.began - self.after_first, 1e-9)
        if self.plan.compiled(self.processes.device.type):  # what is compiled cannot be counted
            self.display.say(f"{rate:.2f} steps/s, compiled")
            return self.descend(crops, fraction)
        losses, operations = throughput.counted(lambda: self.descend(crops, fraction))
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
        if not (self.held.pairs and self.processes.leads):
            return
        allowed = VALIDATION_SHARE * self.state.seconds
        if fraction < 1 and self.validating > allowed:
            self.display.say(f"{fraction:6.1%}  validation left out: it has taken {self.validating:.0f} s so far")
            return
        with self.pause():
            since = time.monotonic()
            self.score = validation.psnr(self.task, self.state.average.network, self.held.pairs)
            pictures = self.samples.show(self.state.average.network, self.state.step, self.score)
            self.validating += time.monotonic() - since
            if self.best is None or self.score > self.best:
                self.best = self.score
                self.state.keep(self.state.run.out / averaged.BEST, self.score)
        self.display.record(self.state.step, {"validation PSNR": self.score})
        if pictures is not None:
            self.display.picture(self.state.step, "samples", pictures)
        beside = "" if self.held.bicubic is None else f" (bicubic {self.held.bicubic:.3f} dB)"
        self.display.say(f"{fraction:6.1%}  step {self.state.step}  validation {self.score:.3f} dB{beside}")

    def keep(self, path: Path) -> None:
        if self.processes.leads:
            with self.pause():
                self.state.keep(path)

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
