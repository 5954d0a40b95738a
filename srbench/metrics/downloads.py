"""Weights that metrics of libraries need: from a folder of the user's own, or as the library fetches them."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from srbench.errors import MetricError
from srbench.images import file_sha256

FOLDER = "SRBENCH_WEIGHTS"
"""Environment variable that names a folder of weights."""

_PARTS = ("checkpoints", "pyiqa")
_PYIQA = "pyiqa.utils.download_util"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file of weights that is published somewhere.

    Attributes:
        name: Of the file.
        sha256: Of its content, in hexadecimal.
        address: Where it is published.
        megabytes: Its size.
    """

    name: str
    sha256: str
    address: str
    megabytes: int

    def __str__(self) -> str:
        return f"{self.name} ({self.megabytes} MB, sha256 {self.sha256}, {self.address})"

    def check(self) -> None:
        """Raise MetricError where the file is there and is another one."""
        for folder in filter(None, (own_folder(), _hub() / "checkpoints")):
            path = folder / self.name
            if path.is_file():
                found = file_sha256(path)
                if found != self.sha256:
                    raise MetricError(
                        f"{path} has sha256 {found}; expected {self.sha256}, which {self.address} has. Replace it."
                    )
                return


VGG16 = WeightFile(
    "vgg16-397923af.pth",
    "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    "https://download.pytorch.org/models/vgg16-397923af.pth",
    528,
)
ALEXNET = WeightFile(
    "alexnet-owt-7be5be79.pth",
    "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
    "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
    233,
)
INCEPTION = WeightFile(
    "pt_inception-2015-12-05-6726825d.pth",
    "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth",
    91,
)


def own_folder() -> Path | None:
    """Return the folder that SRBENCH_WEIGHTS names, or None.

    Raises:
        MetricError: It names no folder.
    """
    named = os.environ.get(FOLDER)
    if not named:
        return None
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise MetricError(f"{FOLDER} names {folder}, which is no folder.")
    return folder


def loaded(
    what: str,
    make: Callable[[], T],
    files: Sequence[WeightFile] = (),
    *,
    unchecked: str = "weights that its library fetches by itself",
    caught: type[Exception] = Exception,
) -> T:
    """Return what `make` makes with its weights at hand: those in the user's folder first, then torch's, else fetched.

    Args:
        what: Of messages, such as `LPIPS (VGG16)`.
        make: Loads a network as its library does.
        files: What it is known to need; files of these names that are there must be these files.
        unchecked: What it needs, where no checksum is known.
        caught: The errors that mean that weights are missing: by default, as HTTP, TLS, the file system and damaged
            files all raise their own, every one.

    Raises:
        MetricError: A weight file is another one, or cannot be had: it says which, its sha256, address and place.
    """
    for file in files:
        file.check()
    try:
        with offered(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libraries ask torchvision for weights in deprecated ways
            return make()
    except caught as error:
        # torch names every tensor that does not fit, hundreds of them
        reason = textwrap.shorten(str(error), 300, placeholder=" ...") or type(error).__name__
        needed = ", ".join(map(str, files)) or unchecked
        raise MetricError(
            f"{what} needs {needed}. They could not be loaded: {reason}. Without a network, put them into a folder and "
            f"name it in {FOLDER}; or leave the metric out."
        ) from error


@contextlib.contextmanager
def offered() -> Iterator[None]:
    """Let libraries find the files of the user's folder where they keep what they have fetched.

    They look in torch's folder. For the time being that is one of links to its own files and to the user's; what is
    fetched meanwhile moves to the usual place.
    """
    own = own_folder()
    if own is None:
        yield
        return
    usual = _hub()
    with tempfile.TemporaryDirectory() as place:
        hub = Path(place) / "hub"
        for part in _PARTS:
            (hub / part).mkdir(parents=True)
            for file in [*_files(usual / part), *_files(own)]:
                link = hub / part / file.name
                link.unlink(missing_ok=True)
                link.symlink_to(file.absolute())
        with _torch_home(Path(place)):
            try:
                yield
            finally:
                for part in _PARTS:
                    _keep(hub / part, usual / part)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _keep(fetched: Path, usual: Path) -> None:
    for path in fetched.iterdir():
        if path.is_file() and not path.is_symlink():
            usual.mkdir(parents=True, exist_ok=True)
            shutil.move(path, usual / path.name)


@contextlib.contextmanager
def _torch_home(home: Path) -> Iterator[None]:
    before = os.environ.get("TORCH_HOME")
    os.environ["TORCH_HOME"] = str(home)
    # pyiqa asks torch only once, when it is imported.
    module = importlib.import_module(_PYIQA) if "pyiqa" in sys.modules else None
    cache = getattr(module, "DEFAULT_CACHE_DIR", None)
    if module is not None:
        module.DEFAULT_CACHE_DIR = str(home / "hub" / "pyiqa")  # type: ignore[attr-defined]
    try:
        yield
    finally:
        if module is not None:
            module.DEFAULT_CACHE_DIR = cache  # type: ignore[attr-defined]
        if before is None:
            del os.environ["TORCH_HOME"]
        else:
            os.environ["TORCH_HOME"] = before


def _hub() -> Path:
    import torch

    return Path(torch.hub.get_dir())
