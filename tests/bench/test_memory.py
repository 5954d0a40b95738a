"""The memory and the seconds of an image are its own: not the GPU's neighbour's, and not the warm-up's."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from srbench.bench import memory, worker
from srbench.bench.luggage import Luggage
from srbench.registry import Setup


class FakeGpu:
    """Stands for `torch.cuda` where a network has taken 3 GB."""

    def __init__(self) -> None:
        self.peak = 9_000_000_000

    def is_available(self) -> bool:
        return True

    def reset_peak_memory_stats(self) -> None:
        self.peak = 3_000_000_000

    def max_memory_allocated(self) -> int:
        return self.peak


def test_what_ran_on_a_gpu_has_the_peak_of_the_gpu_since_the_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=FakeGpu()))  # type: ignore[misc] # not a module
    memory.reset()
    assert memory.peak_mb("cuda fp16 channels-last tiles") == 3000.0
    assert memory.peak_mb("cpu fp32 Winograd tiles") < 2000 + _resident_mb()
    assert memory.peak_mb("") != 3000.0


def _resident_mb() -> float:
    import psutil

    return float(psutil.Process().memory_info().rss) / 1e6


@pytest.mark.parametrize("kernel", ["obeys", "refuses", "does nothing"])
def test_the_peak_of_the_processor_is_that_since_the_reset_whatever_the_kernel_allows(
    kernel: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "_watch", memory._Watch())
    if kernel != "obeys":
        monkeypatch.setattr(memory, "_CLEAR", tmp_path / ("absent/file" if kernel == "refuses" else "file"))
    earlier = np.ones(400_000_000, np.uint8)
    assert earlier[0] == 1
    del earlier
    memory.reset()
    before = memory.peak_mb("")
    assert before < _resident_mb() + 200
    block = np.ones(150_000_000, np.uint8)
    assert block[0] == 1
    time.sleep(0.2)
    del block
    assert before + 100 <= memory.peak_mb("") < before + 300


def test_a_method_is_warmed_up_before_its_first_image_is_timed_and_only_then(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    made = SimpleNamespace(upscaler=SimpleNamespace(warm_up=lambda: calls.append("warm")))
    monkeypatch.setattr(worker, "ready", lambda *_: made)
    task = SimpleNamespace(spec="any", setup=Setup(4))
    one = worker.ImageWorker(Luggage())
    for _ in range(2):
        assert one.method(task) is made  # type: ignore[arg-type] # no whole task is needed
    assert calls == ["warm"]
