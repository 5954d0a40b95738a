"""Chooses where networks run, without importing torch on machines that have no GPU."""

from __future__ import annotations

from pathlib import Path

from srbench.errors import MethodError
from srbench.registry import Setup

PRECISIONS = ("fast", "bf16", "exact")


def choose(scale: int, device: str, precision: str) -> Setup:
    """Return the setup for `device` (`auto`, `cpu`, `cuda`) and `precision`.

    Raises:
        MethodError: One of them is unknown, or CUDA was asked for and there is none.
    """
    if precision not in PRECISIONS:
        raise MethodError(f"Unknown precision '{precision}'. Known: {', '.join(PRECISIONS)}.")
    if device not in ("auto", "cpu", "cuda"):
        raise MethodError(f"Unknown device '{device}'. Known: auto, cpu, cuda.")
    if device == "cpu":
        return Setup(scale, "cpu", precision)
    reason = cuda_why_not()
    if device == "cuda" and reason:
        raise MethodError(f"Device 'cuda' was asked for, but {reason}. Use --device cpu.")
    return Setup(scale, "cpu" if reason else "cuda", precision)


def cuda_why_not() -> str | None:
    """Return why CUDA cannot be used, or None when it can."""
    if not any(Path(place).exists() for place in ("/dev/nvidia0", "/dev/dxg", "/proc/driver/nvidia/version")):
        return "this machine has no NVIDIA device"
    try:
        import torch
    except ImportError:
        return "torch is not installed"
    return None if torch.cuda.is_available() else "torch finds no usable CUDA device"
