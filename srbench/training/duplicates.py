"""Keeps test images and their near-duplicates out of training, by perceptual hashes."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from srbench import images
from srbench.errors import TrainingError
from srbench.images import Image

HASHES = Path(__file__).with_name("test_hashes.json")
NEAR = 8
"""Largest number of differing bits, of 64, that counts as the same photograph.

BSDS500's `302003`, which is Set5's `woman` in another crop, differs by 2 bits; the nearest of 1,240 other training
photographs differs from all test images by 12.
"""


def perceptual_hash(image: Image) -> int:
    """Return the 64-bit DCT hash of an image's gray version.

    Raises:
        ImportError: imagehash is not installed.
    """
    import imagehash

    gray = PillowImage.fromarray(image).convert("L")
    return int(str(imagehash.phash(gray)), 16)


def hash_test_sets(root: Path, sets: Sequence[str] = ("set5", "set14", "bsd100")) -> dict[str, list[str]]:
    """Return the hashes of each test image and of its mirror image, as they are stored in `HASHES`."""
    table = {}
    for name in sets:
        for path in sorted((root / name / "HR").glob("*.png")):
            image = images.read(path)
            pair = (perceptual_hash(version) for version in (image, np.ascontiguousarray(image[:, ::-1])))
            table[f"{name}/{path.stem}"] = [f"{value:016x}" for value in pair]
    return table


def stored_hashes() -> dict[str, list[int]]:
    """Return the hashes of the test images that come with srbench."""
    rows: dict[str, list[str]] = json.loads(HASHES.read_text(encoding="utf-8"))
    return {name: [int(value, 16) for value in values] for name, values in rows.items()}


def nearest(own: int, table: Mapping[str, Sequence[int]]) -> tuple[int, str]:
    """Return how many bits of a perceptual hash the most similar test image differs by, and its name."""
    return min(((own ^ value).bit_count(), name) for name, values in table.items() for value in values)


class Screen:
    """Tells test images and their near-duplicates from other photographs, one after another, and says so.

    Args:
        keep: Let everything pass.

    Attributes:
        refused: {name: test image} of those that did not pass.

    Raises:
        TrainingError: imagehash is not installed, and not everything is to pass.
    """

    def __init__(self, keep: bool = False) -> None:
        self.refused: dict[str, str] = {}
        self._table: dict[str, list[int]] = {}
        if not keep:
            _require_hashes()
            self._table = stored_hashes()

    @property
    def needs_hashes(self) -> bool:
        """Whether images are told apart at all."""
        return bool(self._table)

    def passes(self, own: int | None, name: str, place: object) -> bool:
        """Return whether the image of a perceptual hash, known as `name` and found at `place`, is no test image."""
        bits, looks_like = nearest(own, self._table) if self._table and own is not None else (64, "")
        if bits > NEAR:
            return True
        self.refused[name] = looks_like
        sys.stderr.write(f"Left out {place}: it is, or looks like, the test image {looks_like} ({bits} of 64 bits).\n")
        return False


def can_hash() -> bool:
    """Return whether imagehash is installed."""
    try:
        _require_hashes()
    except TrainingError:
        return False
    return True


def _require_hashes() -> None:
    try:
        import imagehash  # noqa: F401 # only whether it can be used
    except ImportError as error:
        raise TrainingError(
            f"Photographs that look like test images cannot be found without imagehash ({error}), and training on them "
            "makes all scores too good. Install it with 'pip install imagehash', or train on everything with "
            "--keep-duplicates."
        ) from None
