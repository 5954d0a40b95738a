"""Makes a trained DRCN ready for a device and precision."""

from __future__ import annotations

from torch import nn

from srbench.inference import luma
from srbench.inference.upscalers import LumaUpscaler
from srbench.inference.winograd import TILE
from srbench.methods.drcn.network import DRCN
from srbench.registry import Setup

_PIECE = 131_072  # input pixels at once; three layers of 256 channels of them take 400 MB
_FLOATS = 600  # two layers of 256 channels, and the predictions


def ready(network: DRCN, setup: Setup) -> LumaUpscaler:
    """Return an upscaler around `network`: through Winograd's convolutions for fp32 on a CPU, else as published."""
    chosen: nn.Module = network
    fast = setup.device == "cpu" and setup.precision == "fast"
    if fast:
        from srbench.methods.drcn.fast import FastDRCN

        chosen = FastDRCN(network)
    return luma.ready(
        chosen,
        setup,
        halo=network.halo,
        enlarged=True,
        pixels=_PIECE,
        floats=_FLOATS,
        grid=TILE if fast else 1,
        tricks="Winograd tiles" if fast else "channels-last tiles",
    )
