"""A fresh discriminator as a judge: how well can a small network learn to tell a method's output from photographs?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from srbench import images, resize
from srbench.images import Image
from srbench.registry import ImagePair
from srbench.training import losses
from srbench.training.photographs import rgb

CROP = 32
STEPS = 300
BATCH = 32
PHOTOGRAPHS = 40
CROPS_PER_TEST = 8
SEED = 20
# Photographs are cut to this size before they are upscaled, so that a judge costs seconds a method.
_LARGEST = 192


class _Training:
    """A training photograph as a method may see it: the centre of it, and its bicubic reduction."""

    dataset = "training"

    def __init__(self, path: Path, scale: int) -> None:
        self.name = path.stem
        image = rgb(images.read(path))
        top, left = (max(0, (size - _LARGEST) // 2) for size in image.shape[:2])
        self._hr = images.crop_to_multiple(image[top : top + _LARGEST, left : left + _LARGEST], scale)
        self._lr = resize.reduce(self._hr, scale)

    def hr(self) -> Image:
        return self._hr

    def lr(self) -> Image:
        return self._lr


class Detail(nn.Module):
    """Takes the local mean away and amplifies the rest, so that a judge need not learn to look at texture."""

    def forward(self, image: Tensor) -> Tensor:
        """Return (N, 3, H - 4, W - 4) detail of (N, 3, H, W) images."""
        return 8 * (image[:, :, 2:-2, 2:-2] - functional.avg_pool2d(image, 5, stride=1))


def network() -> nn.Module:
    """Return the judge: four 3x3 convolutions on fine detail, and a mean over positions."""
    return nn.Sequential(
        Detail(),
        nn.Conv2d(3, 32, 3),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 32, 3, stride=2),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 48, 3),
        nn.LeakyReLU(0.2),
        nn.Conv2d(48, 64, 3, stride=2),
        nn.LeakyReLU(0.2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 1),
    )


def accuracy(
    upscale: Callable[[ImagePair], Image],
    photographs: Sequence[Path],
    tested: Sequence[ImagePair],
    scale: int = 4,
    steps: int = STEPS,
) -> float:
    """Return the share of test crops that a judge trained against one method tells apart; 0.5 is guessing.

    Args:
        upscale: The method.
        photographs: Photographs that are no test images.
        tested: Pairs that the judge is tested on.
        scale: Upscaling factor.
        steps: Length of the judge's training.
    """
    chosen = [photographs[i * len(photographs) // PHOTOGRAPHS] for i in range(min(PHOTOGRAPHS, len(photographs)))]
    trained = [_outputs(upscale, _Training(path, scale), scale) for path in chosen]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        judge = network()
    generator = torch.Generator().manual_seed(SEED)
    adam = torch.optim.Adam(judge.parameters(), 1e-3)
    for _ in range(steps):
        real, fake = _crops(trained, BATCH, generator)
        loss = losses.discriminator(judge(real), judge(fake))
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch leaves it untyped
        adam.step()
    judge.eval()
    right = []
    with torch.inference_mode():
        for pair in tested:
            real, fake = _crops([_outputs(upscale, pair, scale)], CROPS_PER_TEST, generator)
            right += [(judge(real) > 0).float().mean(), (judge(fake) <= 0).float().mean()]
    return float(torch.stack(right).mean())


def _outputs(upscale: Callable[[ImagePair], Image], pair: ImagePair, scale: int) -> tuple[Tensor, Tensor]:
    hr, sr = (images.shave(rgb(image), scale) for image in (pair.hr(), upscale(pair)))
    return _tensor(hr), _tensor(sr)


def _tensor(image: Image) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float() / 127.5 - 1


def _crops(sources: Sequence[tuple[Tensor, Tensor]], count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return crops of originals and of outputs, at the same places, so that only the texture tells them apart."""
    real, fake = [], []
    for _ in range(count):
        hr, sr = sources[int(torch.randint(len(sources), (), generator=generator))]
        top = int(torch.randint(hr.shape[1] - CROP + 1, (), generator=generator))
        left = int(torch.randint(hr.shape[2] - CROP + 1, (), generator=generator))
        place = (slice(None), slice(top, top + CROP), slice(left, left + CROP))
        real.append(hr[place])
        fake.append(sr[place])
    return torch.stack(real), torch.stack(fake)
