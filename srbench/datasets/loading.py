"""From the name of a data set, or the path of a folder, to verified pairs of images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from srbench import degradations
from srbench.datasets import folders, places
from srbench.datasets.dataset import Dataset, made
from srbench.datasets.download import fetch
from srbench.datasets.manifest import Manifest, find, manifests
from srbench.datasets.naming import longer_names
from srbench.datasets.pairs import ImagePair
from srbench.datasets.places import Check
from srbench.errors import DatasetError


def load(
    name: str,
    scale: int = 4,
    *,
    data_root: Path | None = None,
    limit: int | None = None,
    degradation: str = "bicubic",
    on_file: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Return the pairs of a data set, every file of them verified.

    Args:
        name: A data set of `manifests()`, or the path of a folder of images.
        scale: Factor between LR and HR. Files that a set has for this factor are used; else LR images are made.
        data_root: Folder that already holds the data sets; default: `SRBENCH_DATA`. Nothing is downloaded then.
        limit: Only the first images.
        degradation: How LR images are made where there are no files for them, see `srbench.degradations.parse`; all but
            `bicubic` always make them.
        on_file: Told about the progress of a download: files there, files in all.

    Raises:
        DatasetError: The set is unknown, incomplete, damaged, empty, or cannot be downloaded.
        DegradationError: There is no such degradation.
    """
    degradation = str(degradations.parse(degradation))
    if scale < 1 or (limit is not None and limit < 1):
        raise DatasetError(f"Expected a scale and a limit of 1 or more; got scale {scale}, limit {limit}.")
    is_known = name in {manifest.name for manifest in manifests()}
    if not is_known and (Path(name).expanduser().is_dir() or "/" in name or name.startswith((".", "~"))):
        return folders.load(Path(name).expanduser(), scale, limit, degradation)
    return _from_manifest(find(name), scale, places.effective_root(data_root), limit, degradation, on_file)


def _from_manifest(
    manifest: Manifest,
    scale: int,
    root: Path | None,
    limit: int | None,
    degradation: str,
    on_file: Callable[[int, int], None] | None,
) -> Dataset:
    checks = _check(manifest, scale, root, limit, degradation)
    if root is None and not manifest.package and any(check.problem for check in checks.values()):
        fetch(manifest.name, on_file, limit=limit, scale=scale)
        checks = _check(manifest, scale, root, limit, degradation)
    note = ""
    if scale in manifest.others and not any(c.sha256 for c in checks.values() if c.entry.scale == scale):
        # A folder that was filled for x4 goes on to serve the other factors; the results say so.
        note = f"; the published files for x{scale} are not in {root}"
        manifest = manifest.without(scale)
        checks = _check(manifest, scale, root, limit, degradation)
    problems = [check.problem for check in checks.values() if check.problem]
    if problems:
        more = f" ({len(problems)} files in all)" if len(problems) > 1 else ""
        cure = f"Install {manifest.package} again" if manifest.package else f"Correct the data root {root}"
        raise DatasetError(f"Data set '{manifest.name}': {problems[0]}{more}. {cure}.")
    longer = longer_names(manifest.aliases)
    pairs = []
    for image in manifest.images[:limit]:
        hr, lr = checks[image, "hr"], checks.get((image, "lr"))
        lr_path, lr_sha256 = (lr.path, lr.sha256) if lr else (None, "")
        names = manifest.aliases[image], longer.get(image, ())
        pairs.append(
            ImagePair(manifest.name, image, scale, hr.path, hr.sha256, lr_path, lr_sha256, degradation, *names)
        )
    has_lr = any(part == "lr" for _, part in checks)
    origin = f"the published LR files for x{scale}" if has_lr else made(degradation)
    return Dataset(manifest.name, tuple(pairs), f"{origin}{note}")


def _check(
    manifest: Manifest, scale: int, root: Path | None, limit: int | None, degradation: str
) -> dict[tuple[str, str], Check]:
    recorded = places.recorded_checksums(manifest)
    return {
        (entry.image, entry.part): places.check(manifest, entry, root, recorded)
        for entry in manifest.files(scale, limit)
        if entry.part == "hr" or degradation == "bicubic"
    }
