"""Networks as ONNX files, run by onnxruntime: `onnx:FILE`."""

from __future__ import annotations

from srbench.foreign import methods
from srbench.registry import Setup, Upscaler, register_loader


@register_loader(
    "onnx", title="ONNX network", argument="FILE", expand=methods.expand("onnx"), about=methods.about("onnx")
)
def load(setup: Setup) -> Upscaler:
    """Return the upscaler of the file `setup.argument`."""
    return methods.load("onnx", setup)
