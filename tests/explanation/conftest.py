"""Small sets of pictures whose figures are known, because they were computed by one rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from srbench import images, resize
from srbench.images import Image


def write_set(folder: Path, pictures: dict[str, Image], scale: int = 4) -> tuple[Path, Path]:
    """Write originals and what bicubic makes of them; return the folders (results, originals)."""
    for name, hr in pictures.items():
        hr = images.crop_to_multiple(hr, scale)
        sr = resize.enlarge(resize.reduce(hr, scale), scale)
        images.write(folder / "originals" / f"{name}.png", hr)
        images.write(folder / "bicubic" / f"{name}.png", sr)
    return folder / "bicubic", folder / "originals"


@pytest.fixture
def coloured(tmp_path: Path) -> tuple[Path, Path]:
    """Two pictures of unequal size, both in colour."""
    cat, astronaut = skimage.data.chelsea(), skimage.data.astronaut()
    return write_set(tmp_path, {"cat": cat[60:160, 90:202], "woman": astronaut[20:92, 180:280]})


@pytest.fixture
def with_gray(tmp_path: Path) -> tuple[Path, Path]:
    """A picture in colour and a gray one, whose result has three slightly different channels."""
    results, originals = write_set(
        tmp_path, {"cat": skimage.data.chelsea()[60:160, 90:202], "gray": skimage.data.camera()[60:160, 200:300]}
    )
    gray = images.read(results / "gray.png")
    images.write(results / "gray.png", np.stack([gray, gray, np.minimum(gray, 250) + np.uint8(3)], axis=2))
    return results, originals
