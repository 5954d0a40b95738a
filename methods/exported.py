"""Networks as files of torch.export: `pt2:FILE`."""

from __future__ import annotations

from srbench.foreign import methods
from srbench.registry import Setup, Upscaler, register_loader


@register_loader(
    "pt2", title="Exported network", argument="FILE", expand=methods.expand("pt2"), about=methods.about("pt2")
)
def load(setup: Setup) -> Upscaler:
    """Return the upscaler of the file `setup.argument`."""
    return methods.load("pt2", setup)
