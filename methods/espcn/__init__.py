"""ESPCN: convolutions at LR size and a pixel shuffle (Shi et al., 2016)."""

from srbench import weights
from srbench.registry import Setup, Upscaler, register_loader

_SCALES = (2, 3, 4)
_WEIGHTS = weights.paths(__file__, "espcn", _SCALES)


@register_loader(
    "espcn",
    title="ESPCN",
    scales=_SCALES,
    weights=_WEIGHTS,
    parameters={2: 21284, 3: 22729, 4: 24752},
    note=weights.note(_WEIGHTS),
    order=60,
    cite="Shi et al., Real-time single image and video super-resolution, CVPR 2016 (arXiv 1609.05158)",
)
def load(setup: Setup) -> Upscaler:
    """Return ESPCN with its weights, on LR luma."""
    from srbench.methods.espcn.loading import ready
    from srbench.methods.espcn.network import ESPCN

    return ready(weights.load(_WEIGHTS[setup.scale], ESPCN, setup.scale), setup)
