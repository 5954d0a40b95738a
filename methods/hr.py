"""The original itself: the upper end of every opinion scale."""

from srbench.images import Image
from srbench.registry import ImagePair, register


@register("hr", title="Original (HR)", takes_pair=True, order=120)
def original(pair: ImagePair, scale: int) -> Image:  # noqa: ARG001 - every method takes a scale
    """Return the HR image."""
    return pair.hr()
