"""SRGAN's discriminator: eight convolutions and two dense layers that tell photographs from SR images."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

# (channels, stride) of the eight 3x3 convolutions, from figure 4 of the paper.
_CONVOLUTIONS = ((64, 1), (64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 2))


class Discriminator(nn.Module):
    """The discriminator of Ledig et al. (CVPR 2017), figure 4, for crops of one size.

    For 96x96 crops there are 23,565,505 parameters. It returns logits: the sigmoid belongs to the loss.

    Args:
        crop: Height and width of the crops in pixels, a multiple of 16.
    """

    architecture: ClassVar[str] = "discriminator"

    def __init__(self, crop: int = 96) -> None:
        super().__init__()
        self.arguments: dict[str, object] = {"crop": crop}
        layers: list[nn.Module] = []
        channels = 3
        for width, stride in _CONVOLUTIONS:
            layers.append(nn.Conv2d(channels, width, 3, stride=stride, padding=1))
            if channels != 3:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.LeakyReLU(0.2))
            channels = width
        self.features = nn.Sequential(*layers)
        self.verdict = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * (crop // 16) ** 2, 1024),
            nn.LeakyReLU(0.2),
            nn.Linear(1024, 1),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return the (N,) logits, above 0 for real, of (N, 3, crop, crop) RGB images in -1..1."""
        logits: Tensor = self.verdict(self.features(image))
        return logits.squeeze(1)
