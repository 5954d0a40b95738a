"""Folds batch normalisation into the convolution before it: in evaluation both are one affine map."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from srbench.errors import MethodError


def fold(layers: Sequence[nn.Module]) -> nn.Conv2d:
    """Return one convolution that equals a convolution followed, or not, by batch normalisation.

    With the stored mean m, variance v, scale g and shift b, the normalisation is y = g (x - m) / sqrt(v + eps) + b.
    It is multiplied in with double precision, and the layers themselves are left as they are.

    Args:
        layers: A convolution, and behind it at most one `BatchNorm2d` with parameters and running statistics.

    Raises:
        MethodError: There are other layers.
    """
    convolution, *rest = layers
    if not isinstance(convolution, nn.Conv2d) or len(rest) > 1:
        raise MethodError(f"Expected a convolution and at most one normalisation, got {list(layers)}.")
    folded = nn.Conv2d(
        convolution.in_channels,
        convolution.out_channels,
        (convolution.kernel_size[0], convolution.kernel_size[1]),
        padding=convolution.padding,  # type: ignore[arg-type] # torch types it wider than it takes it
    )
    weight = convolution.weight.detach().double()
    bias = torch.zeros(len(weight)).double() if convolution.bias is None else convolution.bias.detach().double()
    for norm in rest:
        if not isinstance(norm, nn.BatchNorm2d) or norm.running_mean is None or norm.running_var is None:
            raise MethodError(f"Expected batch normalisation with running statistics, got {norm}.")
        gain = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
        weight = weight * gain[:, None, None, None]
        bias = (bias - norm.running_mean.double()) * gain + norm.bias.detach().double()
    folded.weight.data, folded.bias.data = weight.float(), bias.float()  # type: ignore[union-attr] # it has one
    return folded
