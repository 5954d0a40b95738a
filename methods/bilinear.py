"""Linear interpolation between the two nearest LR pixels in each direction."""

from srbench.images import Image
from srbench.registry import register
from srbench.resize import enlarge


@register("bilinear", title="Bilinear", order=12)
def bilinear(lr: Image, scale: int) -> Image:
    """Enlarge `lr` `scale` times."""
    return enlarge(lr, scale, kernel="bilinear")
