"""Makes a trained SRCNN ready for a device and precision."""

from __future__ import annotations

from srbench.inference import luma
from srbench.inference.upscalers import LumaUpscaler
from srbench.methods.srcnn.network import SRCNN
from srbench.registry import Setup


def ready(network: SRCNN, setup: Setup) -> LumaUpscaler:
    """Return an upscaler around `network`."""
    return luma.ready(network, setup, halo=network.halo, enlarged=True, pixels=131_072, floats=200)
