"""SRCNN: the first convolutional network for super-resolution (Dong et al., 2014)."""

from srbench import weights
from srbench.registry import Setup, Upscaler, register_loader

_SCALES = (2, 3, 4)
_WEIGHTS = weights.paths(__file__, "srcnn", _SCALES)


@register_loader(
    "srcnn",
    title="SRCNN",
    scales=_SCALES,
    weights=_WEIGHTS,
    parameters=dict.fromkeys(_SCALES, 8129),
    note=weights.note(_WEIGHTS),
    order=30,
    cite="Dong et al., Image super-resolution using deep convolutional networks, 2014 (arXiv 1501.00092)",
)
def load(setup: Setup) -> Upscaler:
    """Return SRCNN with its weights, on bicubically enlarged luma."""
    from srbench.methods.srcnn.loading import ready
    from srbench.methods.srcnn.network import SRCNN

    return ready(weights.load(_WEIGHTS[setup.scale], SRCNN, setup.scale), setup)
