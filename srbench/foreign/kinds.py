"""Which adapter reads a file: what its name ends in says so, and where it does not, what is in it."""

from __future__ import annotations

import zipfile
from pathlib import Path

KINDS = ("model", "spandrel", "onnx", "torchscript", "pt2")
_SUFFIXES = {".toml": "model", ".onnx": "onnx", ".pt2": "pt2", ".ts": "torchscript", ".torchscript": "torchscript"}


def kind_of(path: Path) -> str:
    """Return the kind of a file: `model` for a card, `spandrel` for weights, or one of the other `KINDS`.

    >>> kind_of(Path("edsr.toml")), kind_of(Path("edsr.onnx")), kind_of(Path("edsr.safetensors"))
    ('model', 'onnx', 'spandrel')
    """
    known = _SUFFIXES.get(path.suffix)
    return known or ("torchscript" if _is_script(path) else "spandrel")


def _is_script(path: Path) -> bool:
    # TorchScript is often called .pt as well: it is an archive with the network's code in it.
    try:
        with zipfile.ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False
