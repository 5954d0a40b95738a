"""Archives that hold many files of a data set: an address such as `https://host/set.zip#folder/image.png`."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, cast

from srbench.datasets.transport import Refused


def split(address: str) -> tuple[str, str]:
    """Return the address of the archive and the name of the file in it; the latter is empty for a plain file.

    >>> split("https://host/set.zip#HR/a.png")
    ('https://host/set.zip', 'HR/a.png')
    """
    archive, _, member = address.partition("#")
    return archive, member


def extract(archive: Path, address: str, wanted: Mapping[str, Path]) -> None:
    """Write the files of an archive that are wanted, and nothing else of it.

    Args:
        archive: A zip file, or a tar file of any compression.
        address: Where it came from, for messages.
        wanted: {name in the archive: where to write it}; the folders are there.

    Raises:
        Refused: It is no archive, is damaged, or lacks one of the files.
    """
    try:
        found = _extracted(archive, wanted)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError) as error:
        raise Refused(f"What comes from {address} is no archive, or it is damaged: {error}.") from None
    missing = [name for name in wanted if name not in found]
    if missing:
        more = f", nor {len(missing) - 1} more that are wanted" if len(missing) > 1 else ""
        raise Refused(f"The archive {address} holds no {missing[0]}{more}.")


def _extracted(archive: Path, wanted: Mapping[str, Path]) -> set[str]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            inside = set(zipped.namelist()) & set(wanted)
            _write(((name, zipped.open(name)) for name in sorted(inside)), wanted)
            return inside
    found = set()
    with tarfile.open(archive) as packed:
        for member in packed:  # in their order: a compressed archive is read once
            name = member.name.removeprefix("./")
            if name in wanted and member.isfile():
                _write([(name, cast("IO[bytes]", packed.extractfile(member)))], wanted)
                found.add(name)
    return found


def _write(files: Iterable[tuple[str, Any]], wanted: Mapping[str, Path]) -> None:
    for name, file in files:
        with file, wanted[name].open("wb") as target:
            shutil.copyfileobj(file, target)
