"""Scores a network on photographs held out from training, by the `matlab` protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from srbench import images
from srbench.training import patches
from srbench.training.photographs import rgb, to_luma
from srbench.training.task import TrainingTask


@dataclass(frozen=True, slots=True)
class Held:
    """One held-out photograph, on the 0..255 scale: (1, C, H, W) original and its bicubic reduction."""

    hr: Tensor
    lr: Tensor


def hold_out(files: Sequence[Path], scale: int, luma: bool, device: torch.device) -> list[Held]:
    """Decode and reduce the held-out photographs."""
    held = []
    for path in files:
        image = images.crop_to_multiple(rgb(images.read(path)), scale)
        picture = to_luma(image)[:, :, None] if luma else image
        hr = torch.tensor(picture).permute(2, 0, 1)[None].float().to(device)
        held.append(Held(hr, patches.reduced(hr, scale)))
    return held


def psnr(task: TrainingTask, network: nn.Module, held: Sequence[Held]) -> float:
    """Return the mean PSNR in dB of luma without `scale` pixels at each side, both images rounded to 8 bits."""
    scale, total = task.plan.scale, 0.0
    with torch.inference_mode():
        for one in held:
            sr = (task.upscale(network, one.lr).float() + 0.5).floor().clamp(0, 255)
            sr, hr = (image if task.luma else patches.luma(image) for image in (sr, one.hr))
            inside = (slice(None), slice(None), slice(scale, -scale), slice(scale, -scale))
            error = (sr[inside] - hr[inside]).double().square().mean()
            total += float(10 * torch.log10(255**2 / error))
    return total / len(held)
