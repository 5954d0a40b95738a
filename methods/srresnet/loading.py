"""Makes SRResNet generators ready to run, from a weight file or a network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from srbench import weights
from srbench.inference.engine import Engine
from srbench.inference.tiles import Stage
from srbench.inference.upscalers import RgbUpscaler
from srbench.methods.srresnet.fast import FastSRResNet
from srbench.methods.srresnet.network import SRResNet
from srbench.registry import Setup

# LR pixels of one strip of the tail, which needs about 12 KB for each: 150 MB at most.
_STRIP = 12_288
_FLOATS = 2_500  # of an LR pixel: nine layers of 256 channels at its size, or what the shuffles make of them


def load(files: Mapping[int, Path], setup: Setup) -> RgbUpscaler:
    """Return the upscaler of the weight file for the scale of `setup`.

    Raises:
        WeightsError: The file cannot be used.
    """
    return ready(weights.load(files[setup.scale], SRResNet, setup.scale), setup)


def ready(network: SRResNet, setup: Setup) -> RgbUpscaler:
    """Return an upscaler around `network`: rewritten for speed, or as published where `exact` is asked for."""
    if setup.precision == "exact":

        def whole(lr: Tensor) -> Tensor:
            sr: Tensor = network(lr / 255)
            return (sr + 1) * 127.5

        return RgbUpscaler(Engine(network, [Stage(whole, setup.scale)], setup, "as published"))
    fast = FastSRResNet(network)

    def tail(features: Tensor) -> Tensor:
        sr: Tensor = (fast.tail(features).float() + 1) * 127.5
        return sr

    stages = [Stage(fast.body), Stage(tail, setup.scale, halo=fast.halo, pixels=_STRIP, floats=_FLOATS)]
    return RgbUpscaler(Engine(fast, stages, setup, "folded+tail strips"))
