"""One picture of what all methods made of an image, for notebooks: pixels stay pixels, titles stand above."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from srbench import images
from srbench.bench.results import RunResults, image_path
from srbench.errors import ReportError, unknown
from srbench.images import Image
from srbench.tables.names import name_everything

_WANTED = 240
_ACROSS = 1000
_GAP, _HEADING = 8, 22
_PAPER, _INK = (255, 255, 255), (30, 30, 30)


def contact_sheet(
    run: RunResults,
    place: str,
    crop: tuple[int, int, int, int] | None = None,
    methods: Sequence[str] | None = None,
    zoom: int | None = None,
) -> PillowImage.Image:
    """Return the versions of an image side by side; see `srbench.Run.show`.

    Raises:
        ReportError: The run kept no such picture, or the crop is not inside it.
    """
    versions = _versions(run, place, methods)
    parts = {title: _cut(picture, crop, place) for title, picture in versions.items()}
    height, width = next(iter(parts.values())).shape[:2]
    factor = zoom or max(1, _WANTED // max(height, width))
    tile = (width * factor, height * factor)
    columns = max(1, min(len(parts), (_ACROSS + _GAP) // (tile[0] + _GAP)))
    rows = math.ceil(len(parts) / columns)
    size = (columns * (tile[0] + _GAP) + _GAP, rows * (tile[1] + _GAP + _HEADING) + _GAP)
    sheet = PillowImage.new("RGB", size, _PAPER)
    pen, font = ImageDraw.Draw(sheet), _font()
    for number, (title, part) in enumerate(parts.items()):
        x = _GAP + number % columns * (tile[0] + _GAP)
        y = _GAP + number // columns * (tile[1] + _GAP + _HEADING)
        pen.text((x, y), _fitting(title, pen, font, tile[0]), fill=_INK, font=font)
        picture = PillowImage.fromarray(part).convert("RGB")
        sheet.paste(picture.resize(tile, PillowImage.Resampling.NEAREST), (x, y + _HEADING))
    return sheet


def _versions(run: RunResults, place: str, methods: Sequence[str] | None) -> dict[str, Image]:
    """Return {title: picture} of every version that the run kept."""
    dataset, _, image = place.partition("/")
    known = sorted({f"{row.dataset}/{row.image}" for row in run.scores.itertuples()})
    if place not in known:
        raise ReportError(unknown("image", place, known) if known else "The run has no images. Run the bench first.")
    names = name_everything(run.scores, run.info)
    wanted = list(methods) if methods is not None else list(names.methods)
    for name in wanted:
        if name not in names.methods:
            raise ReportError(unknown("method", name, names.methods))
    files = {name: image_path(run.folder, name, dataset, image) for name in wanted}
    found = {names.method(name): images.read(path) for name, path in files.items() if path.is_file()}
    if not found:
        raise ReportError(f"The run kept no picture of {place}.")
    return found


def _cut(picture: Image, crop: tuple[int, int, int, int] | None, place: str) -> Image:
    height, width = picture.shape[:2]
    x, y, w, h = crop or (0, 0, width, height)
    if min(x, y) < 0 or min(w, h) < 1 or x + w > width or y + h > height:
        raise ReportError(f"The crop {crop} is not inside {place}, which has {width}x{height} pixels.")
    return np.ascontiguousarray(picture[y : y + h, x : x + w])


def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), 13)


def _fitting(title: str, pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont, width: int) -> str:
    if pen.textlength(title, font=font) <= width:
        return title
    while title and pen.textlength(f"{title}…", font=font) > width:
        title = title[:-1]
    return f"{title}…"
