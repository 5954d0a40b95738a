"""In how many bits networks compute while they are trained."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from srbench.training import throughput


def context(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Return the context in which networks compute: autocast to bfloat16 for `bf16`, plain 32 bits otherwise."""
    if precision == "bf16":
        return torch.autocast(device.type, torch.bfloat16)
    return full(device)


def searching(device: torch.device) -> AbstractContextManager[Any]:
    """Return a context in which cuDNN searches for the fastest algorithm of each convolution.

    Crops have one size throughout a run, so that what is found in its first step serves all others.
    """
    if device.type == "cuda":
        return torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=True)  # type: ignore[no-any-return]
    return nullcontext()


def full(device: torch.device) -> AbstractContextManager[Any]:
    """Return a context in which 32 bits stay 32 bits, also inside of another that takes 16."""
    if torch.amp.is_autocast_available(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


def choose(device: torch.device, wanted: str) -> tuple[str, str]:
    """Return `bf16` or `fp32`, and the sentence that says why; only `auto` is measured.

    Processors without instructions for 16 bits take several times as long with them as with 32.
    """
    if wanted != "auto":
        return wanted, ""
    speeds = [throughput.convolution_peak(device, dtype, 0.15) for dtype in (torch.bfloat16, torch.float32)]
    found = "bf16" if speeds[0] > speeds[1] else "fp32"
    return found, f"{found}: convolutions take {speeds[0] / 1e9:.0f} GFLOP/s in 16 bits, {speeds[1] / 1e9:.0f} in 32"
