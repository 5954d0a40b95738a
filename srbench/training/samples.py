"""Sample pictures of a run: LR, bicubic, SR and HR of the same crops at each validation, and all of them over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont
from torch import Tensor, nn

from srbench import images
from srbench.images import Image
from srbench.training import patches, validation
from srbench.training.task import TrainingTask
from srbench.training.validation import Held

FOLDER, OVER_TIME = "samples", "over-time.png"
SIDE = 160
"""Height and width of a crop in HR pixels, or a little less where the scale does not divide it."""

_COLUMNS = 8  # of the sheet over time, between bicubic and HR
_GAP, _HEAD = 4, 18
_PAPER, _INK = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True, slots=True)
class Crop:
    """One crop: (1, C, h, w) LR with the same place in HR, both in 0..255."""

    lr: Tensor
    hr: Tensor


class Samples:
    """The crops of a run and where their pictures go.

    Args:
        task: What learns.
        held: Photographs for validation; crops come from their middles, evenly spaced in the list.
        folder: Of the run.
        count: How many crops.
    """

    def __init__(self, task: TrainingTask, held: Sequence[Held], folder: Path, count: int) -> None:
        self.task, self.folder = task, folder / FOLDER
        count = min(count, len(held))
        self.crops = [crop(held[i * len(held) // count], task.plan.scale) for i in range(count)]

    def show(self, network: nn.Module, step: int, psnr: float) -> Image | None:
        """Write the pictures of a moment, and return them as one; None where there are no crops.

        Args:
            network: Whose.
            step: Steps that are done.
            psnr: The validation's, for the heading.
        """
        if not self.crops:
            return None
        rows = []
        with torch.inference_mode():
            for one in self.crops:
                lr, hr = (image.to(self.task.processes.device).float() for image in (one.lr, one.hr))
                sr = validation.upscaled(self.task, network, lr)
                rows.append([_nearest(lr, self.task.plan.scale), patches.enlarged(lr, self.task.plan.scale), sr, hr])
        sheet = arranged(
            [[picture(cell) for cell in row] for row in rows],
            ["LR", "bicubic", f"SR, step {step}, {psnr:.2f} dB", "HR"],
        )
        images.write(self.folder / f"step-{step:09d}.png", sheet)
        return sheet

    def finish(self) -> Path | None:
        """Put the pictures of all moments on one sheet, in the order of their steps; None where there are none."""
        files = sorted(self.folder.glob("step-*.png"))
        if not self.crops or not files:
            return None
        chosen = [files[i] for i in sorted({round(i) for i in np.linspace(0, len(files) - 1, _COLUMNS)})]
        sheets = [images.read(path) for path in chosen]
        side, count = self.crops[0].hr.shape[-1], len(self.crops)
        columns = [[_cell(sheets[0], row, 1, side) for row in range(count)]]
        columns += [[_cell(sheet, row, 2, side) for row in range(count)] for sheet in sheets]
        columns += [[_cell(sheets[0], row, 3, side) for row in range(count)]]
        heads = ["bicubic", *(f"step {int(path.stem.removeprefix('step-'))}" for path in chosen), "HR"]
        path = self.folder / OVER_TIME
        images.write(path, arranged([list(row) for row in zip(*columns, strict=True)], heads))
        return path


def crop(held: Held, scale: int) -> Crop:
    """Return the middle of a photograph, of `SIDE` pixels or as many as it has in its shorter direction."""
    height, width = held.lr.shape[-2:]
    size = min(SIDE // scale, height, width)
    top, left = (height - size) // 2, (width - size) // 2
    lr = held.lr[..., top : top + size, left : left + size]
    place = [slice(start * scale, (start + size) * scale) for start in (top, left)]
    return Crop(lr, held.hr[..., place[0], place[1]])


def _nearest(lr: Tensor, scale: int) -> Tensor:
    return lr.repeat_interleave(scale, -2).repeat_interleave(scale, -1)


def picture(image: Tensor) -> Image:
    """Return a (1, C, H, W) image in 0..255, luma or RGB, as (H, W, 3)."""
    if image.shape[1] == 1:  # MATLAB's luma goes from 16 to 235, which would look pale
        image = (image.float() - 16) * (255 / 219)
    array = (image[0].float() + 0.5).floor().clamp(0, 255).to("cpu", torch.uint8).permute(1, 2, 0).numpy()
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)))


def arranged(rows: Sequence[Sequence[Image]], heads: Sequence[str]) -> Image:
    """Return pictures in rows and columns, in cells as large as the largest, with a heading over each column."""
    side = max(max(cell.shape[:2]) for row in rows for cell in row)
    size = (len(heads) * (side + _GAP) - _GAP, _HEAD + len(rows) * (side + _GAP) - _GAP)
    paper = PillowImage.new("RGB", size, _PAPER)
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(11)
    for column, head in enumerate(heads):
        pen.text((column * (side + _GAP) + 2, 2), head, _INK, font)
        for row, cells in enumerate(rows):
            place = (column * (side + _GAP), _HEAD + row * (side + _GAP))
            paper.paste(PillowImage.fromarray(cells[column]), place)
    return np.asarray(paper)


def _cell(sheet: Image, row: int, column: int, side: int) -> Image:
    top, left = _HEAD + row * (side + _GAP), column * (side + _GAP)
    return sheet[top : top + side, left : left + side]
