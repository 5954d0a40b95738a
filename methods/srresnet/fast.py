"""SRResNet rewritten for speed: the same function of its input, up to the rounding of floating point."""

from __future__ import annotations

import math
from fractions import Fraction

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu_, pixel_shuffle

from srbench.inference.folding import fold
from srbench.methods.srresnet.network import Block, SRResNet, factors


class FastSRResNet(nn.Module):
    """A trained SRResNet as two stages, `body` at LR size and `tail` from there to the SR image.

    Four rewrites, none of which changes the function: batch normalisation is folded into the convolution before
    it; a PReLU with one parameter is applied before the pixel shuffle instead of behind it, where it needs no
    copy; the last 9x9 convolution moves before the last pixel shuffle (see `before_shuffle`), where it has
    many output channels instead of three and uses the processor's vector units fully; and the first convolution
    takes 8-bit values as they are, which bfloat16 represents exactly, instead of their 255th parts.

    Args:
        network: The network as published, in evaluation mode.
    """

    def __init__(self, network: SRResNet) -> None:
        super().__init__()
        layers = list(network.body)
        self.skip = network.skip
        self.scale = int(str(network.arguments["scale"]))
        self.head, self.head_slope = _activated(network.head)
        self.head.weight.data /= 255
        self.blocks = nn.ModuleList(_FastBlock(layer) for layer in layers if isinstance(layer, Block))
        self.join = fold(layers[len(self.blocks) :])
        convolutions = [layer for layer in network.upsampling if isinstance(layer, nn.Conv2d)]
        self.convolutions = nn.ModuleList(convolutions)
        self.slopes = [_slope(layer) for layer in network.upsampling if isinstance(layer, nn.PReLU)]
        self.factors = factors(self.scale)
        self.last = before_shuffle(network.last, self.factors[-1])

    @property
    def halo(self) -> int:
        """How many LR pixels around a piece its `tail` depends on."""
        reach, size = Fraction(self.last.kernel_size[0] // 2, self.scale // self.factors[-1]), 1
        for factor in self.factors:
            reach, size = reach + Fraction(1, size), size * factor
        return math.ceil(reach)

    def body(self, lr: Tensor) -> Tensor:
        """Return the (N, width, H, W) features of an (N, 3, H, W) image in 0..255."""
        first = _prelu(self.head(lr), self.head_slope)
        features: Tensor = first
        for block in self.blocks:
            features = block(features)
        features = self.join(features)
        return features.add_(first) if self.skip else features

    def tail(self, features: Tensor) -> Tensor:
        """Return the (N, 3, scale*H, scale*W) image in -1..1 of the features of `body`."""
        steps = zip(self.convolutions, self.slopes, [*self.factors[:-1], 1], strict=True)
        for convolution, slope, factor in steps:
            features = pixel_shuffle(_prelu(convolution(features), slope), factor)
        return pixel_shuffle(self.last(features), self.factors[-1])

    def forward(self, lr: Tensor) -> Tensor:
        """Return `tail(body(lr))`."""
        return self.tail(self.body(lr))


class _FastBlock(nn.Module):
    def __init__(self, block: Block) -> None:
        super().__init__()
        layers = list(block.layers)
        middle = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.PReLU))
        self.skip = block.skip
        self.slope = _slope(layers[middle])
        self.first, self.second = fold(layers[:middle]), fold(layers[middle + 1 :])

    def forward(self, features: Tensor) -> Tensor:
        change: Tensor = self.second(_prelu(self.first(features), self.slope))
        return change.add_(features) if self.skip else change


def before_shuffle(convolution: nn.Conv2d, factor: int) -> nn.Conv2d:
    """Return the convolution that does before a pixel shuffle by `factor` what `convolution` does behind it.

    With P the shuffle: P(result(x)) = convolution(P(x)). A tap at distance d from the output pixel a (0 <= a <
    factor) of a cell lies in the cell floor((a + d) / factor) away, at its pixel (a + d) mod factor; so the
    weights are only moved, and places that no tap reaches stay zero.

    Args:
        convolution: Stride 1, odd square kernel, "same" zero padding.
        factor: The factor of the pixel shuffle.
    """
    outputs, inputs, size, _ = convolution.weight.shape
    reach = size // 2
    cells = -(-reach // factor)
    moved = nn.Conv2d(inputs * factor**2, outputs * factor**2, 2 * cells + 1, padding=cells)
    weight = torch.zeros(outputs, factor, factor, inputs, factor, factor, 2 * cells + 1, 2 * cells + 1)
    for a, i in ((a, i) for a in range(factor) for i in range(size)):
        row, from_row = divmod(a + i - reach, factor)
        for b, j in ((b, j) for b in range(factor) for j in range(size)):
            column, from_column = divmod(b + j - reach, factor)
            weight[:, a, b, :, from_row, from_column, row + cells, column + cells] = convolution.weight.detach()[
                :, :, i, j
            ]
    moved.weight.data = weight.reshape(moved.weight.shape)
    if convolution.bias is not None and moved.bias is not None:
        moved.bias.data = convolution.bias.detach().repeat_interleave(factor**2)
    return moved


def _activated(layers: nn.Sequential) -> tuple[nn.Conv2d, float]:
    convolution, activation = layers
    return fold([convolution]), _slope(activation)


def _slope(activation: nn.Module) -> float:
    return float(activation.get_parameter("weight").item())


def _prelu(features: Tensor, slope: float) -> Tensor:
    # PReLU with one parameter is a leaky ReLU, which torch can compute in place.
    return leaky_relu_(features, slope)
