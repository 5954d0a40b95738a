"""DRCN rewritten for speed on a CPU: the same function of its input, up to the rounding of floating point."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from srbench.inference.winograd import Layer, Output, Padded, convolve
from srbench.methods.drcn.network import DRCN


class FastDRCN(nn.Module):
    """A trained DRCN whose wide convolutions go through Winograd's algorithm.

    Two further rewrites, neither of which changes the function: the last convolution is linear, so that it is applied
    once to the weighted sum of the recursions' hidden layers instead of once to each; and the recursion and the
    reconstruction that read the same hidden layer share its transform.

    Args:
        network: The network as published, in evaluation mode and fp32.
    """

    def __init__(self, network: DRCN) -> None:
        super().__init__()
        self.halo = network.halo
        self.head, self.last = network.embedding[0], network.reconstruction[2]
        self.embedding = Layer(network.embedding[2])  # type: ignore[arg-type] # a Sequential forgets its types
        self.recursion = Layer(network.recursion[0])  # type: ignore[arg-type] # a Sequential forgets its types
        self.reconstruction = Layer(network.reconstruction[0])  # type: ignore[arg-type] # as above
        shares = network.shares().tolist()
        self.shares = [0.0] * (network.weights.numel() - len(shares)) + shares

    def forward(self, enlarged: Tensor) -> Tensor:
        """Return the sharpened luma; both are (N, 1, H, W) with 0..1 standing for the 8-bit values 0..255."""
        return torch.cat([self._one(image[None]) for image in enlarged])

    def _one(self, enlarged: Tensor) -> Tensor:
        height, width = enlarged.shape[-2:]
        channels = len(self.recursion.bias)
        hidden, following, total = (Padded.zeros(height, width, channels) for _ in range(3))
        following.tensor().copy_(functional.relu_(self.head(enlarged)))
        convolve(following, Output(self.embedding, hidden))
        convolve(hidden, Output(self.recursion, following))
        for number, share in enumerate(self.shares, start=1):
            hidden, following = following, hidden
            outputs = [Output(self.reconstruction, total, share)] if share else []
            if number < len(self.shares):
                outputs.append(Output(self.recursion, following))
            convolve(hidden, *outputs)
        sharpened: Tensor = enlarged + self.last(total.tensor())
        return sharpened
