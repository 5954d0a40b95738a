"""Lanczos interpolation with three lobes."""

from srbench.images import Image
from srbench.registry import register
from srbench.resize import enlarge


@register("lanczos", title="Lanczos", order=14)
def lanczos(lr: Image, scale: int) -> Image:
    """Enlarge `lr` `scale` times."""
    return enlarge(lr, scale, kernel="lanczos3")
