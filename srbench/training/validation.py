"""Scores a network on photographs held out from training, by the `matlab` protocol, beside bicubic interpolation."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from srbench import degradations, images
from srbench.degradations import chain
from srbench.errors import ImageError
from srbench.images import Image
from srbench.inference import tiles
from srbench.inference.tiles import Stage
from srbench.training import pairing, patches
from srbench.training.config import TrainingConfig
from srbench.training.decoding import decode
from srbench.training.photographs import to_luma
from srbench.training.task import TrainingTask

TILE = 40_000
"""LR pixels that are computed at once: larger photographs go through the network in pieces."""

HALO = 32
"""LR pixels around a piece that are computed with it, where a network does not say how far it looks."""


@dataclass(frozen=True, slots=True)
class Held:
    """One held-out photograph, uint8 on the 0..255 scale: (1, C, H, W) original and its LR image."""

    hr: Tensor
    lr: Tensor

    def on(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return both as floats on `device`."""
        return self.hr.to(device).float(), self.lr.to(device).float()


@dataclass(frozen=True, slots=True)
class HeldOut:
    """All held-out photographs.

    Attributes:
        pairs: Those that could be decoded.
        bicubic: Mean PSNR of bicubic interpolation on them, in dB; None where there are none.
        left_out: {file: why it is not among them}.
    """

    pairs: Sequence[Held] = ()
    bicubic: float | None = None
    left_out: Mapping[Path, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return what there is to say about them."""
        said = [f"Left out {path} of validation: {why}" for path, why in self.left_out.items()]
        if self.bicubic is not None:
            said.append(f"validation: {len(self.pairs)} photographs, bicubic interpolation {self.bicubic:.3f} dB")
        return said


def hold_out(
    files: Sequence[Path], plan: TrainingConfig, luma: bool, device: torch.device, lr: Path | None = None
) -> HeldOut:
    """Decode the held-out photographs, and make their LR images as those of the crops are made.

    Args:
        files: Which.
        plan: Says scale and degradation.
        luma: Whether only luma is looked at.
        device: What computes the figure of bicubic interpolation.
        lr: Folder of LR photographs that are used instead.
    """
    held: list[Held] = []
    left_out: dict[Path, str] = {}
    partners = pairing.Partners(lr, plan.scale) if lr is not None else None
    for path in files:
        try:
            held.append(_held(path, plan, luma, partners))
        except ImageError as error:
            left_out[path] = str(error)
    scores = [_psnr(patches.enlarged(one.on(device)[1], plan.scale), one, plan.scale, luma) for one in held]
    return HeldOut(held, sum(scores) / len(scores) if scores else None, left_out)


def _held(path: Path, plan: TrainingConfig, luma: bool, partners: pairing.Partners | None) -> Held:
    data = images.read_bytes(path)
    image = images.crop_to_multiple(decode(data, path.name)[0], plan.scale)
    picture = to_luma(image) if luma else image
    hr = _tensor(picture)
    if partners is not None:
        small = partners.of(path)
        lr = decode(images.read_bytes(small), small.name)[0]
        pairing.check(lr.shape[0], lr.shape[1], image.shape[0], image.shape[1], plan.scale, small)
        return Held(hr, _tensor(to_luma(lr) if luma else lr))
    degradation = degradations.parse(plan.degradation)
    if degradation.name == "bicubic":  # as crops are reduced, without the compilation that exact ties would need
        return Held(hr, patches.reduced(hr.float(), plan.scale).to(torch.uint8))
    random = chain.generator(degradation, hashlib.sha256(data).hexdigest())
    return Held(hr, _tensor(chain.degrade(np.ascontiguousarray(picture), plan.scale, degradation, random)))


def _tensor(image: Image) -> Tensor:
    planes = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(planes))[None]


def upscaled(task: TrainingTask, network: nn.Module, lr: Tensor) -> Tensor:
    """Return the SR image of a (1, C, h, w) one in 0..255, rounded to 8 bits, computed in pieces where it is large."""
    halo = int(getattr(network, "halo", HALO))
    stage = Stage(lambda piece: task.upscale(network, piece).float(), task.plan.scale, halo, TILE)
    return (tiles.run(stage, lr) + 0.5).floor().clamp(0, 255)


def psnr(task: TrainingTask, network: nn.Module, held: Sequence[Held]) -> float:
    """Return the mean PSNR in dB of luma without `scale` pixels at each side, both images rounded to 8 bits."""
    total = 0.0
    with torch.inference_mode():
        for one in held:
            sr = upscaled(task, network, one.on(task.processes.device)[1])
            total += _psnr(sr, one, task.plan.scale, task.luma)
    return total / len(held)


def _psnr(sr: Tensor, held: Held, scale: int, luma: bool) -> float:
    hr = held.hr.to(sr.device).float()
    sr, hr = (image if luma else patches.luma(image) for image in (sr, hr))
    inside = (slice(None), slice(None), slice(scale, -scale), slice(scale, -scale))
    error = (sr[inside] - hr[inside]).double().square().mean()
    return float(10 * torch.log10(255**2 / error))
