"""Weight files of networks whose architecture spandrel recognises: `spandrel:FILE`."""

from __future__ import annotations

from srbench.foreign import methods
from srbench.registry import Setup, Upscaler, register_loader


@register_loader(
    "spandrel",
    title="Network that spandrel knows",
    argument="FILE",
    expand=methods.expand("spandrel"),
    about=methods.about("spandrel"),
)
def load(setup: Setup) -> Upscaler:
    """Return the upscaler of the file `setup.argument`."""
    return methods.load("spandrel", setup)
