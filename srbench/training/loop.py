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
from srbench.training import averaged, checkpoints, throughput, validation
from srbench.training.checkpoints import Checkpoint
from srbench.training.patches import Batch
from srbench.training.progress import Display
from srbench.training.task import TrainingTask, freeze_batch_norm
from srbench.training.validation import Held

_SIGNALS = [getattr(signal, f"SIG{name}") for name in ("INT", "TERM", "HUP", "USR1") if hasattr(signal, f"SIG{name}")]
MEASURED = 20
"""The step of a session that is measured; those before it are warm by then."""

VALIDATION_SHARE = 0.1
"""Validation stays out while it has taken more than this share of the time of training, but for the last one."""

CHANGEABLE = {"steps", "minutes", "start", "compile", "precision", "validations", "data"}
"""What may be different when a run goes on: its length, how it is computed, and where its photographs lie now."""

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

    def __init__(self, task: TrainingTask, run: Run) -> None:
        self.task, self.run = task, run
        self.average = Average(task.network, task.plan.ema)
        self.generator = torch.Generator().manual_seed(task.plan.seed + 1)
        self.step, self.seconds = 0, 0.0

    @property
    def config(self) -> dict[str, Any]:
        return {"plan": dataclasses.asdict(self.task.plan), **self.run.config}

    def tensors(self) -> dict[str, Tensor]:
        tensors: dict[str, Tensor] = {f"average.{k}": v for k, v in self.average.network.state_dict().items()}
        for name, learner in self.task.learners.items():
            tensors |= {f"{name}.network.{k}": v for k, v in learner.network.state_dict().items()}
            tensors |= {f"{name}.adam.{k}": v for k, v in checkpoints.optimiser_tensors(learner.optimiser).items()}
        tensors |= {"random.crops": self.generator.get_state(), "random.torch": torch.get_rng_state()}
        if self.task.processes.device.type == "cuda":
            tensors["random.cuda"] = torch.cuda.get_rng_state(self.task.processes.device)
        return tensors

    def put_back(self, tensors: Mapping[str, Tensor]) -> None:
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
        checkpoint = Checkpoint(self.step, self.seconds, self.tensors(), self.config, self.task.notes)
        checkpoints.save(self.run.out, checkpoint)
        averaged.write(self.run.out / averaged.FILE, self.average.network, checkpoint)

    def restore(self) -> None:
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


def train(task: TrainingTask, run: Run, draw: Draw, held: Sequence[Held] = ()) -> TrainingResult:
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
    share = task.processes.share(task.plan.batch)

    def batch(generator: torch.Generator) -> Batch:
        return draw(task.plan.batch, generator, share).to(torch.channels_last)

    if run.resume:
        state.restore()
    else:
        _refuse_to_overwrite(run.out)
    leads = task.processes.leads
    board = run.out / "tensorboard" if leads else None
    with _signals() as caught, Display(run.title, board, state.step, run.quiet or not leads) as display:
        return _Session(state, batch, held, display).go(caught)


class _Session:
    """One stretch of a run, from a start or a resumption to its end or a signal."""

    def __init__(
        self, state: _State, batch: Callable[[torch.Generator], Batch], held: Sequence[Held], display: Display
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


def _refuse_to_overwrite(folder: Path) -> None:
    if (folder / checkpoints.INDEX).exists():
        raise TrainingError(f"{folder} already holds a run. Go on with --resume, or give another --out.")
