"""Networks as TorchScript files: `torchscript:FILE`."""

from __future__ import annotations

from srbench.foreign import methods
from srbench.registry import Setup, Upscaler, register_loader


@register_loader(
    "torchscript",
    title="TorchScript network",
    argument="FILE",
    expand=methods.expand("torchscript"),
    about=methods.about("torchscript"),
)
def load(setup: Setup) -> Upscaler:
    """Return the upscaler of the file `setup.argument`."""
    return methods.load("torchscript", setup)
