"""Makes a trained ESPCN ready for a device and precision."""

from __future__ import annotations

from srbench.inference import luma
from srbench.inference.upscalers import LumaUpscaler
from srbench.methods.espcn.network import ESPCN
from srbench.registry import Setup


def ready(network: ESPCN, setup: Setup) -> LumaUpscaler:
    """Return an upscaler around `network`."""
    return luma.ready(network, setup, halo=network.halo, enlarged=False, pixels=131_072, floats=200)
