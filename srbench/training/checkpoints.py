"""Checkpoints: everything a run needs to go on as if it had never stopped, complete or absent, never half."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from srbench.errors import TrainingError
from srbench.images import write_atomically

FORMAT = 1
INDEX = "checkpoint.json"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a run between two steps.

    Attributes:
        step: Steps that are done.
        seconds: Time they took, over all sessions of the run.
        tensors: Networks, optimisers, averaged weights and random generators, by name.
        config: What the run was started with; a run can only go on with the same.
        notes: Further facts that belong to the run, such as the measured content weight.
    """

    step: int
    seconds: float
    tensors: Mapping[str, Tensor]
    config: Mapping[str, Any]
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fraction(self) -> float:
        """How much of the run is over, 0..1."""
        plan = self.config["plan"]
        if plan["steps"] is not None:
            return min(1.0, self.step / int(plan["steps"]))
        return min(1.0, self.seconds / (60 * float(plan["minutes"])))


def save(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write `checkpoint` into `folder` and remove the one before the last.

    The tensors get a new file, and the index that names it is replaced last: a crash at any moment leaves the
    old checkpoint or the new one.

    Raises:
        TrainingError: A tensor is not finite, or the disk is full or gone; the checkpoint before stays.
    """
    tensors = on_cpu(checkpoint.tensors)
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise TrainingError(
                f"'{name}' holds values that are not finite after step {checkpoint.step}; nothing was written. "
                f"{last_good(folder)} Lower --rate."
            )
    data = save_tensors(tensors)
    path = folder / f"checkpoint-{checkpoint.step:09d}.safetensors"
    index = {
        "format": FORMAT,
        "tensors": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "step": checkpoint.step,
        "seconds": checkpoint.seconds,
        "config": dict(checkpoint.config),
        "notes": dict(checkpoint.notes),
    }
    try:
        write_atomically(path, data)
        write_atomically(folder / INDEX, (json.dumps(index, indent=2) + "\n").encode())
        for old in sorted(folder.glob("checkpoint-*.safetensors"))[:-2]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise TrainingError(
            f"Cannot write the checkpoint of step {checkpoint.step} to {folder}: {error.strerror or error}. "
            f"{last_good(folder)}"
        ) from None
    return path


def load(folder: Path) -> Checkpoint:
    """Read the checkpoint in `folder`.

    Raises:
        TrainingError: There is none, or it is damaged.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        if index["format"] != FORMAT:
            raise TrainingError(f"{folder / INDEX} has format {index['format']}; this srbench reads format {FORMAT}.")
        data = (folder / index["tensors"]).read_bytes()
        step, seconds, config = int(index["step"]), float(index["seconds"]), dict(index["config"])
    except FileNotFoundError:
        raise TrainingError(f"Found no complete checkpoint in {folder}. Start without --resume.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"The checkpoint in {folder} cannot be read: {error}. Start without --resume.") from None
    if hashlib.sha256(data).hexdigest() != index["sha256"]:
        raise TrainingError(
            f"{folder / index['tensors']} is damaged: its checksum is not the one in {INDEX}. "
            "Restore it, or start without --resume."
        )
    return Checkpoint(step, seconds, load_tensors(data), config, dict(index.get("notes", {})))


def file_of(folder: Path) -> Path:
    """Return the file with the tensors of the checkpoint in `folder`.

    Raises:
        TrainingError: There is none.
    """
    try:
        return folder / str(json.loads((folder / INDEX).read_text(encoding="utf-8"))["tensors"])
    except (OSError, ValueError, KeyError):
        raise TrainingError(f"Found no complete checkpoint in {folder}.") from None


def on_cpu(tensors: Mapping[str, Tensor], copies: bool = False) -> dict[str, Tensor]:
    """Return all `tensors` contiguous on the CPU, having waited for a GPU only once.

    Args:
        tensors: By name.
        copies: Copy those that are on the CPU already, too.
    """
    moved = {n: t.detach().to("cpu", non_blocking=t.is_cuda, copy=copies) for n, t in tensors.items()}
    if any(tensor.is_cuda for tensor in tensors.values()):
        torch.cuda.synchronize()
    return {name: tensor.contiguous() for name, tensor in moved.items()}


def last_good(folder: Path) -> str:
    """Return the sentence that tells where training can go on."""
    try:
        step = json.loads((folder / INDEX).read_text(encoding="utf-8"))["step"]
    except (OSError, ValueError, KeyError):
        return "There is no earlier checkpoint that can be read."
    return f"The last good checkpoint is step {step} in {folder}; go on from it with --resume."


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return an optimiser's state as tensors by name; learning rates follow the schedule and are left out."""
    state = optimiser.state_dict()["state"]
    return {f"{index}.{key}": torch.as_tensor(value) for index, row in state.items() for key, value in row.items()}


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimiser_tensors` returned, wherever the parameters lie now and in their memory layout.

    Checkpoints lie on the CPU; the run may have been on another device and may go on on another.
    """
    optimiser.state.clear()
    for group, first in _numbered(optimiser.param_groups):
        for index, parameter in enumerate(group["params"], start=first):
            prefix = f"{index}."
            state = {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
            if state:
                optimiser.state[parameter] = {key: _placed(t, key, parameter, group) for key, t in state.items()}


def _numbered(groups: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], int]]:
    first = 0
    for group in groups:
        yield group, first
        first += len(group["params"])


def _placed(tensor: Tensor, key: str, parameter: Tensor, group: Mapping[str, Any]) -> Tensor:
    if key == "step":
        # torch counts steps on the CPU, except where its kernels read the count themselves.
        on_device = group.get("fused") or group.get("capturable")
        return tensor.to(parameter.device if on_device else "cpu", copy=True)
    if tensor.shape == parameter.shape:
        return torch.empty_like(parameter).copy_(tensor)
    return tensor.to(parameter.device, copy=True)
