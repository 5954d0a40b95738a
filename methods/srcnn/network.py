"""SRCNN: three convolutions that sharpen a luma plane already enlarged by bicubic interpolation."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

GREY = 0.5
"""The level around which luma varies."""


class SRCNN(nn.Module):
    """The network of Dong et al., "Image super-resolution using deep convolutional networks" (2014).

    Borders are repeated before each convolution, as the authors' test code does. The middle grey is taken off before
    the first convolution and put back behind the last. Their biases could do that, so the network's functions are the
    same; but training need not find it out.

    Args:
        kernels: Sizes of the three convolutions: 9-1-5 (8,129 parameters), or the larger 9-5-5 (57,281).
    """

    architecture: ClassVar[str] = "srcnn"

    def __init__(self, kernels: tuple[int, int, int] = (9, 1, 5)) -> None:
        super().__init__()
        self.arguments: dict[str, object] = {"kernels": list(kernels)}
        self.kernels = kernels
        first, second, third = kernels
        self.layers = nn.Sequential(
            nn.Conv2d(1, 64, first, padding=first // 2, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv2d(64, 32, second, padding=second // 2, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv2d(32, 1, third, padding=third // 2, padding_mode="replicate"),
        )

    @property
    def halo(self) -> int:
        """How many input pixels around a piece its output depends on."""
        return sum(size // 2 for size in self.kernels)

    def forward(self, enlarged: Tensor) -> Tensor:
        """Return the sharpened luma; both are (N, 1, H, W) with 0..1 standing for the 8-bit values 0..255."""
        sharpened: Tensor = self.layers(enlarged - GREY) + GREY
        return sharpened
