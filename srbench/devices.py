"""Chooses where networks run, without importing torch on machines that have no GPU."""

from __future__ import annotations

from pathlib import Path

from srbench.errors import MethodError


def choose(device: str) -> str:
    """Return `cpu` or `cuda` for `auto`, `cpu` or `cuda`.

    Raises:
        MethodError: It is none of them, or CUDA was asked for and there is none.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise MethodError(f"Unknown device '{device}'. Known: auto, cpu, cuda.")
    if device == "cpu":
        return "cpu"
    reason = cuda_why_not()
    if device == "cuda" and reason:
        raise MethodError(f"Device 'cuda' was asked for, but {reason}. Use --device cpu.")
    return "cpu" if reason else "cuda"


def cuda_why_not() -> str | None:
    """Return why CUDA cannot be used, or None when it can."""
    if not any(Path(place).exists() for place in ("/dev/nvidia0", "/dev/dxg", "/proc/driver/nvidia/version")):
        return "this machine has no NVIDIA device"
    try:
        import torch
    except ImportError:
        return "torch is not installed"
    return None if torch.cuda.is_available() else "torch finds no usable CUDA device"
