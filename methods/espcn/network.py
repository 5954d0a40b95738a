"""ESPCN: three small convolutions on the LR luma and one rearrangement of channels into pixels."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

GREY = 0.5
"""The level around which luma varies."""


class ESPCN(nn.Module):
    """The network of Shi et al., "Real-time single image and video super-resolution ..." (CVPR 2016).

    Borders are repeated before each convolution: trained on the insides of crops, it has never seen zeros there. The
    middle grey is taken off before the first convolution and put back behind the last. Their biases could do that,
    so the network's functions are the same; but training need not find it out.

    Args:
        scale: Upscaling factor r; the last convolution has r*r outputs. At x4 there are 24,752 parameters.
    """

    architecture: ClassVar[str] = "espcn"
    halo: ClassVar[int] = 4
    """How many input pixels around a piece its output depends on."""

    def __init__(self, scale: int = 4) -> None:
        super().__init__()
        self.arguments: dict[str, object] = {"scale": scale}
        self.layers = nn.Sequential(
            nn.Conv2d(1, 64, 5, padding=2, padding_mode="replicate"),
            nn.Tanh(),
            nn.Conv2d(64, 32, 3, padding=1, padding_mode="replicate"),
            nn.Tanh(),
            nn.Conv2d(32, scale * scale, 3, padding=1, padding_mode="replicate"),
            nn.PixelShuffle(scale),
        )

    def forward(self, lr: Tensor) -> Tensor:
        """Return the (N, 1, r*H, r*W) luma of an (N, 1, H, W) one; 0..1 stands for 8-bit 0..255."""
        sr: Tensor = self.layers(lr - GREY) + GREY
        return sr
