"""Data-parallel training with torchrun: each process takes its share of every batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from srbench.errors import TrainingError, unknown


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """The processes that train together; one process alone is a group, too.

    Attributes:
        rank: Number of this process, 0 for the one that writes.
        size: Number of processes.
        device: What this process computes on.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes checkpoints and shows progress."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """Return which of the `count` crops of a batch are this process's.

        Raises:
            TrainingError: They cannot be shared out equally.
        """
        if count % self.size:
            raise TrainingError(f"A batch of {count} cannot be shared by {self.size} processes. Change --batch.")
        return slice(self.rank, None, self.size)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over the group, which is the gradient of the joined batch."""
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in gradients])
        dist.all_reduce(flat)
        flat /= self.size
        means = torch.split(flat, [g.numel() for g in gradients])
        for gradient, mean in zip(gradients, means, strict=True):
            gradient.copy_(mean.view(gradient.shape))

    def agree(self, value: float) -> float:
        """Return rank 0's `value` to all, so that what is measured cannot drive the processes apart."""
        if self.size == 1:
            return value
        number = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(number, 0)
        return float(number[0])

    def clock(self, seconds: float, stop: bool) -> tuple[float, bool]:
        """Return rank 0's clock and whether any process was told to stop, the same to all.

        It is one exchange between the processors: asking the GPU would make each step wait for the one before.
        """
        if self.size == 1:
            return seconds, stop
        both = torch.tensor([seconds if self.leads else 0.0, float(stop)], dtype=torch.float64)
        dist.all_reduce(both)
        return float(both[0]), bool(both[1])

    def copy_from_leader(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite `tensors` with rank 0's."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor, 0)


def join(device: str) -> ProcessGroup:
    """Join the processes torchrun has started, or be alone.

    Args:
        device: `auto`, `cpu` or `cuda`.

    Raises:
        TrainingError: Another device is wanted, or `cuda` and there is none.
    """
    cuda = torch.cuda.is_available()
    if device not in {"auto", "cpu", "cuda"}:
        raise TrainingError(unknown("device", device, ("auto", "cpu", "cuda")))
    if device == "cuda" and not cuda:
        raise TrainingError("No CUDA device was found. Use --device cpu, or install PyTorch with CUDA.")
    kind = ("cuda" if cuda else "cpu") if device == "auto" else device
    size = int(os.environ.get("WORLD_SIZE", "1"))
    local = torch.device(kind, int(os.environ.get("LOCAL_RANK", "0"))) if kind == "cuda" else torch.device(kind)
    if kind == "cuda":
        torch.cuda.set_device(local)
    if size > 1 and not dist.is_initialized():
        dist.init_process_group("cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo")
    return ProcessGroup(int(os.environ.get("RANK", "0")), size, local)


@contextmanager
def joined(device: str) -> Iterator[ProcessGroup]:
    """Join the processes torchrun has started, as `join` does, and leave them at the end.

    Within another such context nothing is left: the jobs of a queue are trained by the same processes.
    """
    already = dist.is_initialized()
    processes = join(device)
    try:
        yield processes
    finally:
        if dist.is_initialized() and not already:
            dist.destroy_process_group()
