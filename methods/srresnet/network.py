"""SRResNet: residual blocks at LR size, then pixel shuffles; also the generator of SRGAN."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn


class Block(nn.Module):
    """Convolution, batch normalisation, PReLU, convolution, batch normalisation, plus the input."""

    def __init__(self, width: int, skip: bool, bn: bool) -> None:
        super().__init__()
        self.skip = skip
        self.layers = nn.Sequential(*normalised(width, bn), nn.PReLU(), *normalised(width, bn))

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        change: Tensor = self.layers(features)
        return features + change if self.skip else change


def normalised(width: int, bn: bool) -> list[nn.Module]:
    """Return a 3x3 convolution, with batch normalisation after it if `bn`."""
    return [nn.Conv2d(width, width, 3, padding=1), *([nn.BatchNorm2d(width)] if bn else [])]


class SRResNet(nn.Module):
    """The generator of Ledig et al., "Photo-realistic single image ..." (CVPR 2017), figure 4.

    At x4 with 16 blocks there are 1,549,462 parameters (1,545,238 without batch normalisation).

    Args:
        scale: Upscaling factor: a product of twos and threes.
        blocks: Number B of residual blocks.
        skip: Whether blocks and body add their input (False for the depth study of the supplement).
        bn: Whether there is batch normalisation; without it this is a variant of ours.
        width: Channels of the hidden layers.
    """

    architecture: ClassVar[str] = "srresnet"

    def __init__(self, scale: int = 4, blocks: int = 16, skip: bool = True, bn: bool = True, width: int = 64) -> None:
        super().__init__()
        self.arguments: dict[str, object] = {
            "scale": scale,
            "blocks": blocks,
            "skip": skip,
            "bn": bn,
            "width": width,
        }
        self.skip = skip
        self.head = nn.Sequential(nn.Conv2d(3, width, 9, padding=4), nn.PReLU())
        self.body = nn.Sequential(*(Block(width, skip, bn) for _ in range(blocks)), *normalised(width, bn))
        self.upsampling = nn.Sequential(*(layer for r in factors(scale) for layer in enlargement(width, r)))
        self.last = nn.Conv2d(width, 3, 9, padding=4)

    def forward(self, lr: Tensor) -> Tensor:
        """Return the (N, 3, scale*H, scale*W) image in -1..1 of an (N, 3, H, W) one in 0..1, both RGB."""
        first = self.head(lr)
        features = self.body(first)
        if self.skip:
            features = features + first
        sr: Tensor = self.last(self.upsampling(features))
        return sr


def factors(scale: int) -> list[int]:
    """Return the prime factors of `scale`, the pixel shuffles in their order.

    >>> factors(4), factors(3), factors(6)
    ([2, 2], [3], [2, 3])

    Raises:
        ValueError: There are others than 2 and 3, or none.
    """
    found, rest = [], scale
    for prime in (2, 3):
        while rest > 1 and rest % prime == 0:
            found.append(prime)
            rest //= prime
    if rest != 1 or not found:
        raise ValueError(f"SRResNet enlarges by products of 2 and 3, not by {scale}.")
    return found


def enlargement(width: int, factor: int) -> list[nn.Module]:
    """Return a convolution, a pixel shuffle by `factor`, and a PReLU with one parameter."""
    return [
        nn.Conv2d(width, width * factor * factor, 3, padding=1),
        nn.PixelShuffle(factor),
        nn.PReLU(),
    ]
