"""Downloads data sets into the user's cache: checked, in parallel, resumed file by file."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from srbench import images
from srbench.datasets import archives, places
from srbench.datasets.inspection import inspect
from srbench.datasets.manifest import Entry, Manifest, find
from srbench.datasets.places import Check
from srbench.datasets.transport import Refused, Transport, explain
from srbench.errors import DatasetError, ImageError

if TYPE_CHECKING:
    import pooch

CONNECTIONS = 8
_ARCHIVES = ".archives"
RETRIES = 4  # pooch waits 1, 2, 3, ... seconds before each
_Result: TypeAlias = tuple["_Parcel", Path | BaseException]


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What one address brings: a file, or an archive with many of them.

    Attributes:
        address: Where it comes from, without the names of files in an archive.
        path: Where it is kept until it is checked, relative to the staging folder.
        sha256: What it must be; None where nobody knows, and for archives, whose files are checked instead.
        members: {name in the archive: file of the data set}; empty for a plain file.
        entries: The files of the data set that it brings.
    """

    address: str
    path: str
    sha256: str | None
    entries: tuple[Entry, ...]
    members: Mapping[str, Entry] = field(default_factory=dict)


def fetch(
    name: str,
    on_file: Callable[[int, int], None] | None = None,
    *,
    limit: int | None = None,
    scale: int | None = None,
) -> Path:
    """Make sure that the cache holds the files of a data set, and return its folder.

    Files that are there and as their checksums say are not fetched again. A file appears in the set's folder only
    when it is complete and checked, so that a download can be stopped at any moment and goes on where it was.
    `SRBENCH_MIRROR` names an address to fetch from instead, laid out like the cache: `<set>/HR/<image>.png`.

    Args:
        name: The data set.
        on_file: Called at the start of a download and after each file with the number of files that are there and
            the number of all files; not called when nothing is left to fetch.
        limit: Only the files of the first images.
        scale: The factor whose files are wanted; None for the set's first one.

    Raises:
        DatasetError: The data set is not known, a file cannot be downloaded, or what came is not what was expected.
    """
    manifest = find(name)
    checks = _check(manifest, limit, scale)
    folder = places.cache_folder() / manifest.name
    if manifest.package:
        problem = next((check.problem for check in checks if check.problem), "")
        if problem:
            raise DatasetError(f"Data set '{name}': {problem}. Install {manifest.package} again.")
        return checks[0].path.parent
    if any(_is_due(check) for check in checks):
        if any(not address_of(manifest, check.entry) for check in checks if _is_due(check)):
            raise DatasetError(f"Data set '{name}' cannot be downloaded by a program. {manifest.obtain}")
        try:
            with _alone(manifest.name):
                # Again, because another process may have fetched the set while this one waited for its turn.
                checks = _check(manifest, limit, scale)
                _fetch_due(manifest, folder, checks, on_file)
        except OSError as error:
            raise DatasetError(
                f"Cannot write to the download cache {places.cache_folder()}: {error.strerror or error}. "
                "Name another folder with SRBENCH_CACHE."
            ) from None
    return folder


def address_of(manifest: Manifest, entry: Entry) -> str:
    """Return where a file is downloaded from."""
    mirror = os.environ.get("SRBENCH_MIRROR", "").rstrip("/")
    return f"{mirror}/{manifest.name}/{entry.path}" if mirror else entry.address


def _check(manifest: Manifest, limit: int | None, scale: int | None) -> list[Check]:
    recorded = places.recorded_checksums(manifest)
    return [places.check(manifest, entry, None, recorded) for entry in manifest.files(scale, limit)]


def _is_due(check: Check) -> bool:
    # A file that nobody has a checksum of was not put there by us: only a fetched one has its sum recorded.
    return bool(check.problem) or not check.is_known


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """Wait until no other process fetches this data set. The lock ends with the process, however it ends."""
    import fcntl  # here, because Windows has none: lists and the user's own folders work there as well

    place = places.cache_folder() / f".{name}.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch_due(
    manifest: Manifest, folder: Path, checks: list[Check], on_file: Callable[[int, int], None] | None
) -> None:
    due = [check.entry for check in checks if _is_due(check)]
    done = len(checks) - len(due)
    if on_file:
        on_file(done, len(checks))
    try:
        for entry, staged in _download(manifest, due, folder.with_name(f".{manifest.name}.partial")):
            _keep(manifest, entry, staged, folder)
            done += 1
            if on_file:
                on_file(done, len(checks))
    except (Refused, ImageError) as error:
        raise DatasetError(
            f"Data set '{manifest.name}' is not complete, {done} of {len(checks)} files are there: {error} "
            "Run the command again to go on; --data-root names a folder that holds the set, SRBENCH_MIRROR another "
            "address."
        ) from None


def _download(manifest: Manifest, entries: list[Entry], staging: Path) -> Iterator[tuple[Entry, Path]]:
    """Yield each file once it is complete and as its checksum says, in a folder that is removed afterwards.

    Raises:
        Refused: One file cannot be had; the others are given up as well, for they come from the same server.
    """
    recorded = places.recorded_checksums(manifest)
    parcels = _parcels(manifest, entries, recorded)
    shutil.rmtree(staging, ignore_errors=True)  # left by a process that was killed
    # Folders are made here and not by pooch, whose threads would race for them.
    for place in [*(entry.path for entry in entries), *(parcel.path for parcel in parcels)]:
        (staging / place).parent.mkdir(parents=True, exist_ok=True)
    import pooch

    pooch.get_logger().setLevel("WARNING")  # one line for each file would tear the progress bar
    shelf = pooch.create(
        path=staging,
        base_url="",
        registry={parcel.path: parcel.sha256 for parcel in parcels},
        urls={parcel.path: parcel.address for parcel in parcels},
        retry_if_failed=RETRIES,
    )
    waiting: queue.SimpleQueue[_Parcel] = queue.SimpleQueue()
    finished: queue.SimpleQueue[_Result] = queue.SimpleQueue()
    stop = threading.Event()
    for parcel in parcels:
        waiting.put(parcel)
    # Daemons: after Ctrl-C nobody wants to wait for a server that has stopped answering.
    threads = [
        threading.Thread(target=_work, args=(shelf, waiting, finished, stop), daemon=True)
        for _ in range(min(CONNECTIONS, len(parcels)))
    ]
    try:
        for thread in threads:
            thread.start()
        for _ in parcels:
            parcel, result = _next(finished)
            if isinstance(result, BaseException):
                raise explain(result, parcel.address) from None
            yield from _unpacked(parcel, result, staging, recorded)
    finally:
        stop.set()
        for thread in threads:
            if thread.is_alive():
                thread.join(timeout=0.1)
        shutil.rmtree(staging, ignore_errors=True)


def _parcels(manifest: Manifest, entries: list[Entry], recorded: Mapping[str, str]) -> list[_Parcel]:
    plain: list[_Parcel] = []
    packed: dict[str, dict[str, Entry]] = {}
    for entry in entries:
        address, member = archives.split(address_of(manifest, entry))
        if member:
            packed.setdefault(address, {})[member] = entry
        else:
            plain.append(_Parcel(address, entry.path, entry.sha256 or recorded.get(entry.path), (entry,)))
    return plain + [
        _Parcel(address, f"{_ARCHIVES}/{number}", None, tuple(members.values()), members)
        for number, (address, members) in enumerate(packed.items())
    ]


def _unpacked(parcel: _Parcel, came: Path, staging: Path, recorded: Mapping[str, str]) -> Iterator[tuple[Entry, Path]]:
    """Yield the files that a parcel brought, those of an archive once they are as their checksums say."""
    if not parcel.members:
        yield parcel.entries[0], came
        return
    archives.extract(came, parcel.address, {name: staging / entry.path for name, entry in parcel.members.items()})
    came.unlink()
    for name, entry in parcel.members.items():
        expected = entry.sha256 or recorded.get(entry.path)
        if expected and images.file_sha256(staging / entry.path) != expected:
            raise Refused(f"{name} in {parcel.address} is not the file of the manifest: its SHA-256 differs.")
        yield entry, staging / entry.path


def _next(finished: queue.SimpleQueue[_Result]) -> _Result:
    # A Ctrl-C that arrives just before the wait begins would be seen only when it ends.
    while True:
        with contextlib.suppress(queue.Empty):
            return finished.get(timeout=0.5)


def _work(
    shelf: pooch.Pooch,
    waiting: queue.SimpleQueue[_Parcel],
    finished: queue.SimpleQueue[_Result],
    stop: threading.Event,
) -> None:
    with Transport(stop) as transport, contextlib.suppress(queue.Empty):
        while not stop.is_set():
            parcel = waiting.get_nowait()
            try:
                finished.put((parcel, Path(shelf.fetch(parcel.path, downloader=transport))))
            except BaseException as error:  # whatever it is, the main thread decides
                finished.put((parcel, error))


def _keep(manifest: Manifest, entry: Entry, staged: Path, folder: Path) -> None:
    """Move a complete file to its place; the checksum that no manifest knows is recorded before."""
    if entry.sha256 is None:
        recorded = places.recorded_checksums(manifest)
        try:
            recorded[entry.path] = inspect(staged).sha256
        except ImageError as error:
            raise ImageError(f"{address_of(manifest, entry)} did not give an image: {error}") from None
        text = json.dumps(dict(sorted(recorded.items())), indent=1) + "\n"
        images.write_atomically(folder / places.LOCK, text.encode())
    with staged.open("rb") as file:
        os.fsync(file.fileno())
    (folder / entry.path).parent.mkdir(parents=True, exist_ok=True)
    staged.replace(folder / entry.path)
