"""Photographs and VGG networks that need no download: smooth shapes with edges and grain, and few random channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

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


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
