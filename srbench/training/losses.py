"""The losses of the SRGAN paper, each a plain function or module whose gradient is tested numerically."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def pixel(sr: Tensor, hr: Tensor) -> Tensor:
    """Return the mean squared difference (equation 4); images may have any equal shape."""
    return functional.mse_loss(sr, hr)


def adversarial(logits: Tensor) -> Tensor:
    """Return the mean of -log D(G(x)) (equation 6), from the discriminator's logits on SR crops."""
    return functional.softplus(-logits).mean()


def discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Return the mean of -log D(y) - log(1 - D(G(x))) (equation 2), from logits on HR and SR crops."""
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def total_variation(image: Tensor) -> Tensor:
    """Return the sum of the gradient's length over an image, averaged over the batch (N, C, H, W).

    The length is of the forward differences (right and below) at each sample that has both neighbours; the small
    constant keeps its derivative finite where the image is flat.
    """
    right = image[:, :, :-1, 1:] - image[:, :, :-1, :-1]
    below = image[:, :, 1:, :-1] - image[:, :, :-1, :-1]
    return (right.square() + below.square() + 1e-12).sqrt().sum((1, 2, 3)).mean()


class Content(nn.Module):
    """Mean squared distance of feature maps (equation 5), times a weight that makes it comparable to MSE.

    Args:
        features: Maps (N, 3, H, W) in -1..1 to feature maps; it is frozen.
        weight: Factor of the distance. With ImageNet's VGG19 the paper divides the maps by 12.75, which is a
            factor of 1 / 12.75^2; for other features see `calibrate`.
    """

    def __init__(self, features: nn.Module, weight: float = 1 / 12.75**2) -> None:
        super().__init__()
        self.features = features.eval().requires_grad_(False)
        self.weight = weight

    def forward(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Return the weighted distance between SR and HR crops in -1..1; no gradient flows into `hr`."""
        with torch.no_grad():
            target = self.features(hr)
        return self.weight * functional.mse_loss(_full(self.features(sr)), _full(target))

    def calibrate(self, sr: Tensor, hr: Tensor) -> float:
        """Set the weight so that the loss of these crops equals their MSE, and return it."""
        with torch.no_grad():
            self.weight = 1.0
            self.weight = float(pixel(sr, hr) / self(sr, hr))
        return self.weight


def _full(maps: Tensor) -> Tensor:
    # Autocast computes maps in 16 bits, in which squares of small differences vanish.
    return maps.float() if maps.dtype == torch.bfloat16 else maps
