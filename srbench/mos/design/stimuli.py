"""Stimuli: a run's pictures, copied in one normal form under names that nobody can guess."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from srbench import images
from srbench.bench import results
from srbench.errors import RunError, StudyError
from srbench.images import Image
from srbench.mos.design import schedule
from srbench.mos.design.study import REFERENCE, ImageSet, Study, check, write
from srbench.mos.store.views import Stimulus
from srbench.registry import ImagePair, Upscaler

FOLDER = "stimuli"

_SAME_AS_TEST = frozenset({"302003"})  # the photograph of Set5's `woman`, also in the BSDS300 training set


@dataclass(frozen=True, slots=True)
class _Source:
    role: Literal["rating", "calibration", "reference"]
    dataset: str
    image: str
    method: str
    repeat: int
    load: Callable[[], Image]


def make(design: Study, run: Path, studies: Path, data_root: Path | None = None) -> Study:
    """Copy the pictures of a study from `run` to `studies/NAME/stimuli` and write `studies/NAME/study.toml`.

    Every picture becomes 8-bit RGB PNG without any text chunk, named by 128 random bits, so that neither a file's
    name nor its metadata tells where it came from.

    Args:
        design: The study as planned, without stimuli.
        run: Folder of a finished run with the versions of all methods, `hr` among them.
        studies: Folder of all studies.
        data_root: Where data sets lie, for the calibration.

    Returns:
        The study with its pictures, as it was written.

    Raises:
        StudyError: The run lacks a method or picture, versions of one picture differ in size, or the study exists.
        RunError: `run` is not a finished run.
    """
    check(design, "the design")
    folder = studies / design.name
    if folder.exists():
        raise StudyError(f"{folder} exists already. Choose another name, or remove it if it was never opened.")
    info = results.load_info(run)
    if info is None:
        raise RunError(f"{run} is not a finished run: expected run.json in it. Make one with: srbench run")
    planned = replace(design, sets=tuple(_with_images(each, run) for each in design.sets))
    sources = [*_rated(planned, run), *_calibration(planned, int(info.get("scale", 4)), data_root)]
    temporary = studies / f".{design.name}.{secrets.token_hex(4)}.new"
    try:
        stimuli = tuple(_store(source, temporary / FOLDER) for source in sources)
        _check_sizes(stimuli)
        study = replace(
            planned,
            run=run.as_posix(),
            run_sha256=images.file_sha256(run / "run.json"),
            # Their order in the file is that of their random names: it says nothing either.
            stimuli=tuple(sorted(stimuli, key=lambda each: each.id)),
        )
        schedule.schedule(study, 1)  # a study that no order exists for must fail here, not at the first rater
        images.write_atomically(temporary / "study.toml", write(study).encode())
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return study


def _with_images(wanted: ImageSet, run: Path) -> ImageSet:
    """Return the set with its pictures: those named, or all that the run has of the original."""
    original = run / "images" / REFERENCE / wanted.name
    found = tuple(sorted(path.stem for path in original.glob("*.png")))
    if not found:
        raise StudyError(
            f"{run} has no originals of {wanted.name}. Add them with: "
            f"srbench run --datasets {wanted.name} --methods {REFERENCE} --out {run}"
        )
    names = wanted.images or found
    if wanted.count and len(names) != wanted.count:
        raise StudyError(
            f"The design demands {wanted.count} pictures of {wanted.name}, {run} has {len(names)}. Run all of them, or "
            "give a design of your own with --from FILE."
        )
    for method in (*wanted.versions, REFERENCE):
        missing = [name for name in names if not results.image_path(run, method, wanted.name, name).is_file()]
        if missing:
            raise StudyError(
                f"{run} lacks {len(missing)} of {len(names)} pictures of {wanted.name} by {method} (first: "
                f"{missing[0]}). Add them with: srbench run --datasets {wanted.name} --methods {method} --out {run}"
            )
    return replace(wanted, images=names)


def _rated(study: Study, run: Path) -> Iterator[_Source]:
    for each in study.sets:
        for image in each.images:
            for method in each.versions:
                yield _from_run("rating", run, each.name, image, method)
            if study.design == "dcr":
                yield _from_run("reference", run, each.name, image, REFERENCE)
    retest = study.retest
    if retest.method:
        pictures = next(each.images for each in study.sets if each.name == retest.dataset)
        for image in _choose(study, "retest", pictures, retest.count):
            yield _from_run("rating", run, retest.dataset, image, retest.method, repeat=1)


def _from_run(
    role: Literal["rating", "reference"], run: Path, dataset: str, image: str, method: str, repeat: int = 0
) -> _Source:
    path = results.image_path(run, method, dataset, image)
    return _Source(role, dataset, image, method, repeat, lambda: images.read(path))


def _calibration(study: Study, scale: int, data_root: Path | None) -> Iterator[_Source]:
    wanted = study.calibration
    if not wanted.count:
        return
    from srbench import datasets, registry

    pairs = {pair.name: pair for pair in datasets.load(wanted.source, scale, data_root=data_root)}
    names = _choose(study, "calibration", sorted(set(pairs) - _SAME_AS_TEST), wanted.count)
    low = registry.create(wanted.low, registry.Setup(scale=scale))
    for name in names:
        pair = pairs[name]
        yield _Source("calibration", pair.dataset, name, REFERENCE, 0, pair.hr)
        yield _Source("calibration", pair.dataset, name, wanted.low, 0, partial(_low, low, pair))


def _low(upscale: Upscaler, pair: ImagePair) -> Image:
    rounded: Image = np.clip(np.rint(upscale(pair.lr())), 0, 255).astype(np.uint8)
    return rounded


def _choose(study: Study, purpose: str, names: Sequence[str], count: int) -> list[str]:
    if len(names) < count:
        raise StudyError(f"The {purpose} needs {count} pictures, there are {len(names)}.")
    stream = schedule.Stream("srbench choice 1", study.name, study.seed, purpose)
    return sorted(stream.shuffled(sorted(names))[:count])


def _store(source: _Source, folder: Path) -> Stimulus:
    image = source.load()
    if image.ndim == 2:  # a gray file among colour ones would tell a method by its size
        image = np.repeat(image[..., None], 3, axis=2)
    data, name = images.encode(np.ascontiguousarray(image)), secrets.token_hex(16)
    images.write_atomically(folder / f"{name}.png", data)
    return Stimulus(
        id=name,
        role=source.role,
        dataset=source.dataset,
        image=source.image,
        method=source.method,
        repeat=source.repeat,
        sha256=hashlib.sha256(data).hexdigest(),
        width=image.shape[1],
        height=image.shape[0],
    )


def _check_sizes(stimuli: Sequence[Stimulus]) -> None:
    sizes: dict[tuple[str, str], Stimulus] = {}
    for each in stimuli:
        first = sizes.setdefault((each.dataset, each.image), each)
        if (first.width, first.height) != (each.width, each.height):
            raise StudyError(
                f"Picture {each.dataset}/{each.image} has {first.width}x{first.height} pixels from {first.method} but "
                f"{each.width}x{each.height} from {each.method}: raters would tell them by size. Run the methods again."
            )
