"""Bicubic interpolation (Keys, a = -1/2), bit for bit MATLAB's imresize."""

from srbench.images import Image
from srbench.registry import register
from srbench.resize import enlarge


@register("bicubic", title="Bicubic", order=20)
def bicubic(lr: Image, scale: int) -> Image:
    """Enlarge `lr` `scale` times."""
    return enlarge(lr, scale)
