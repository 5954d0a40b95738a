"""Measures the most memory that one image takes: this process's, or the GPU's where a network runs there."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_INTERVAL_S = 0.01


def reset() -> None:
    """Forget the peaks so far."""
    gpu = _gpu()
    if gpu is not None:
        gpu.reset_peak_memory_stats()
    if not _kernel_forgets():
        _watch.start()


def peak_mb(path: str) -> float:
    """Return the peak since `reset` in megabytes.

    The processor's is the kernel's own high-water mark where it can be set back (Linux outside sandboxes), and else
    the largest of samples taken every 10 ms.

    Args:
        path: How the image was computed, as upscalers say it; `cuda ...` asks for the memory of the GPU.
    """
    gpu = _gpu()
    if gpu is not None and path.startswith("cuda"):
        return float(gpu.max_memory_allocated()) / 1e6
    return (_watch.peak() if _watch.running else _high_water()) / 1e6


def _kernel_forgets() -> bool:
    """Set the kernel's mark back, and say whether it did: sandboxes refuse, or take the order and do nothing."""
    try:
        before = _high_water()
        _CLEAR.write_text("5", encoding="ascii")
        # Where nothing was lower since the mark, nothing could have fallen and the mark is right as it is.
        return _high_water() < before or _resident() >= 0.98 * before
    except OSError:
        return False


def _high_water() -> float:
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024.0
    except (OSError, StopIteration):
        return _resident()


def _resident() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss)


class _Watch:
    """Samples this process's memory from a thread, where the kernel keeps no mark that can be set back."""

    def __init__(self) -> None:
        self._largest = 0.0
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None

    def start(self) -> None:
        self._largest = _resident()
        if self._thread is None:
            self._thread = threading.Thread(target=self._sample, name="srbench-memory", daemon=True)
            self._thread.start()

    def peak(self) -> float:
        self._largest = max(self._largest, _resident())
        return self._largest

    def _sample(self) -> None:
        pause = threading.Event()
        while not pause.wait(_INTERVAL_S):
            self.peak()


_watch = _Watch()


def _gpu() -> Any:
    # torch takes seconds to import, and what has not imported it has nothing on a GPU.
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_available() else None
