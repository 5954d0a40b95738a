"""Relates the speed of a run to what the device can do at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

Result = TypeVar("Result")

_ENOUGH = 8192  # pixels that keep a processor busy


def counted(step: Callable[[], Result]) -> tuple[Result, float]:
    """Call `step`; return its result and the operations of its convolutions and matrix products."""
    with FlopCounterMode(display=False) as counter:
        result = step()
    return result, float(counter.get_total_flops())


def convolution_peak(device: torch.device, dtype: torch.dtype, seconds: float = 0.5) -> float:
    """Measure the fastest 3x3 convolution with 64 channels, in operations a second, as a roof for networks."""
    with torch.random.fork_rng(devices=[]):  # measuring must not shift the random numbers of the run
        convolution = nn.Conv2d(64, 64, 3, padding=1).to(device, dtype).to(memory_format=torch.channels_last)
    size = 64 if device.type == "cpu" else 256
    image = torch.zeros(8, 64, size, size, device=device, dtype=dtype).to(memory_format=torch.channels_last)
    best, until = float("inf"), time.perf_counter() + seconds
    with torch.inference_mode():
        while time.perf_counter() < until:
            wait(device)
            start = time.perf_counter()
            for _ in range(4):
                convolution(image)
            wait(device)
            best = min(best, (time.perf_counter() - start) / 4)
    return 2.0 * 8 * size * size * 64 * 64 * 9 / best


def layer_seconds(
    device: torch.device, context: AbstractContextManager[object], batch: int, side: int, seconds: float = 0.15
) -> float:
    """Measure eight 3x3 convolutions with 64 channels and their activations, forward and back, in seconds.

    Args:
        device: What computes.
        context: In which precision.
        batch: Images that go through them together; processors, whose time is proportional to it, take fewer.
        side: Height and width of these.
        seconds: For how long it is repeated at least, after a first time that warms up.
    """
    count = batch if device.type == "cuda" else max(1, min(batch, _ENOUGH // side**2))
    with torch.random.fork_rng(devices=[]):
        stack = nn.Sequential(*[part for _ in range(8) for part in (nn.Conv2d(64, 64, 3, padding=1), nn.PReLU())])
    stack.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload] # torch takes both
    image = torch.zeros(count, 64, side, side, device=device).to(memory_format=torch.channels_last)

    def once() -> None:
        with context:
            loss = stack(image).sum()
        loss.backward()
        wait(device)

    once()
    began, times = time.perf_counter(), 0
    while True:
        once()
        times += 1
        spent = time.perf_counter() - began
        if spent >= seconds:
            return spent / times


def wait(device: torch.device) -> None:
    """Wait until a GPU has done what it was given; processors have done it when they return."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
