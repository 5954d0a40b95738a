"""The weight of the adversarial loss by the gradients of both losses at the SR image."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

LIMIT = 1e4
"""No weight is above this, which is the original's limit: a discriminator that says nothing has no gradient."""


def balanced_weight(content: Tensor, adversarial: Tensor, ratio: float) -> float:
    """Return the weight that makes the adversarial gradient `ratio` times as long as the content loss's.

    This is the adaptive weight of Esser et al., "Taming transformers for high-resolution image synthesis" (CVPR
    2021, equation 7), which takes both gradients at the generator's last layer; here they are taken at the image,
    where they cost nothing more and no layer is preferred.

    Args:
        content: Gradient of the weighted content loss, of the SR image's shape.
        adversarial: Gradient of the adversarial loss without a weight, of the same shape.
        ratio: Length wanted, in parts of the other's.

    >>> balanced_weight(torch.tensor([3.0, 4.0]), torch.tensor([0.0, 10.0]), 0.5)
    0.25
    """
    lengths = [float(torch.linalg.vector_norm(gradient.double())) for gradient in (content, adversarial)]
    return min(LIMIT, ratio * lengths[0] / lengths[1]) if lengths[1] > 0 else LIMIT


def joined(gradients: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Return the gradient of the weighted sum of losses from the gradient of each."""
    return torch.stack([weights[name] * gradient for name, gradient in gradients.items()]).sum(0)
