"""Stimuli packed for the way to the rater: the frozen pixels in WebP's lossless form, all versions equally large."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock
from PIL import Image as PillowImage

from srbench import images
from srbench.errors import ImageError, StudyError
from srbench.mos.store.definitions import Stimulus

FOLDER = "packed"
"""Folder of the packed files, below the study's; it can be deleted, and is made anew."""

_INDEX = "index.json"
_VERSION = 1
_HEAD = 4  # bytes that say how long the picture is
_SMALLEST = 2048  # bytes, of the smallest class
# A third smaller than PNG; more effort gains 2 % and takes three times as long.
_WEBP = {"lossless": True, "quality": 25, "method": 2}


@dataclass(frozen=True, slots=True)
class Packed:
    """What is known of a packed file."""

    source: str  # SHA-256 of the stimulus
    sha256: str  # of the packed file


def pack(stimuli: Sequence[Stimulus], folder: Path, packed: Path) -> dict[str, Packed]:
    """Pack every stimulus of a study that is not packed yet; the work of servers that start at once is done once.

    A packed file is four bytes with the length of the picture, the picture, and padding up to the size class of its
    image. The class is that of the largest version: a size says no more than roughly how much there is to see.

    Args:
        stimuli: All stimuli, with the SHA-256 that was frozen.
        folder: Where `<id>.png` lies for each.
        packed: Where the packed files lie, made where it is missing.

    Raises:
        StudyError: A stimulus is missing, is not the file that was frozen, or is no complete picture.
    """
    packed.mkdir(parents=True, exist_ok=True)
    with FileLock(packed / "lock"):
        known = _read_index(packed / _INDEX)
        open_groups = [group for group in _groups(stimuli) if not all(_is_packed(s, packed, known) for s in group)]
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for made in threads.map(lambda group: _pack_group(group, folder, packed), open_groups):
                known |= made
        found = {stimulus.id: known[stimulus.id] for stimulus in stimuli}
        if open_groups:
            _write_index(packed / _INDEX, found)
    return found


def unpack(data: bytes) -> bytes:
    """Return the picture in a packed file."""
    return data[_HEAD : _HEAD + int.from_bytes(data[:_HEAD], "big")]


def size_class(length: int) -> int:
    """Return the size that a file of `length` bytes is padded to: steps of the square root of 2.

    Few classes say little; a fifth is what they cost on average.

    >>> [size_class(length) for length in (1, 2048, 2049, 200_000)]
    [2048, 2048, 2896, 262144]
    """
    step = 0
    while (size := int(_SMALLEST * 2 ** (step / 2))) < length:
        step += 1
    return size


def _groups(stimuli: Iterable[Stimulus]) -> list[list[Stimulus]]:
    groups: dict[tuple[str, str], list[Stimulus]] = {}
    for stimulus in stimuli:
        groups.setdefault((stimulus.dataset, stimulus.image), []).append(stimulus)
    return list(groups.values())


def _is_packed(stimulus: Stimulus, packed: Path, known: Mapping[str, Packed]) -> bool:
    entry, path = known.get(stimulus.id), packed / stimulus.id
    if entry is None or entry.source != stimulus.sha256 or not path.is_file():
        return False
    return images.file_sha256(path) == entry.sha256


def _pack_group(group: Sequence[Stimulus], folder: Path, packed: Path) -> dict[str, Packed]:
    pictures = {stimulus.id: _compress(stimulus, folder / f"{stimulus.id}.png") for stimulus in group}
    size = size_class(_HEAD + max(len(data) for data in pictures.values()))
    made = {}
    for stimulus in group:
        data = pictures[stimulus.id]
        # Zeros would be squeezed out by whatever compresses on the way. Two servers must make the same file.
        padding = hashlib.shake_256(stimulus.sha256.encode()).digest(size - _HEAD - len(data))
        whole = len(data).to_bytes(_HEAD, "big") + data + padding
        images.write_atomically(packed / stimulus.id, whole)
        made[stimulus.id] = Packed(stimulus.sha256, hashlib.sha256(whole).hexdigest())
    return made


def _compress(stimulus: Stimulus, path: Path) -> bytes:
    pixels = _frozen_pixels(stimulus, path)
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, "WEBP", **_WEBP)
    data = buffer.getvalue()
    if not np.array_equal(images.as_rgb(images.decode(data, path)), pixels):
        raise StudyError(f"Stimulus {path} cannot be packed without loss. Install another version of Pillow.")
    return data


def _frozen_pixels(stimulus: Stimulus, path: Path) -> images.Image:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StudyError(f"Cannot read stimulus {path}: {error.strerror}. Restore it from a backup.") from None
    if hashlib.sha256(data).hexdigest() != stimulus.sha256:
        raise StudyError(f"Stimulus {path} is not the file that was frozen. Restore it from a backup.")
    try:
        # Pixels alone: texts can name a method, gamma and colour profiles would change what the screen shows.
        return images.as_rgb(images.decode(data, path))
    except ImageError:
        raise StudyError(f"Stimulus {path} is not a complete PNG file. Make the study again.") from None


def _read_index(path: Path) -> dict[str, Packed]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {key: Packed(*entry) for key, entry in found["files"].items()} if found["version"] == _VERSION else {}
    except (OSError, ValueError, KeyError, TypeError):  # missing or damaged: it is made anew
        return {}


def _write_index(path: Path, found: Mapping[str, Packed]) -> None:
    files = {key: [entry.source, entry.sha256] for key, entry in sorted(found.items())}
    images.write_atomically(path, json.dumps({"version": _VERSION, "files": files}, indent=0).encode())
