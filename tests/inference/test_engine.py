"""Pieces are as large as a GPU's memory allows, and never larger: shown without one."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from srbench.inference import engine, tiles
from srbench.inference.tiles import Stage
from srbench.inference.upscalers import WARM_UP, RgbUpscaler
from srbench.methods.drcn.network import DRCN
from srbench.methods.espcn import network as espcn
from srbench.methods.srcnn.network import SRCNN
from srbench.methods.srresnet.fast import FastSRResNet
from srbench.methods.srresnet.network import SRResNet
from srbench.registry import Setup


class Allocated(TorchDispatchMode):
    """Counts the bytes of all tensors that are there at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, call: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = call(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self.count(tensor.untyped_storage())
        return made

    def count(self, storage: Any) -> None:
        place, size = storage._cdata, storage.nbytes()
        if place in self.known:
            return
        self.known.add(place)
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self.forget, place, size)

    def forget(self, place: int, size: int) -> None:
        self.known.discard(place)
        self.now -= size


def floats(compute: Callable[[Tensor], Tensor], image: Tensor) -> float:
    """Return how many numbers `compute` takes for each pixel of `image` at the peak."""
    with torch.inference_mode(), Allocated() as memory:
        compute(image)
    return memory.peak / 4 / image.shape[-1] / image.shape[-2]


def stated(module: str) -> int:
    import importlib
    import re
    from pathlib import Path

    text = Path(str(importlib.import_module(module).__file__)).read_text()
    found = re.search(r"floats=(\d+)|_FLOATS = ([\d_]+)", text)
    assert found is not None
    return int(found[1] or found[2])


@pytest.mark.parametrize(
    ("module", "compute", "channels"),
    [
        ("srbench.methods.drcn.loading", DRCN().eval(), 1),
        ("srbench.methods.espcn.loading", espcn.ESPCN(4).eval(), 1),
        ("srbench.methods.srcnn.loading", SRCNN().eval(), 1),
        ("srbench.methods.srresnet.loading", FastSRResNet(SRResNet(4, blocks=1).eval()).tail, 64),
    ],
    ids=["drcn", "espcn", "srcnn", "srresnet"],
)
def test_stages_take_no_more_memory_than_they_say(module: str, compute: Any, channels: int) -> None:
    taken = floats(compute, torch.rand(1, channels, 48, 40))
    assert 0.5 * stated(module) < taken <= stated(module)


def test_pieces_on_a_gpu_are_as_large_as_half_of_its_memory_and_on_a_processor_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(engine, "free_memory", lambda _: 8_000_000)
    stages = [Stage(lambda image: image, halo=2, pixels=100, floats=10), Stage(lambda image: image, halo=2, pixels=100)]
    on_gpu, on_cpu = (engine.Engine(torch.nn.Identity(), stages, Setup(4, device), "") for device in ("cuda", "cpu"))
    assert [stage.pixels for stage in on_gpu.stages] == [100_000, 100]
    assert on_cpu.stages == stages


def test_a_gpu_with_little_memory_gets_pieces_no_smaller_than_a_processor() -> None:
    stage = Stage(lambda image: image, halo=1, pixels=5_000, floats=100)
    assert engine.sized(stage, 1_000).pixels == 5_000


def test_an_image_that_fits_a_gpu_is_computed_whole() -> None:
    sizes: list[int] = []

    def record(image: Tensor) -> Tensor:
        sizes.append(image.shape[-1] * image.shape[-2])
        return image

    stage, image = Stage(record, halo=20, pixels=4_000, floats=600), torch.rand(1, 1, 120, 100)
    tiles.run(stage, image)
    assert sum(sizes) > 2 * 12_000  # what halos cost in small pieces
    sizes.clear()
    tiles.run(engine.sized(stage, 80 * 10**9), image)
    assert sizes == [12_000]


def test_warming_up_computes_a_small_image_and_changes_no_result() -> None:
    seen: list[tuple[int, ...]] = []

    def record(image: Tensor) -> Tensor:
        seen.append(tuple(image.shape))
        return image

    upscaler = RgbUpscaler(engine.Engine(torch.nn.Identity(), [Stage(record)], Setup(1, "cpu"), ""))
    upscaler.warm_up()
    assert seen == [(1, 3, WARM_UP, WARM_UP)]
    picture = np.arange(75, dtype=np.uint8).reshape(5, 5, 3)
    assert np.array_equal(upscaler(picture), picture)
