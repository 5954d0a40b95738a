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
    from srbench.methods.drcn.loading import ready
    from srbench.methods.drcn.network import DRCN

    return ready(weights.load(_WEIGHTS[setup.scale], DRCN, setup.scale), setup)
