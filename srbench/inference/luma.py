"""Makes the networks that work on luma alone ready: SRCNN, ESPCN, DRCN."""

from __future__ import annotations

from torch import Tensor, nn

from srbench.inference.engine import Engine
from srbench.inference.tiles import Stage
from srbench.inference.upscalers import LumaUpscaler
from srbench.registry import Setup


def ready(
    network: nn.Module,
    setup: Setup,
    *,
    halo: int | None,
    enlarged: bool,
    pixels: int,
    floats: int,
    grid: int = 1,
    tricks: str = "channels-last tiles",
) -> LumaUpscaler:
    """Return an upscaler around a luma network with values in 0..1.

    Args:
        network: (N, 1, H, W) in; the same out if `enlarged`, else (N, 1, scale*H, scale*W).
        setup: Scale, device and precision; `exact` runs the network whole and as it is.
        halo: How many input pixels around a piece its output depends on; None for a network that runs whole.
        enlarged: Whether the network sharpens luma that was enlarged by bicubic interpolation.
        pixels: Input pixels that are computed at once on a processor.
        floats: Numbers that each takes at the peak, see `Stage`.
        grid: Pieces start at multiples of it, see `Stage`.
        tricks: How the network differs from the published one, for `path`.
    """

    def compute(luma: Tensor) -> Tensor:
        sr: Tensor = network(luma / 255)
        return sr.float() * 255

    whole = setup.precision == "exact"
    stage = Stage(compute, 1 if enlarged else setup.scale, None if whole else halo, pixels, floats, grid)
    engine = Engine(network, [stage], setup, "as published" if whole else tricks)
    return LumaUpscaler(engine, setup.scale, enlarged)
