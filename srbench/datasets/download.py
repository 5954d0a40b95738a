"""Downloads data sets into the user's cache: checked, in parallel, resumed file by file."""

from __future__ import annotations

import concurrent.futures
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

from srbench import images
from srbench.datasets import places
from srbench.datasets.manifest import Entry, Manifest, find
from srbench.errors import DatasetError

CONNECTIONS = 8
RETRIES = 4
TIMEOUT = 30.0  # seconds without a byte
_HOST = "https://raw.githubusercontent.com"


def fetch(name: str, on_file: Callable[[int, int], None] | None = None) -> Path:
    """Make sure that the cache holds every file of a data set, and return its folder.

    Files that are there and as their checksums say are not fetched again. A file appears in the cache only when it
    is complete and checked, so that a download can be stopped at any moment and goes on where it was.

    Args:
        name: The data set.
        on_file: Called after each file with the number of files that are there and the number of all files.

    Raises:
        DatasetError: The data set is not known, a file cannot be downloaded, or what came is not what was expected.
    """
    manifest = find(name)
    folder = places.cache_folder() / manifest.name
    recorded = places.recorded_checksums(manifest)
    checks = [places.check(manifest, entry, None, recorded) for entry in manifest.entries]
    missing = [check.entry for check in checks if check.problem]
    if manifest.package:
        if missing:
            raise DatasetError(f"{checks[0].path.parent} lacks files: install {manifest.package} again.")
        return checks[0].path.parent
    done, failures = len(checks) - len(missing), []
    if on_file:
        on_file(done, len(checks))
    try:
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
            waiting = {pool.submit(_download, folder, entry, recorded): entry for entry in missing}
            try:
                for future in concurrent.futures.as_completed(waiting):
                    problem = future.result()
                    failures += [problem] if problem else []
                    done += not problem
                    if on_file:
                        on_file(done, len(checks))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    finally:
        _record(manifest, folder)
    if failures:
        raise DatasetError(
            f"{len(failures)} of {len(checks)} files of '{name}' could not be downloaded; the others are kept. "
            f"First problem: {failures[0]} Run the command again to go on, or name a folder that holds the set with "
            "--data-root."
        )
    return folder


def _download(folder: Path, entry: Entry, recorded: dict[str, str]) -> str:
    """Fetch one file and return what went wrong, or an empty string."""
    import pooch
    import requests

    logging.getLogger("pooch").setLevel(logging.CRITICAL)  # our own error says it once
    pooch.get_logger().setLevel("CRITICAL")
    expected = entry.sha256 or recorded.get(entry.path)
    mirror = os.environ.get("SRBENCH_MIRROR", "").rstrip("/")
    address = mirror + entry.address.removeprefix(_HOST) if mirror else entry.address
    shelf = pooch.create(
        path=folder,
        base_url="",
        registry={entry.path: f"sha256:{expected}" if expected else None},
        urls={entry.path: address},
        retry_if_failed=RETRIES,
    )
    try:
        path = Path(shelf.fetch(entry.path, downloader=pooch.HTTPDownloader(timeout=TIMEOUT)))
        if not expected:
            images.read(path)  # no checksum yet: at least it must be an image
    except requests.HTTPError as error:
        return f"{address}: HTTP status {error.response.status_code}."
    except requests.RequestException as error:
        return f"{address}: no connection, or it broke ({type(error).__name__}). Is this machine online?"
    except ValueError:
        return f"{address}: what came is not the file of the manifest (wrong SHA-256)."
    except images.ImageError as error:
        path.unlink(missing_ok=True)
        return f"{address}: {error}"
    return ""


def _record(manifest: Manifest, folder: Path) -> None:
    """Write down the checksums of files whose manifest has none, so that they are enforced from now on."""
    if manifest.is_pinned:
        return
    recorded = places.recorded_checksums(manifest)
    for entry in manifest.entries:
        path = folder / entry.path
        if entry.sha256 is None and entry.path not in recorded and path.is_file():
            recorded[entry.path] = images.file_sha256(path)
    if recorded:
        text = json.dumps(dict(sorted(recorded.items())), indent=1) + "\n"
        images.write_atomically(folder / places.LOCK, text.encode())
