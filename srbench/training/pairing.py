"""Finds the LR photograph that belongs to an HR one: in another folder, under the same name or one with its factor."""

from __future__ import annotations

from pathlib import Path

from srbench.datasets import naming
from srbench.errors import ImageError
from srbench.training import photographs


class Partners:
    """The LR photographs in a folder, by the names of their originals.

    Args:
        folder: Searched to the bottom.
        scale: Factor between LR and HR; a file that names another one is left alone.

    Raises:
        TrainingError: There is no photograph in it.
    """

    def __init__(self, folder: Path, scale: int) -> None:
        self.folder, self.scale = folder, scale
        self._files: dict[str, list[Path]] = {}
        for path in photographs.find([folder], photographs.EXTENSIONS):
            factors = {factor for *_, factor in naming.marks(path.stem)}
            if factors <= {scale}:
                self._files.setdefault(_base(path), []).append(path)

    def of(self, original: Path) -> Path:
        """Return the LR photograph of an original.

        Raises:
            ImageError: There is none in the folder, or more than one.
        """
        found = self._files.get(_base(original), [])
        if len(found) != 1:
            came = f"{len(found)}, {found[0]} and {found[1]}" if found else "none"
            raise ImageError(f"{original.name}: expected one LR image in {self.folder}, but there is {came}.")
        return found[0]


def _base(path: Path) -> str:
    return str(naming.take_apart(path.stem).base).casefold()


def check(rows: int, columns: int, hr_rows: int, hr_columns: int, scale: int, path: Path) -> None:
    """Do nothing where an LR image of `rows` x `columns` belongs to an original.

    Raises:
        ImageError: It is of another size than the original's, divided by the scale and rounded down.
    """
    expected = (hr_rows // scale, hr_columns // scale)
    if (rows, columns) != expected:
        raise ImageError(
            f"{path} has {columns}x{rows} pixels; expected {expected[1]}x{expected[0]}, 1/{scale} of its original."
        )
