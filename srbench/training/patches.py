"""Cuts, flips, rotates and reduces training crops where the photographs lie, exactly as imresize would."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from srbench import images
from srbench.degradations import Degradation, chain
from srbench.training import orientations, precision
from srbench.training.photographs import Photographs

MARGIN = 2
"""LR pixels on each side that a crop's border could spoil: bicubic interpolation reaches two pixels far."""


DEGRADED_MARGIN = 8
"""The same where degradations filter before and after they reduce."""

_NO_SEEDS = torch.empty(0, dtype=torch.int64)


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops of one step, all float32 in 0..1 for the 8-bit values 0..255.

    Attributes:
        hr: Originals, (N, C, crop, crop); three channels of RGB, or one of luma.
        lr: The same, bicubically reduced: (N, C, crop / scale, crop / scale).
        enlarged: `lr` enlarged again by bicubic interpolation to the size of `hr`; None unless asked for.
    """

    hr: Tensor
    lr: Tensor
    enlarged: Tensor | None = None

    def to(self, layout: torch.memory_format) -> Batch:
        """Return the same with all images in one memory layout: where it differs, networks are compiled again."""
        enlarged = None if self.enlarged is None else self.enlarged.contiguous(memory_format=layout)
        hr, lr = (image.contiguous(memory_format=layout) for image in (self.hr, self.lr))
        return Batch(hr, lr, enlarged)

    def parts(self, count: int) -> Iterator[Batch]:
        """Yield the batch in so many equal parts."""
        enlarged = [None] * count if self.enlarged is None else self.enlarged.chunk(count)
        for hr, lr, bicubic in zip(self.hr.chunk(count), self.lr.chunk(count), enlarged, strict=True):
            yield Batch(hr, lr, bicubic)


@dataclass(frozen=True, slots=True)
class Shape:
    """What crops look like.

    Attributes:
        crop: Height and width of HR crops, a multiple of `scale`.
        scale: The reduction factor.
        enlarge: Whether batches hold the enlarged LR crop too.
        margin: LR pixels on each side that making the LR crop could spoil.
    """

    crop: int
    scale: int
    enlarge: bool = False
    margin: int = MARGIN

    @property
    def border(self) -> int:
        """HR pixels around the crop that are cut with it and thrown away."""
        return (self.margin + (MARGIN if self.enlarge else 0)) * self.scale

    @property
    def window(self) -> int:
        """Height and width of what is cut from a photograph."""
        return self.crop + 2 * self.border


@dataclass(frozen=True, slots=True)
class Cutter:
    """Draws batches of random crops.

    Each pixel of the photographs is equally likely to be the corner of a crop, and each of the eight flips and
    rotations is equally likely. The LR crop is a part of what reducing the whole photograph would give.

    Attributes:
        photographs: Where crops come from.
        shape: What they look like.
        device: Where crops are made; None for where the photographs lie.
        degradation: How LR crops are made of HR crops; None for bicubic reduction, which is done on the device.
        lr: LR photographs, one for each of `photographs`, that LR crops are cut from instead.
    """

    photographs: Photographs
    shape: Shape
    device: torch.device | None = None
    degradation: Degradation | None = None
    lr: Photographs | None = None

    def draw(self, count: int, generator: torch.Generator, share: slice = slice(None)) -> Batch:
        """Return `share` of a batch of `count` random crops.

        Every process of a parallel run draws the same numbers and takes its share, so that together they see
        the batch one process would.
        """
        photos, step = self.photographs, 1 if self.lr is None else self.shape.scale
        # Beside an LR photograph crops begin where one of its pixels does.
        rows, columns = ((side - self.shape.window) // step + 1 for side in (photos.heights, photos.widths))
        chosen = torch.multinomial((rows * columns).double(), count, replacement=True, generator=generator)
        top = step * _below(rows[chosen], generator)
        left = step * _below(columns[chosen], generator)
        turn = torch.randint(orientations.COUNT, (count,), generator=generator)
        seeds = _NO_SEEDS if self.degradation is None else torch.randint(2**62, (count,), generator=generator)
        crops = self.cut(chosen[share], top[share], left[share], turn[share], seeds[share])
        for mapped in (photos, self.lr):
            if mapped is not None:
                mapped.trim()
        return crops

    def cut(self, chosen: Tensor, top: Tensor, left: Tensor, turn: Tensor, seeds: Tensor = _NO_SEEDS) -> Batch:
        """Return the crops at given places, all int64 (N,); `turn` is an orientation, 0..7.

        Where there is a degradation, `seeds` are what its random numbers begin with.
        """
        shape = self.shape
        window = self._window(self.photographs, shape.window, (chosen, top, left, turn)).float()
        if self.lr is not None:
            places = (chosen, top // shape.scale, left // shape.scale, turn)
            lr = self._window(self.lr, shape.window // shape.scale, places).float()
            lr = _inside(lr, shape.margin)
        elif self.degradation is not None:
            lr = _inside(degraded(window, shape.scale, self.degradation, seeds), shape.margin)
        else:
            down = reduction(window.shape[-1] // shape.scale - 2 * MARGIN, shape.scale, window.device)
            lr = resized(window, down, down)
        bicubic = None
        if shape.enlarge:
            up = enlargement(lr.shape[-1], shape.scale, window.device)
            bicubic = resized(lr, up, up) / 255
            lr = _inside(lr, MARGIN)
        return Batch(_inside(window, shape.border) / 255, lr / 255, bicubic)

    def _window(self, photos: Photographs, size: int, places: Sequence[Tensor]) -> Tensor:
        chosen, top, left, turn = places
        width = photos.widths[chosen]
        start = photos.offsets[chosen] + top * width + left
        plane = photos.heights[chosen] * width
        table = torch.stack([start, plane, width, turn])
        cut = _sliced if photos.pixels.device.type == "cpu" else _gathered
        windows = cut(photos, size, table)
        return windows if self.device is None else _sent(windows, self.device)


def _inside(image: Tensor, border: int) -> Tensor:
    return image[:, :, border:-border, border:-border]


def degraded(hr: Tensor, scale: int, degradation: Degradation, seeds: Tensor) -> Tensor:
    """Return the LR images of (N, C, H, W) ones in 0..255, each with random numbers that begin with its seed."""
    pictures = []
    for image, seed in zip(hr.to("cpu", torch.uint8).permute(0, 2, 3, 1).numpy(), seeds.tolist(), strict=True):
        gray = image.shape[2] == 1
        hr_image = np.ascontiguousarray(image[..., 0] if gray else image)
        lr = chain.degrade(hr_image, scale, degradation, np.random.default_rng(seed))
        pictures.append(torch.from_numpy(lr[None] if gray else np.ascontiguousarray(lr.transpose(2, 0, 1))))
    return torch.stack(pictures).to(hr.device, hr.dtype)


def _sliced(photos: Photographs, size: int, places: Tensor) -> Tensor:
    windows = []
    for start, plane, width, turn in places.T.tolist():
        window = photos.pixels.as_strided((photos.channels, size, size), (plane, width, 1), start)
        windows.append(orientations.turned(window, turn))
    return torch.stack(windows)


def _gathered(photos: Photographs, size: int, places: Tensor) -> Tensor:
    # One gather of flat indices cuts, flips and transposes the whole batch in a single kernel.
    pixels = photos.pixels
    start, plane, width, turn = _sent(places, pixels.device)[:, :, None, None, None].unbind()
    line = torch.arange(size, device=pixels.device)
    i, j = line[:, None], line[None, :]
    row, column = torch.where((turn & 1) == 1, j, i), torch.where((turn & 1) == 1, i, j)
    row = torch.where((turn & 2) == 2, size - 1 - row, row)
    column = torch.where((turn & 4) == 4, size - 1 - column, column)
    channel = torch.arange(photos.channels, device=pixels.device)[:, None, None]
    return pixels[start + channel * plane + row * width + column]


def _sent(tensor: Tensor, device: torch.device) -> Tensor:
    if tensor.device.type == device.type:
        return tensor
    # Only from pinned memory does a copy to a GPU not stop the process until the GPU has come so far.
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def _below(limits: Tensor, generator: torch.Generator) -> Tensor:
    return (torch.rand(limits.shape, generator=generator, dtype=torch.float64) * limits).long()


def luma(image: Tensor) -> Tensor:
    """Return MATLAB's 8-bit luma, (N, 1, H, W), of (N, 3, H, W) RGB; both on the 0..255 scale, whole numbers."""
    red, green, blue = image.double().unbind(1)
    y = red * images.LUMA[0] + green * images.LUMA[1] + blue * images.LUMA[2] + 16
    return (y + 0.5).floor().to(image.dtype)[:, None]


def resized(image: Tensor, vertical: Tensor, horizontal: Tensor) -> Tensor:
    """Apply one matrix to the columns of (N, C, H, W), then one to the rows, rounding to 8 bits after each.

    It computes in 32 bits, also where networks around it are told to compute in 16.
    """
    # Autocast would take 16 bits for the products, whose rounding is coarser than that to 8 bits.
    with precision.full(image.device):
        return _to_8bit(_to_8bit(vertical @ image) @ horizontal.T)


def reduced(image: Tensor, scale: int) -> Tensor:
    """Return a whole (N, C, H, W) image reduced as the LR images of the test sets were: with repeated edges."""
    padded = functional.pad(image, [MARGIN * scale] * 4, mode="replicate")
    height, width = image.shape[-2] // scale, image.shape[-1] // scale
    device = image.device
    return resized(padded, reduction(height, scale, device), reduction(width, scale, device))


def enlarged(image: Tensor, scale: int) -> Tensor:
    """Return a whole (N, C, H, W) image enlarged by bicubic interpolation, with repeated edges."""
    padded = functional.pad(image, [MARGIN] * 4, mode="replicate")
    height, width = padded.shape[-2:]
    device = image.device
    return resized(padded, enlargement(height, scale, device), enlargement(width, scale, device))


def _to_8bit(image: Tensor) -> Tensor:
    return (image + 0.5).floor().clamp(0, 255)


@functools.lru_cache(maxsize=256)
def reduction(size: int, scale: int, device: torch.device) -> Tensor:
    """Return the (size, (size + 4) * scale) matrix of imresize(1 / scale) without any edge, kept on `device`.

    Its first output is the third LR pixel of the window it is applied to.
    """
    return _matrix(size, (size + 2 * MARGIN) * scale, 1 / scale, MARGIN).to(device)


@functools.lru_cache(maxsize=256)
def enlargement(size: int, scale: int, device: torch.device) -> Tensor:
    """Return the ((size - 4) * scale, size) matrix of imresize(scale) without any edge, kept on `device`."""
    return _matrix((size - 2 * MARGIN) * scale, size, scale, MARGIN * scale).to(device)


def _matrix(outputs: int, inputs: int, scale: float, first: int) -> Tensor:
    stretch = min(scale, 1.0)
    centre = (np.arange(first, first + outputs)[:, None] + 0.5) / scale - 0.5
    distance = np.abs(stretch * (centre - np.arange(inputs)))
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    weights = np.where(distance <= 1, near, np.where(distance <= 2, far, 0.0))
    return torch.from_numpy(weights / weights.sum(1, keepdims=True)).float()
