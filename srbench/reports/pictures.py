"""Which part of which image a report shows: where the methods disagree most, or what the reader names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from srbench import images
from srbench.bench import results
from srbench.errors import ReportError, unknown
from srbench.images import Image
from srbench.reports.findings import Findings
from srbench.tables.table import ORIGINAL

SIDE = 96
SLIDER_SIDE = 256
_CROP = re.compile(r"(?P<dataset>[^/:]+)/(?P<image>[^:]+):(?P<x>\d+),(?P<y>\d+),(?P<width>\d+),(?P<height>\d+)")


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of one image, in pixels from its upper left corner."""

    dataset: str
    image: str
    x: int
    y: int
    width: int
    height: int

    @property
    def name(self) -> str:
        """A name for files and addresses."""
        return re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{self.dataset}-{self.image}")

    def cut(self, picture: Image) -> Image:
        """Return the rectangle of `picture`."""
        return picture[self.y : self.y + self.height, self.x : self.x + self.width]


def regions(findings: Findings) -> list[Region]:
    """Return what figure 2 / 6 shows: the crops chosen by hand, else one per data set.

    Raises:
        ReportError: A crop chosen by hand is malformed, unknown, or outside its image.
    """
    if findings.choices.crops:
        return [_by_hand(findings, text) for text in findings.choices.crops]
    found = []
    for dataset in findings.names.datasets:
        for image in contested(findings, dataset, 1):
            versions = load(findings, dataset, image)
            if len(versions) > 1:
                found.append(_by_disagreement(dataset, image, versions, SIDE))
    return found


def slider_regions(findings: Findings) -> list[Region]:
    """Return the parts of images that the slider offers."""
    found = []
    for dataset in findings.names.datasets:
        for image in contested(findings, dataset, findings.choices.slider):
            versions = load(findings, dataset, image)
            if len(versions) > 1:
                found.append(_by_disagreement(dataset, image, versions, SLIDER_SIDE))
    return found


def contested(findings: Findings, dataset: str, count: int) -> list[str]:
    """Return the `count` images whose scores differ most between methods, by SSIM where the run has it."""
    metric = "ssim" if "ssim" in findings.names.metrics else findings.names.metrics[0]
    rows = findings.scores
    rows = rows[(rows["metric"] == metric) & (rows["dataset"] == dataset) & (rows["method"] != ORIGINAL)]
    rows = rows[np.isfinite(rows["value"])]
    spread = rows.groupby("image")["value"].std().fillna(0.0).sort_index()
    return [str(name) for name in spread.sort_values(ascending=False, kind="stable").index[:count]]


def load(findings: Findings, dataset: str, image: str) -> dict[str, Image]:
    """Return every version of an image that the run kept and scored, in the order of tables; gray ones stay gray.

    Raises:
        ReportError: A picture is not the one that was scored, or two of them differ in size.
    """
    if findings.run is None:
        return {}
    folder, hashes = findings.run.folder, findings.info.get("images_sha256", {})
    rows = findings.scores
    scored = set(rows.loc[(rows["dataset"] == dataset) & (rows["image"] == image), "method"])
    found: dict[str, Image] = {}
    for method in findings.names.methods:
        if method not in scored:
            continue
        path = results.image_path(folder, method, dataset, image)
        if not path.is_file():
            continue
        expected = hashes.get(f"{method}/{dataset}/{image}")
        if expected and images.file_sha256(path) != expected:
            raise ReportError(f"{path} has changed since it was scored. Run the bench again, then make the report.")
        found[method] = images.read(path)
        first, shape = next(iter(found)), found[method].shape[:2]
        if shape != found[first].shape[:2]:
            raise ReportError(
                f"{path} has {shape[1]}x{shape[0]} pixels, and that of '{first}' has another size: they were made from "
                "different inputs. Run the bench again for all methods, then make the report."
            )
    return found


def _by_hand(findings: Findings, text: str) -> Region:
    match = _CROP.fullmatch(text)
    if match is None:
        raise ReportError(f"Cannot read the crop '{text}'; expected SET/IMAGE:X,Y,WIDTH,HEIGHT.")
    parts = match.groupdict()
    dataset, image = parts.pop("dataset"), parts.pop("image")
    known = findings.scores.loc[findings.scores["dataset"] == dataset, "image"].unique()
    if image not in set(known):
        raise ReportError(unknown("image", f"{dataset}/{image}", [f"{dataset}/{name}" for name in known] or ["none"]))
    region = Region(dataset, image, **{name: int(value) for name, value in parts.items()})
    versions = load(findings, dataset, image)
    if not versions:
        raise ReportError(f"The run kept no picture of {dataset}/{image}.")
    height, width = next(iter(versions.values())).shape[:2]
    if min(region.width, region.height) < 1 or region.x + region.width > width or region.y + region.height > height:
        raise ReportError(f"The crop '{text}' is not inside the image, which has {width}x{height} pixels.")
    return region


def _by_disagreement(dataset: str, image: str, versions: dict[str, Image], side: int) -> Region:
    """Return the square in which the versions differ most from each other, the original left aside."""
    others = [name for name in versions if name != ORIGINAL]
    learned = [name for name in others if name not in {"nearest", "bicubic"}]
    names = learned if len(learned) > 1 else others if len(others) > 1 else list(versions)
    gray = [_gray(versions[name]) for name in names]
    gaps = [np.abs(one - other) for one, other in combinations(gray, 2)] or [np.zeros(gray[0].shape)]
    # Every pair counts alike, so that one method that fails all over does not choose the place for all.
    spread = np.mean([gap / (gap.mean() or 1.0) for gap in gaps], axis=0)
    height, width = spread.shape
    h, w = min(side, height), min(side, width)
    inside = ndimage.uniform_filter(spread, size=(h, w), mode="constant")
    inside = inside[h // 2 : height - (h - 1) // 2, w // 2 : width - (w - 1) // 2]
    # Rounded, so that noise in the last digits of the filter cannot move the choice between machines.
    y, x = np.unravel_index(int(np.argmax(np.round(inside, 6))), inside.shape)
    return Region(dataset, image, int(x), int(y), w, h)


def _gray(picture: Image) -> NDArray[np.float64]:
    values = picture.astype(np.float64)
    return values if values.ndim == 2 else values.mean(axis=2)


def order(versions: Sequence[str]) -> list[str]:
    """Return the methods of a crop figure, the original last."""
    return [*(name for name in versions if name != ORIGINAL), *(name for name in versions if name == ORIGINAL)]
