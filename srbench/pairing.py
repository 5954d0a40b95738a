"""The pictures that a figure was taken from: every original with its result, brought to one size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import srbench.datasets as datasets
from srbench import images
from srbench.datasets import ImagePair, describe_left_out
from srbench.errors import MetricError, MissingError
from srbench.images import Image
from srbench.methods import results


@dataclass(frozen=True, slots=True)
class ScoredPicture:
    """One result and its original.

    Attributes:
        name: Name of the image.
        sr: The result.
        hr: The original, of the same size; gray beside a colour result where it is.
        whole: The original as it is in its file, from which LR images are made.
        removed: How many pixels were missing at each side of the result.
        lr: The LR file that came with the original; None where there is none.
    """

    name: str
    sr: Image
    hr: Image
    whole: Image
    removed: int = 0
    lr: Image | None = None

    @property
    def is_gray(self) -> bool:
        """Whether the original is gray."""
        return self.hr.ndim == 2


def pictures(sr: str | Path, hr: str | Path, scale: int) -> tuple[list[ScoredPicture], list[str]]:
    """Return the results in `sr` with the originals in `hr`, and what a reader must know about them.

    Args:
        sr: A folder of results, which are found by name as `results:DIR` finds them; or a file.
        hr: A folder of originals or the name of a data set; or a file, where `sr` is one.
        scale: The factor.

    Raises:
        MetricError: No original has a result, or a result does not have the size of its original.
        DatasetError, MethodError, ImageError: A folder or a picture cannot be read.
    """
    if Path(sr).is_file() or Path(hr).is_file():
        found = [_fit(Path(hr).stem, images.read(sr), images.read(hr), scale, Path(sr))]
        return found, _notes(found, [], 1)
    dataset = datasets.load(str(hr), scale)
    found, missing = [], []
    for pair in dataset.pairs:
        try:
            found.append(_picture(Path(sr), pair))
        except MissingError as error:
            missing.append(pair.name)
            last = error
    if not found:
        raise MetricError(f"None of the {len(dataset.pairs)} originals in {hr} has a result in {sr}: {last}")
    notes = _notes(found, missing, len(dataset.pairs))
    left_out = describe_left_out(dataset.left_out) if dataset.left_out else ""
    return found, [*notes, *([left_out] if left_out else [])]


def _picture(folder: Path, pair: ImagePair) -> ScoredPicture:
    if not folder.is_dir():
        raise MetricError(f"There is no folder {folder}; expected one that holds the results.")
    path = results.find(str(folder), pair)
    lr = pair.lr() if pair.lr_path is not None else None
    return _fit(pair.name, images.read(path), images.read(pair.hr_path), pair.scale, path, lr)


def _fit(name: str, sr: Image, whole: Image, scale: int, path: Path, lr: Image | None = None) -> ScoredPicture:
    if sr.ndim == 2 and whole.ndim == 3:
        if not (whole == whole[..., :1]).all():
            raise MetricError(f"{path} is gray, and its original has colours; expected a colour picture.")
        sr = images.as_rgb(sr)
    if sr.ndim == 3 and whole.ndim == 2 and (sr == sr[..., :1]).all():
        sr = np.ascontiguousarray(sr[..., 0])  # many programs save gray results as three equal channels
    cropped = images.crop_to_multiple(whole, scale)
    for hr in (whole, cropped):
        border = _missing(sr, hr)
        if border is not None:
            return ScoredPicture(name, sr, np.ascontiguousarray(images.shave(hr, border)), whole, border, lr)
    high, wide = cropped.shape[:2]
    raise MetricError(
        f"{path} has {sr.shape[1]}x{sr.shape[0]} pixels; expected {wide}x{high}, as its original cropped to a multiple "
        f"of {scale}, or less by the same number at each side."
    )


def _missing(sr: Image, hr: Image) -> int | None:
    high, wide = (theirs - ours for theirs, ours in zip(hr.shape[:2], sr.shape[:2], strict=True))
    return high // 2 if high == wide >= 0 and high % 2 == 0 and high <= 64 else None


def _notes(found: Sequence[ScoredPicture], missing: Sequence[str], total: int) -> list[str]:
    notes = []
    if missing:
        few = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        notes.append(f"{len(missing)} of {total} originals have no result and are left out: {few}.")
    removed = {picture.removed for picture in found}
    if len(removed) > 1:
        raise MetricError(
            f"The results lack {', '.join(map(str, sorted(removed)))} pixels at each side of their originals; expected "
            "the same border for all."
        )
    if removed != {0}:
        notes.append(f"The results were saved without a border of {removed.pop()} pixels: smaller ones are not tried.")
    odd = [picture.name for picture in found if picture.hr.shape[:2] != picture.whole.shape[:2]]
    if odd and not found[0].removed:
        notes.append(f"{len(odd)} originals were cropped to a multiple of the scale, as their results are.")
    return notes
