"""Measures the most memory that one image takes: this process's, or the GPU's where a network runs there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def reset() -> None:
    """Forget the peaks so far."""
    gpu = _gpu()
    if gpu is not None:
        gpu.reset_peak_memory_stats()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return  # not Linux, or not allowed: the peak is then that of the whole process


def peak_mb(path: str) -> float:
    """Return the peak since `reset` in megabytes.

    Args:
        path: How the image was computed, as upscalers say it; `cuda ...` asks for the memory of the GPU.
    """
    gpu = _gpu()
    if gpu is not None and path.startswith("cuda"):
        return float(gpu.max_memory_allocated()) / 1e6
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    except (OSError, StopIteration):
        import psutil

        return float(psutil.Process().memory_info().rss) / 1e6


def _gpu() -> Any:
    # torch takes seconds to import, and what has not imported it has nothing on a GPU.
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None
