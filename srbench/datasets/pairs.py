"""HR/LR pairs: from a manifest's verified files, or from any folder of images."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from srbench import images, sources
from srbench.datasets import places
from srbench.datasets.download import fetch
from srbench.datasets.manifest import Manifest, find, manifests
from srbench.errors import DatasetError, ImageError
from srbench.images import Image

DEGRADATIONS = ("bicubic", "gaussian")


@dataclass(frozen=True, slots=True)
class Pair:
    """One test image: paths and checksums only, so that it travels cheaply to worker processes.

    Attributes:
        dataset: Name of the data set.
        name: Name of the image, unique in its set.
        scale: Factor between LR and HR.
        hr_path: File of the original.
        hr_sha256: Its checksum.
        lr_path: File of the LR image; None when the LR image is made from the original.
        lr_sha256: Its checksum; empty when there is no file.
        degradation: How the LR image is made where there is no file: `bicubic` or `gaussian`.
    """

    dataset: str
    name: str
    scale: int
    hr_path: Path
    hr_sha256: str
    lr_path: Path | None = None
    lr_sha256: str = ""
    degradation: str = "bicubic"

    def hr(self) -> Image:
        """Return the original, cropped to a multiple of the scale (lower and right edge).

        Raises:
            ImageError: The file cannot be read, or is smaller than the scale.
        """
        try:
            return images.crop_to_multiple(images.read(self.hr_path), self.scale)
        except ImageError as error:
            known = str(self.hr_path) in str(error)
            raise error if known else ImageError(f"{self.hr_path}: {error}") from None

    def lr(self) -> Image:
        """Return the LR image: the file that came with the set, or the original reduced.

        Reduction is MATLAB's `imresize` (bicubic, antialiased, symmetric boundary), or a Gaussian filter with one
        sample per block (section 2 of the SRGAN paper).

        Raises:
            ImageError: A file cannot be read, or the LR file does not fit the original.
        """
        hr = self.hr()
        height, width = hr.shape[0] // self.scale, hr.shape[1] // self.scale
        if self.lr_path is not None:
            lr = images.read(self.lr_path)
            if lr.shape != (height, width, *hr.shape[2:]):
                raise ImageError(
                    f"{self.lr_path} has shape {lr.shape}; expected {(height, width, *hr.shape[2:])}, "
                    f"1/{self.scale} of {self.hr_path}."
                )
            return lr
        from srbench import resize

        return resize.reduce(hr, self.scale) if self.degradation == "bicubic" else resize.blur_decimate(hr, self.scale)

    @property
    def input_hash(self) -> str:
        """Identifies both images: while it is the same, stored results for this pair are still valid."""
        lr = self.lr_sha256 or f"{self.degradation} by {_resize_code()}"
        return hashlib.sha256(f"{self.hr_sha256}|{lr}|{self.scale}".encode()).hexdigest()[:16]


@functools.cache
def _resize_code() -> str:
    digest = hashlib.sha256()
    for path in sources.closure("srbench.resize"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def load(
    name: str,
    scale: int = 4,
    *,
    data_root: Path | None = None,
    limit: int | None = None,
    degradation: str = "bicubic",
    on_file: Callable[[int, int], None] | None = None,
) -> list[Pair]:
    """Return the pairs of a data set, every file of them verified.

    Args:
        name: A data set of `manifests()`, or the path of a folder of images.
        scale: Factor between LR and HR. LR files of a set are used when they were made for it.
        data_root: Folder that already holds the data sets; default: `SRBENCH_DATA`. Nothing is downloaded then.
        limit: Only the first images.
        degradation: How LR images are made where there are no files for them; `gaussian` always makes them.
        on_file: Told about the progress of a download: files there, files in all.

    Raises:
        DatasetError: The set is unknown, incomplete, damaged, empty, or cannot be downloaded.
    """
    if degradation not in DEGRADATIONS:
        raise DatasetError(f"Unknown degradation '{degradation}'. Known: {', '.join(DEGRADATIONS)}.")
    is_known = name in {manifest.name for manifest in manifests()}
    if not is_known and (Path(name).is_dir() or "/" in name or name.startswith(".")):
        return _from_folder(Path(name), scale, degradation)[:limit]
    return _from_manifest(find(name), scale, data_root, limit, degradation, on_file)


def _from_manifest(
    manifest: Manifest,
    scale: int,
    data_root: Path | None,
    limit: int | None,
    degradation: str,
    on_file: Callable[[int, int], None] | None,
) -> list[Pair]:
    root = places.effective_root(data_root)
    chosen = manifest.images[:limit]
    uses_lr = manifest.scale == scale and degradation == "bicubic"
    if root is None and not places.locate(manifest.name)[1]:
        fetch(manifest.name, on_file)
    recorded = places.recorded_checksums(manifest)
    checks = {
        (entry.image, entry.part): places.check(manifest, entry, root, recorded)
        for entry in manifest.entries
        if entry.image in set(chosen) and (entry.part == "hr" or uses_lr)
    }
    problems = [check.problem for check in checks.values() if check.problem]
    if problems:
        more = f" ({len(problems)} files in all)" if len(problems) > 1 else ""
        cure = f"Correct the data root {root}" if root else f"Run 'srbench datasets fetch {manifest.name}'"
        raise DatasetError(f"Data set '{manifest.name}': {problems[0]}{more}. {cure}.")
    pairs = []
    for image in chosen:
        hr, lr = checks[image, "hr"], checks.get((image, "lr"))
        lr_path, lr_sha256 = (lr.path, lr.sha256) if lr else (None, "")
        pairs.append(Pair(manifest.name, image, scale, hr.path, hr.sha256, lr_path, lr_sha256, degradation))
    return pairs


def _from_folder(folder: Path, scale: int, degradation: str) -> list[Pair]:
    """Return the pairs of a folder without manifest: images in it, or in HR/ with LR_bicubic_xN/ beside it."""
    try:
        hr_folder = folder / "HR" if (folder / "HR").is_dir() else folder
        found = [path for path in hr_folder.iterdir() if path.suffix.lower() in images.EXTENSIONS and path.is_file()]
    except FileNotFoundError:
        raise DatasetError(f"There is no folder {folder}. 'srbench datasets' lists the sets with a manifest.") from None
    except OSError as error:
        raise DatasetError(f"Cannot read folder {folder}: {error.strerror}.") from None
    if not found:
        raise DatasetError(f"Folder {folder} holds no images ({' '.join(sorted(images.EXTENSIONS))}).")
    stems = [path.stem for path in found]
    twice = next((stem for stem in stems if stems.count(stem) > 1), None)
    if twice:
        raise DatasetError(f"Folder {folder} holds two images called '{twice}'. Rename or remove one.")
    lr_folder = hr_folder.parent / f"LR_bicubic_x{scale}" if hr_folder != folder else None
    pairs = []
    for path in sorted(found, key=_natural):
        lr_path = lr_folder / f"{path.stem}.png" if lr_folder and degradation == "bicubic" else None
        lr_path = lr_path if lr_path and lr_path.is_file() else None
        try:
            hr_sha256 = images.file_sha256(path)
            lr_sha256 = images.file_sha256(lr_path) if lr_path else ""
        except OSError as error:
            raise DatasetError(f"Cannot read {error.filename}: {error.strerror}.") from None
        pairs.append(Pair(folder.resolve().name, path.stem, scale, path, hr_sha256, lr_path, lr_sha256, degradation))
    return pairs


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort key that puts img_2 before img_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.stem)]
