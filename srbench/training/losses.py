"""The losses of the SRGAN paper, each a plain function whose gradient is tested numerically."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from srbench.errors import TrainingError

PATCH = 16
"""Height and width of the patches whose textures are compared."""

_ROUNDING = 1 / 12 / 127.5**2  # variance that rounding to 8 bits leaves in an image of -1..1


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


def over_crops(errors: Tensor, floor: float | None) -> Tensor:
    """Return the mean of crops' mean squared differences, (N,), or with a `floor` their `logarithmic` loss."""
    return errors.mean() if floor is None else logarithmic(errors, floor)


def check_floor(floor: float | None) -> None:
    """Check the setting `floor` of a network that learns `over_crops`.

    Raises:
        TrainingError: It is not above 0.
    """
    if floor is not None and not floor > 0:
        raise TrainingError(f"Expected --set floor=... above 0, but got {floor}.")


def said_of_floor(floor: float | None) -> list[str]:
    """Return what tables say of a network that learned `over_crops`: nothing without a floor."""
    return [] if floor is None else [f"logarithm of each crop's MSE + {floor:g}"]


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


def texture(sr: Tensor, hr: Tensor, scale: int) -> Tensor:
    """Return how differently strong the fine detail of SR and HR is, patch by patch; what it looks like is left open.

    Fine detail is what an LR image does not hold: an image minus itself reduced by `scale` and enlarged again by
    bicubic interpolation. For each channel of each patch of 16x16 pixels this is the squared difference of the
    logarithms of the detail's variances, averaged; logarithms let a flat sky count as much as fur. What rounding to 8
    bits leaves is added to each. The idea of comparing what a patch's texture is, in place of its pixels, is that of
    the texture matching loss of EnhanceNet (Sajjadi et al., arXiv 1612.07919): Gram matrices of VGG's features there.

    Args:
        sr: (N, C, H, W) crops in -1..1, whose sides are multiples of `scale`. What is beyond a multiple of 16 pixels
            is left out.
        hr: The same.
        scale: Upscaling factor.
    """
    fake, real = (_variances(_detail(image, scale)) for image in (sr, hr))
    return functional.mse_loss((fake + _ROUNDING).log(), (real + _ROUNDING).log())


def _detail(image: Tensor, scale: int) -> Tensor:
    lr = functional.interpolate(image, scale_factor=1 / scale, mode="bicubic", antialias=True)
    # With antialiasing the kernel is the usual one of imresize, which enlarging does not change otherwise.
    return image - functional.interpolate(lr, scale_factor=scale, mode="bicubic", antialias=True)


def _variances(detail: Tensor) -> Tensor:
    """Return the variances of patches, (N, C, H // 16, W // 16)."""
    means = functional.avg_pool2d(detail, PATCH)
    return functional.avg_pool2d(detail.square(), PATCH) - means.square()


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
