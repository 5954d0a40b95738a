"""Photographs and VGG networks that need no download: smooth shapes with edges and grain, and few random channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from srbench import images
from srbench.training import photographs, vgg

Pairs = dict[vgg.Layer, tuple[torch.Tensor, torch.Tensor]]


def picture(seed: int, height: int = 96, width: int = 112) -> images.Image:
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(float)
    planes = []
    for _ in range(3):
        a, b, c, d = generator.uniform(0.05, 0.6, 4)
        plane = np.sin(a * x + b * y) + np.sign(np.sin(c * x - d * y)) + generator.normal(0, 0.05, (height, width))
        planes.append(127 + 55 * plane)
    return np.clip(np.stack(planes, axis=2), 0, 255).astype(np.uint8)


def narrow(network: str, widths: tuple[int, ...] = (4, 4, 6, 6, 8)) -> Pairs:
    """Return random convolutions of a network with few channels."""
    generator = torch.Generator().manual_seed(len(network) + int(network[-2:]))
    pairs, channels = {}, 3
    for i, j in vgg.through(network):
        width = widths[i - 1]
        kernel = torch.randn(width, channels, 3, 3, generator=generator) * (2 / (9 * channels)) ** 0.5
        pairs[i, j] = (kernel, torch.randn(width, generator=generator) * 0.1)
        channels = width
    return pairs


def named(network: str, pairs: Pairs, style: str) -> dict[str, torch.Tensor]:
    """Return the tensors of a file in one of the styles that are read."""
    tensors = {}
    for number, (i, j) in enumerate(vgg.through(network)):
        kernel, bias = pairs[i, j]
        if style == "torchvision":
            prefix = f"features.{2 * number + i - 1}."
            tensors |= {f"{prefix}weight": kernel, f"{prefix}bias": bias}
        elif style == "keras":
            last = kernel.permute(2, 3, 1, 0).contiguous()
            tensors |= {f"block{i}_conv{j}/kernel": last, f"block{i}_conv{j}/bias": bias}
        else:
            tensors |= {f"block{i}_conv{j}.weight": kernel.half(), f"block{i}_conv{j}.bias": bias}
    return tensors


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six PNGs."""
    folder = tmp_path_factory.mktemp("photographs")
    for seed in range(6):
        images.write(folder / f"p{seed}.png", picture(seed))
    return folder


@pytest.fixture(scope="session")
def packed() -> photographs.Photographs:
    return photographs.pack([(Path(f"{seed}"), picture(seed)) for seed in range(3)], 32)


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    """Yield a device that is not there: its tensors have shapes, strides and a place, but no values.

    What mixes them with tensors of the processor fails as it would on a GPU, and so does reading a value, which on a
    GPU would make the processor wait. PyTorch cannot go backward on a CUDA device that is not there; here it can.
    """
    monkeypatch.setattr(nn.Module, "_apply", _replaced)
    with FakeTensorMode():
        yield torch.device("lazy")


def _replaced(module: nn.Module, change: Callable[[torch.Tensor], torch.Tensor], _: bool = True) -> Any:
    # PyTorch moves parameters by swapping tensors, which it cannot do with those that have no values.
    for child in module.children():
        _replaced(child, change)
    with torch.no_grad():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                module._parameters[name] = nn.Parameter(change(parameter), parameter.requires_grad)
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = change(buffer)
    return module


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep decoded photographs out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SRBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
