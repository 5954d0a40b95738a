"""Any model that a card describes: `model:FILE.toml`."""

from __future__ import annotations

from srbench.foreign import methods
from srbench.registry import Setup, Upscaler, register_loader


@register_loader(
    "model", title="Model of a card", argument="FILE.toml", expand=methods.expand("model"), about=methods.about("model")
)
def load(setup: Setup) -> Upscaler:
    """Return the upscaler of the model that the card `setup.argument` describes."""
    return methods.load("model", setup)
