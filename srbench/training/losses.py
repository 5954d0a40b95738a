"""The losses of the SRGAN paper, each a plain function whose gradient is tested numerically."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_FLAT = 1e-3  # of a channel's usual variance: flatter than that is flat


def pixel(sr: Tensor, hr: Tensor) -> Tensor:
    """Return the mean squared difference (equation 4); images may have any equal shape."""
    return functional.mse_loss(sr, hr)


def of_crops(sr: Tensor, hr: Tensor) -> Tensor:
    """Return the mean squared difference of each crop, (...): of (..., C, H, W), whose mean is that of all."""
    return (sr - hr).square().mean((-3, -2, -1))


def logarithmic(errors: Tensor, floor: float) -> Tensor:
    """Return the mean logarithm of crops' mean squared differences, (N,), plus `floor`.

    PSNR is such a logarithm: every picture counts by its own error, where the mean squared difference of a batch is
    that of the crops which no network gets right. Crops whose error is far below `floor` count no more.
    """
    return (errors + floor).log().mean()


def adversarial(logits: Tensor) -> Tensor:
    """Return the mean of -log D(G(x)) (equation 6), from the discriminator's logits on SR crops."""
    return functional.softplus(-logits).mean()


def discriminator(real: Tensor, fake: Tensor, label: float = 1.0) -> Tensor:
    """Return the mean of -log D(y) - log(1 - D(G(x))) (equation 2), from logits on HR and SR crops.

    A `label` below 1 asks for less than certainty on HR crops: the cross-entropy with that probability of "real"
    (one-sided label smoothing; Salimans et al., "Improved techniques for training GANs", 2016).
    """
    certain = label * functional.softplus(-real) + (1 - label) * functional.softplus(real)
    return certain.mean() + functional.softplus(fake).mean()


def phase(sr: Tensor, hr: Tensor, scale: int) -> Tensor:
    """Return how unlike the mean errors at the places of an LR pixel's cell are: what a repeated pattern leaves.

    With m the mean of SR - HR over all cells of one crop, for each of its channels and the scale^2 places in a cell,
    this is the mean of (m - mean of m over the places)^2: zero for any error that does not repeat with the grid of
    LR pixels, a constant one included.

    Args:
        sr: (N, C, H, W) crops, whose sides are multiples of `scale`.
        hr: The same.
        scale: Height and width of a cell.
    """
    count, channels, height, width = sr.shape
    cells = (sr - hr).reshape(count, channels, height // scale, scale, width // scale, scale)
    places = cells.mean((2, 4))
    return functional.mse_loss(places, places.mean((2, 3), keepdim=True).expand_as(places))


def texture(sr: Tensor, hr: Tensor, size: int) -> Tensor:
    """Return how differently strong the textures of SR and HR are, place by place: what no pixel needs to match.

    For each channel of feature maps and each patch of `size` places a side, this is the squared difference of the
    logarithms of the variances within the patch, averaged. Logarithms let a flat sky count as much as fur. It is the
    diagonal of the Gram matrices of patches in the texture matching loss of EnhanceNet (Sajjadi et al., arXiv
    1612.07919), without their means.

    Args:
        sr: (N, C, h, w) feature maps of SR crops, whose sides are multiples of `size`.
        hr: The same of HR crops.
        size: Height and width of a patch in the map.
    """
    fake, real = (_variances(_full(maps), size) for maps in (sr, hr))
    least = _FLAT * real.mean((0, 2, 3), keepdim=True) + 1e-12
    return functional.mse_loss((fake + least).log(), (real + least).log())


def _variances(maps: Tensor, size: int) -> Tensor:
    means = functional.avg_pool2d(maps, size)
    apart = maps - functional.interpolate(means, scale_factor=size)
    return functional.avg_pool2d(apart.square(), size)


def total_variation(image: Tensor) -> Tensor:
    """Return the sum of the gradient's length over an image, averaged over the batch (N, C, H, W).

    The length is of the forward differences (right and below) at each sample that has both neighbours; the small
    constant keeps its derivative finite where the image is flat.
    """
    right = image[:, :, :-1, 1:] - image[:, :, :-1, :-1]
    below = image[:, :, 1:, :-1] - image[:, :, :-1, :-1]
    return (right.square() + below.square() + 1e-12).sqrt().sum((1, 2, 3)).mean()


def content(sr: Tensor, hr: Tensor) -> Tensor:
    """Return the mean squared distance of feature maps (equation 5), (N, C, h, w) of SR and of HR crops.

    With ImageNet's VGG19 the paper divides the maps by 12.75, which is a factor of 1 / 12.75^2.
    """
    return functional.mse_loss(_full(sr), _full(hr))


def _full(maps: Tensor) -> Tensor:
    # Autocast computes maps in 16 bits, in which squares of small differences vanish.
    return maps.float() if maps.dtype == torch.bfloat16 else maps
