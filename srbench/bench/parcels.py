"""What goes to workers that share no folder with the client: images with their tasks, plugins once, and luggage."""

from __future__ import annotations

import io
import shutil
import uuid
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from srbench import images
from srbench.bench.journal import writing
from srbench.bench.plan import ImageTask
from srbench.bench.results import image_path
from srbench.bench.rows import ImageOutcome
from srbench.errors import RunError
from srbench.images import write_atomically

_SKIPPED = {"__pycache__", ".git"}
_MOST = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Parcel:
    """A task with the files that it needs; without any where the worker sees those of the client.

    Attributes:
        task: The task.
        hr: The file of the original.
        lr: The file of the LR image, where the set has one.
        sr: The picture, where it only lacks scores.
    """

    task: ImageTask
    hr: bytes | None = None
    lr: bytes | None = None
    sr: bytes | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """An outcome with its picture, where the client has to write it."""

    outcome: ImageOutcome
    sr: bytes | None = None


@dataclass(frozen=True, slots=True)
class PluginFolder:
    """A folder of plugins, packed.

    Attributes:
        place: Where it lies on the client.
        content: It as a ZIP archive.
    """

    place: str
    content: bytes = field(repr=False)


def pack(task: ImageTask) -> Parcel:
    """Return a task with its files.

    Raises:
        ImageError: One cannot be read.
    """
    pair = task.pair
    sr = image_path(task.run, *task.blank.place) if task.done is not None else None
    return Parcel(
        task,
        images.read_bytes(pair.hr_path),
        images.read_bytes(pair.lr_path) if pair.lr_path is not None else None,
        images.read_bytes(sr) if sr is not None else None,
    )


@contextmanager
def unpacked(parcel: Parcel, scratch: Path, luggage: Path | None) -> Iterator[ImageTask]:
    """Lay the files of a parcel down in a folder of their own, give the task that uses them, and remove them."""
    folder = scratch / uuid.uuid4().hex
    task, pair = parcel.task, parcel.task.pair
    try:
        hr = _laid(folder / f"hr{pair.hr_path.suffix}", parcel.hr)
        lr = _laid(folder / f"lr{pair.lr_path.suffix}", parcel.lr) if pair.lr_path is not None else None
        task = replace(task, pair=replace(pair, hr_path=hr, lr_path=lr), run=folder / "run")
        if parcel.sr is not None:
            _laid(image_path(task.run, *task.blank.place), parcel.sr)
        yield replace(task, luggage=luggage)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _laid(path: Path, content: bytes | None) -> Path:
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content or b"")
    return path


def returned(outcome: ImageOutcome, task: ImageTask) -> Returned:
    """Return an outcome with the picture that was made for it."""
    if outcome.status != "ok" or task.done is not None:
        return Returned(outcome)
    return Returned(outcome, images.read_bytes(image_path(task.run, *outcome.place)))


def received(back: Returned, run: Path) -> ImageOutcome:
    """Write the picture that came back, if any, and return its outcome.

    Raises:
        RunError: It cannot be written.
    """
    if back.sr is not None:
        path = image_path(run, *back.outcome.place)
        with writing(path):
            write_atomically(path, back.sr)
    return back.outcome


def pack_plugins(folders: Iterable[Path]) -> tuple[PluginFolder, ...]:
    """Return folders of plugins with all that is in them.

    Raises:
        RunError: One is larger than 2 GB, or cannot be read.
    """
    return tuple(PluginFolder(str(folder), _zipped(folder)) for folder in folders)


def _zipped(folder: Path) -> bytes:
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    files = [path for path in found if not {*path.relative_to(folder).parts} & _SKIPPED]
    buffer = io.BytesIO()
    try:
        if sum(path.stat().st_size for path in files) > _MOST:
            raise RunError(f"The plugin folder {folder} has more than 2 GB, too much to send. Put it on a shared disk.")
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for path in files:
                archive.write(path, path.relative_to(folder))
    except OSError as error:
        raise RunError(f"Cannot read the plugin folder {folder}: {error.strerror or error}.") from None
    return buffer.getvalue()


def unpack_plugins(folders: Iterable[PluginFolder], place: Path) -> dict[str, str]:
    """Lay folders of plugins down below `place`, and return {where each was: where it is now}."""
    places = {}
    for number, folder in enumerate(folders):
        # The last part of the name stays: it names the modules of the folder.
        target = place.resolve() / str(number) / Path(folder.place).name
        with zipfile.ZipFile(io.BytesIO(folder.content)) as archive:
            archive.extractall(target)
        places[folder.place] = str(target)
    return places


def with_places_of_client(outcome: ImageOutcome, places: Mapping[str, str]) -> ImageOutcome:
    """Return an outcome whose files are called as on the client, by {where each folder was: where it is now}."""
    files = {}
    for path, sha256 in outcome.files.items():
        there = next((was for was, now in places.items() if Path(path).is_relative_to(now)), None)
        files[path if there is None else str(Path(there) / Path(path).relative_to(places[there]))] = sha256
    return replace(outcome, files=files)
