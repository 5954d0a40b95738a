"""Runs a network's stages on one device in one precision."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import torch
from torch import Tensor, nn

from srbench.errors import MethodError
from srbench.inference import tiles
from srbench.inference.tiles import Stage
from srbench.registry import Setup


class Engine:
    """A network made ready: float32 tensors in, float32 tensors out, on the CPU.

    On the CPU `fast` computes in fp32 and `bf16` with weights and activations in bfloat16; on CUDA both run
    under autocast, `fast` in fp16 and `bf16` in bfloat16. `exact` is always plain fp32 without TF32.
    How many threads torch uses is left to the process: the bench gives each of its workers one.

    Args:
        network: Holds all parameters that the stages use; it is converted and moved in place.
        stages: What to compute, in order.
        setup: Device and precision.
        tricks: How the stages differ from the published network, for `path`.

    Attributes:
        path: The way of computing, such as `cpu fp32 folded+tail strips`.

    Raises:
        MethodError: The device is not there.
    """

    def __init__(self, network: nn.Module, stages: Sequence[Stage], setup: Setup, tricks: str) -> None:
        if setup.device == "cuda" and not torch.cuda.is_available():
            raise MethodError("Device 'cuda' was asked for, but torch finds no usable one. Use --device cpu.")
        self.device = torch.device(setup.device)
        self.exact = setup.precision == "exact"
        self.half = _half(setup)
        self.stages = list(stages)
        if setup.device == "cuda":
            self.stages = [sized(stage, free_memory(self.device)) for stage in stages]
        self.dtype = torch.bfloat16 if setup.device == "cpu" and setup.precision == "bf16" else torch.float32
        self.layout = torch.contiguous_format if self.exact else torch.channels_last
        network.requires_grad_(False).eval().to(self.device, self.dtype)
        if not self.exact:
            network.to(memory_format=torch.channels_last)
        name = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}[self.half or self.dtype]
        self.path = f"{setup.device} {name} {tricks}"

    def __call__(self, image: Tensor) -> Tensor:
        """Return what the stages make of an (N, C, H, W) float32 tensor."""
        with torch.inference_mode(), self._numbers():
            image = image.to(self.device, self.dtype).contiguous(memory_format=self.layout)
            for stage in self.stages:
                image = tiles.run(stage, image)
            return image.float().cpu()

    def _numbers(self) -> AbstractContextManager[object]:
        if self.half is not None:
            return torch.autocast(self.device.type, self.half)
        if self.device.type == "cuda":
            return torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        return nullcontext()


MEMORY_SHARE = 0.5
"""Share of a GPU's free memory that a stage may take; the rest is for what its convolutions need besides."""


def sized(stage: Stage, free: int) -> Stage:
    """Return `stage` with pieces for a GPU with so many bytes free; one that says nothing of its memory stays."""
    if not stage.floats:
        return stage
    return replace(stage, pixels=max(stage.pixels, int(MEMORY_SHARE * free) // (4 * stage.floats)))


def free_memory(device: torch.device) -> int:
    """Return the bytes that are free on a GPU."""
    return int(torch.cuda.mem_get_info(device)[0])


def _half(setup: Setup) -> torch.dtype | None:
    """Return the type that autocast computes in, or None where there is no autocast."""
    if setup.device == "cpu" or setup.precision == "exact":
        return None
    return torch.bfloat16 if setup.precision == "bf16" else torch.float16
