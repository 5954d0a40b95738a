"""A discriminator that looks through the content loss's eyes: small networks on the feature maps of VGG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

LAYERS = ((1, 2), (2, 2), (3, 4), (4, 4))
"""What heads look at, as VGG19 counts: the last maps before the first four pools."""

_WIDTH = 128
_MOMENTUM = 0.01  # of the statistics, once a hundred batches were seen
_SMALLEST = 1e-3  # a channel that hardly ever answers is not blown up


class Heads(nn.Module):
    """Tells photographs from SR images by feature maps, with one small network for each of them.

    A discriminator that begins with the features of ImageNet need not learn first what edges and textures are (as in
    arXiv 2006.10250, and in "Projected GANs converge faster", arXiv 2111.01007). It says of each place of each map
    whether it is real. Maps are normalised by the statistics of originals alone: batch normalisation would
    make the maps of originals and those of SR images alike in mean and energy, which is what tells them apart.

    Args:
        channels: Channels of each map.
    """

    architecture: ClassVar[str] = "heads"
    seen: Tensor

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.arguments: dict[str, object] = {"channels": list(channels)}
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(count, _WIDTH, 1),
                nn.LeakyReLU(0.2),
                nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1),
                nn.LeakyReLU(0.2),
                nn.Conv2d(_WIDTH, 1, 1),
            )
            for count in channels
        )
        for number, count in enumerate(channels):
            self.register_buffer(f"mean{number}", torch.zeros(1, count, 1, 1))
            self.register_buffer(f"square{number}", torch.ones(1, count, 1, 1))
        self.register_buffer("seen", torch.zeros(()))

    @torch.no_grad()
    def observe(self, maps: Sequence[Tensor]) -> None:
        """Bring the statistics up to date with the maps of originals, one (N, C, h, w) for each head."""
        self.seen += 1
        share = (1 / self.seen).clamp_min(_MOMENTUM)
        for (mean, square), found in zip(self._statistics(), maps, strict=True):
            mean.lerp_(found.float().mean((0, 2, 3), keepdim=True), share)
            square.lerp_(found.float().square().mean((0, 2, 3), keepdim=True), share)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Return the logits, (N, 1, h, w) and above 0 for real, of each of the maps, (N, C, h, w)."""
        logits = []
        for head, (mean, square), found in zip(self.heads, self._statistics(), maps, strict=True):
            std = (square - mean.square()).clamp_min(_SMALLEST**2).sqrt()
            logits.append(head((found.float() - mean) / std))
        return logits

    def _statistics(self) -> list[tuple[Tensor, Tensor]]:
        return [
            (self.get_buffer(f"mean{number}"), self.get_buffer(f"square{number}")) for number in range(len(self.heads))
        ]
