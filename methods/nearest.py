"""Nearest neighbour: every LR pixel becomes a block of equal pixels."""

from srbench.images import Image
from srbench.registry import register


@register("nearest", title="Nearest", order=10)
def nearest(lr: Image, scale: int) -> Image:
    """Repeat each pixel of `lr` `scale` times in both directions."""
    return lr.repeat(scale, axis=0).repeat(scale, axis=1)
