"""Stimuli: a run's pictures, copied in one normal form under names that nobody can guess."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from srbench import images
from srbench.bench.results import load_info
from srbench.errors import RunError, StudyError
from srbench.mos.design import languages, originals, schedule, studyfile
from srbench.mos.design.originals import Load
from srbench.mos.design.randomness import Stream
from srbench.mos.design.study import REFERENCE, ImageSet, StudyDesign, check
from srbench.mos.store.definitions import Settings, Stimulus

FOLDER = "stimuli"

_SAME_AS_TEST = frozenset({"302003"})  # the photograph of Set5's `woman`, also in the BSDS300 training set


@dataclass(frozen=True, slots=True)
class _Source:
    role: Literal["rating", "calibration", "reference"]
    dataset: str
    image: str
    method: str
    repeat: int
    load: Load


@dataclass(frozen=True, slots=True)
class _Run:
    """A finished run and how to read the originals of the sets that a study shows."""

    folder: Path
    scale: int
    originals: Mapping[str, Mapping[str, Load]]

    def load(self, method: str, dataset: str, image: str) -> Load | None:
        return originals.picture(self.folder, method, dataset, image, self.originals[dataset])


def make(design: StudyDesign, run: Path, studies: Path, data_root: Path | None = None) -> StudyDesign:
    """Copy the pictures of a study from `run` to `studies/NAME/stimuli` and write `studies/NAME/study.toml`.

    Pictures that are larger than the settings' crop are cut to their middle, practice and originals among them.
    Every picture becomes 8-bit RGB PNG without any text chunk, named by 128 random bits, so that neither a file's
    name nor its metadata tells where it came from.

    Args:
        design: The study as planned, without stimuli.
        run: Folder of a finished run with the versions of all methods. Originals that it does not have are taken
            from the data set that the run was made on.
        studies: Folder of all studies.
        data_root: Where data sets lie, for the calibration and for originals.

    Returns:
        The study with its pictures, as it was written.

    Raises:
        StudyError: The run lacks a method or picture, versions of one picture differ in size, a file of texts is
            incomplete, or the study exists.
        RunError: `run` is not a finished run.
    """
    check(design, "the design")
    for each in design.languages:  # before a thousand pictures are copied
        languages.check_file(each, Path(each.file))
    folder = studies / design.name
    if folder.exists():
        raise StudyError(f"{folder} exists already. Choose another name, or remove it if it was never opened.")
    info = load_info(run)
    if info is None:
        raise RunError(f"{run} is not a finished run: expected run.json in it. Make one with: srbench run")
    _check_counts(design, run, {each.name: originals.names(run, info, each.name) for each in design.sets}, info)
    found = {each.name: originals.find(run, info, each.name, data_root) for each in design.sets}
    source = _Run(run, int(info.get("scale", 4)), found)
    planned = replace(design, sets=tuple(_with_images(each, source) for each in design.sets))
    sources = [*_rated(planned, source), *_calibration(planned, source.scale, data_root)]
    temporary = studies / f".{design.name}.{secrets.token_hex(4)}.new"
    try:
        stimuli = tuple(_store(each, temporary / FOLDER, planned.settings) for each in sources)
        _check_sizes(stimuli)
        study = replace(
            planned,
            run=run.as_posix(),
            languages=languages.gather(planned.languages, temporary),
            run_sha256=images.file_sha256(run / "run.json"),
            # Their order in the file is that of their random names: it says nothing either.
            stimuli=tuple(sorted(stimuli, key=lambda each: each.id)),
        )
        schedule.schedule(study, 1)  # a study that no order exists for must fail here, not at the first rater
        images.write_atomically(temporary / "study.toml", studyfile.write(study).encode())
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return study


def _check_counts(design: StudyDesign, run: Path, found: Mapping[str, Sequence[str]], info: Mapping[str, Any]) -> None:
    """Say at once all that a run has too little of for a design, and what else could be shown."""
    if all(
        found[each.name] and (not each.count or len(each.images or found[each.name]) == each.count)
        for each in design.sets
    ):
        return
    wanted = ", ".join(f"{each.name} ({each.count or len(each.images) or 'any'})" for each in design.sets)
    has = {name: len(originals.names(run, info, name)) for name in info.get("datasets", {})}
    raise StudyError(
        f"The design shows so many pictures of data sets: {wanted}; {run} has "
        f"{', '.join(f'{name} ({count})' for name, count in has.items()) or 'none'}. Run the rest with: srbench run "
        f"--datasets {','.join(each.name for each in design.sets)} --out {run}. Or show what the run has with "
        "--from run, or give a design of your own with --from FILE."
    )


def _with_images(wanted: ImageSet, run: _Run) -> ImageSet:
    """Return the set with its pictures: those named, or all that the run has."""
    names = wanted.images or tuple(sorted(run.originals[wanted.name]))
    for method in (*wanted.versions, REFERENCE):
        missing = [name for name in names if run.load(method, wanted.name, name) is None]
        if missing:
            raise StudyError(
                f"{run.folder} lacks {len(missing)} of {len(names)} pictures of {wanted.name} by {method} (first: "
                f"{missing[0]}). Add them with: srbench run --datasets {wanted.name} --methods {method} "
                f"--out {run.folder}. Or show what the run has, with: --from run"
            )
    return replace(wanted, images=names)


def _rated(study: StudyDesign, run: _Run) -> Iterator[_Source]:
    for each in study.sets:
        for image in each.images:
            for method in each.versions:
                yield _from_run("rating", run, each.name, image, method)
            if study.shows_original:
                yield _from_run("reference", run, each.name, image, REFERENCE)
    retest = study.retest
    if retest.method:
        pictures = next(each.images for each in study.sets if each.name == retest.dataset)
        for image in _choose(study, "retest", pictures, retest.count):
            yield _from_run("rating", run, retest.dataset, image, retest.method, repeat=1)


def _from_run(
    role: Literal["rating", "reference"], run: _Run, dataset: str, image: str, method: str, repeat: int = 0
) -> _Source:
    load = run.load(method, dataset, image)
    if load is None:
        raise StudyError(f"{run.folder} has lost the picture {dataset}/{image} by {method}. Run the bench again.")
    return _Source(role, dataset, image, method, repeat, load)


def _calibration(study: StudyDesign, scale: int, data_root: Path | None) -> Iterator[_Source]:
    wanted = study.calibration
    if not wanted.count:
        return
    import srbench.datasets as datasets
    from srbench.ready import ready
    from srbench.registry import Setup

    pairs = {pair.name: pair for pair in datasets.load(wanted.source, scale, data_root=data_root)}
    names = _choose(study, "calibration", sorted(set(pairs) - _SAME_AS_TEST), wanted.count)
    low = ready(wanted.low, Setup(scale=scale))
    for name in names:
        pair = pairs[name]
        yield _Source("calibration", pair.dataset, name, REFERENCE, 0, pair.hr)
        yield _Source("calibration", pair.dataset, name, wanted.low, 0, partial(low.on_pair, pair))


def _choose(study: StudyDesign, purpose: str, names: Sequence[str], count: int) -> list[str]:
    if len(names) < count:
        cure = "Ask for fewer with --calibration-count, or" if purpose == "calibration" else "Run more pictures, or"
        raise StudyError(
            f"The {purpose} needs {count} pictures, there are {len(names)}. {cure} set count under [{purpose}] in a "
            "design of your own."
        )
    stream = Stream("srbench choice 1", study.name, study.seed, purpose)
    return sorted(stream.shuffled(sorted(names))[:count])


def _store(source: _Source, folder: Path, settings: Settings) -> Stimulus:
    image = _middle(source.load(), settings)
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


def _middle(image: images.Image, settings: Settings) -> images.Image:
    """Return the middle of an image that is larger than the study shows: the same place in all versions of one size."""
    height, width = image.shape[:2]
    shown_height, shown_width = min(height, settings.crop_height or height), min(width, settings.crop_width or width)
    top, left = (height - shown_height) // 2, (width - shown_width) // 2
    return image[top : top + shown_height, left : left + shown_width]


def _check_sizes(stimuli: Sequence[Stimulus]) -> None:
    sizes: dict[tuple[str, str], Stimulus] = {}
    for each in stimuli:
        first = sizes.setdefault((each.dataset, each.image), each)
        if (first.width, first.height) != (each.width, each.height):
            raise StudyError(
                f"Picture {each.dataset}/{each.image} has {first.width}x{first.height} pixels from {first.method} but "
                f"{each.width}x{each.height} from {each.method}: raters would tell them by size. Run the methods again."
            )
