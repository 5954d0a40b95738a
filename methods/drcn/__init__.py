"""DRCN: one convolution applied many times (Kim et al., 2016)."""

from srbench import weights
from srbench.registry import Setup, Upscaler, register_loader

_SCALES = (2, 3, 4)
_WEIGHTS = weights.paths(__file__, "drcn", _SCALES)


@register_loader(
    "drcn",
    title="DRCN",
    scales=_SCALES,
    weights=_WEIGHTS,
    parameters=dict.fromkeys(_SCALES, 1_775_121),
    note=weights.note(_WEIGHTS),
    order=50,
    cite="Kim et al., Deeply-recursive convolutional network, CVPR 2016 (arXiv 1511.04491)",
)
def load(setup: Setup) -> Upscaler:
    """Return DRCN with its weights, on bicubically enlarged luma."""
    from srbench.inference.luma import ready
    from srbench.methods.drcn.network import DRCN

    network = weights.load(_WEIGHTS[setup.scale], DRCN, setup.scale)
    return ready(network, setup, halo=network.halo, enlarged=True, pixels=131_072)
