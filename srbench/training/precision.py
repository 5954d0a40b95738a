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
        return torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=True)
    return nullcontext()


def full(device: torch.device) -> AbstractContextManager[Any]:
    """Return a context in which 32 bits stay 32 bits, also inside of another that takes 16."""
    if torch.amp.is_autocast_available(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()


def choose(device: torch.device, wanted: str, batch: int = 8, side: int = 32) -> tuple[str, str]:
    """Return `bf16` or `fp32`, and the sentence that says why; only `auto` is measured.

    Processors without instructions for 16 bits take several times as long with them as with 32. GPUs multiply faster
    in 16 bits, but small networks leave them waiting for the host, which has a conversion more to launch at each layer.

    Args:
        device: What trains.
        wanted: `bf16`, `fp32` or `auto`.
        batch: Crops in a step.
        side: Their height and width inside of the network.
    """
    if wanted != "auto":
        return wanted, ""
    seconds = {name: throughput.layer_seconds(device, context(device, name), batch, side) for name in ("bf16", "fp32")}
    found = min(seconds, key=lambda name: seconds[name])
    in_16, in_32 = (1e3 * seconds[name] for name in ("bf16", "fp32"))
    return found, f"{found}: eight layers, forward and back, take {in_16:.2f} ms in 16 bits, {in_32:.2f} ms in 32"
