"""Models that lie on the Hugging Face hub, or on a server that speaks as it does: `OWNER/NAME/FILE@REVISION`."""

from __future__ import annotations

import functools
import importlib
import os
import posixpath
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from srbench.errors import MethodError

_COMMIT = re.compile(r"[0-9a-f]{40}")
_ADDRESS = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)/(?P<file>[^@]+?)(?:@(?P<revision>[^@]+))?")


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file in a repository of the hub.

    Attributes:
        repository: OWNER/NAME.
        file: Its path in the repository.
        revision: A branch, a tag or a commit; empty for the repository's main branch.
    """

    repository: str
    file: str
    revision: str = ""

    def __str__(self) -> str:
        return f"{self.repository}/{self.file}" + (f"@{self.revision}" if self.revision else "")

    @property
    def label(self) -> str:
        """Its name in tables, such as `hf/OWNER/NAME/net`, with the revision where one was named."""
        revision = f"@{self.revision.replace('/', '-')}" if self.revision else ""
        return f"hf/{self.repository}/{posixpath.splitext(self.file)[0]}{revision}"

    @property
    def is_fixed(self) -> bool:
        """Whether the revision is a commit, which always means the same content."""
        return _COMMIT.fullmatch(self.revision) is not None


def parse(argument: str) -> HubFile:
    """Return the file that an argument names.

    >>> parse("somebody/nets/x4/net.safetensors@v1")
    HubFile(repository='somebody/nets', file='x4/net.safetensors', revision='v1')

    Raises:
        MethodError: It is no OWNER/NAME/FILE.
    """
    found = _ADDRESS.fullmatch(argument)
    if found is None or ".." in found["file"].split("/"):
        raise MethodError(
            f"hf:{argument}: expected OWNER/NAME/FILE, and perhaps @REVISION behind it, such as "
            "hf:somebody/nets/net.safetensors@v1."
        )
    return HubFile(found["repository"], found["file"], found["revision"] or "")


def fetch(wanted: HubFile) -> tuple[Path, HubFile]:
    """Return where a file lies on this machine, and the same file at the commit that was found.

    It is asked for when the cache of huggingface_hub does not hold it, or its revision is no commit and may have moved.
    Without a network what the cache holds counts. With a model card come the files that it names.

    Raises:
        MethodError: huggingface_hub is not installed; there is no such file; the hub cannot be reached and the cache
            does not hold it; or a card brings code, and the revision is no commit.
    """
    library = _library()
    path = _got(library, wanted, lambda: library.hf_hub_download(wanted.repository, wanted.file, **_how(wanted)))
    inside = wanted.file.split("/")
    fixed = replace(wanted, revision=path.parents[len(inside) - 1].name)  # .../snapshots/COMMIT/FILE
    if path.suffix == ".toml":
        from srbench.foreign import card  # imports torch, which a list of methods must not wait for

        _check_trust(card.risks(path), wanted, fixed)
        for field, name in card.named_files(path).items():
            is_folder = field == "source" and not name.endswith(".py")
            _fetch_beside(library, name, fixed, is_folder)
    return path, fixed


def _fetch_beside(library: Any, name: str, card_file: HubFile, is_folder: bool) -> None:
    """Bring a file or folder that a card names to where the card looks for it."""
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(card_file.file), name))
    if inside.startswith(("..", "/", "~")):
        raise MethodError(f"hf:{card_file}: the card names {name!r}, which does not lie in its repository.")
    wanted = replace(card_file, file=inside)
    if is_folder:
        patterns = ["*.py"] if inside == "." else [f"{inside}/*"]
        ask = functools.partial(library.snapshot_download, wanted.repository, allow_patterns=patterns)
    else:
        ask = functools.partial(library.hf_hub_download, wanted.repository, inside)
    _got(library, wanted, lambda: ask(**_how(wanted)))


def _check_trust(risks: list[str], wanted: HubFile, fixed: HubFile) -> None:
    # What is at a branch may be another thing tomorrow; what is at a commit can have been read before it runs.
    if risks and not wanted.is_fixed:
        raise MethodError(
            f"hf:{wanted}: the card has '{risks[0]}', so that code of its author runs here. Read it; if you trust it, "
            f"name the commit: hf:{fixed}"
        )


def _how(wanted: HubFile) -> dict[str, Any]:
    # huggingface_hub reads its variable once, when it is imported: a notebook may set it later.
    return {"revision": wanted.revision or None, "endpoint": os.environ.get("HF_ENDPOINT") or None}


def _library() -> Any:
    try:
        library = importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise MethodError(
            f"huggingface_hub is not installed ({error}). Install it: pip install 'srbench[models]'"
        ) from None
    if not sys.stderr.isatty():
        importlib.import_module("huggingface_hub.utils").disable_progress_bars()
    return library


def _got(library: Any, wanted: HubFile, ask: Callable[[], str]) -> Path:
    """Return the path that the library gives, or say in one line why there is none."""
    errors = importlib.import_module(f"{library.__name__}.errors")
    try:
        return Path(ask())
    except errors.LocalEntryNotFoundError:
        raise MethodError(
            f"hf:{wanted}: the hub cannot be reached, and the cache does not hold the file. Fetch it where there is a "
            "network, or copy the cache (HF_HOME)."
        ) from None
    except errors.GatedRepoError:
        raise MethodError(
            f"hf:{wanted}: the owner of {wanted.repository} asks for consent. Give it on the repository's page, and "
            "name your token in HF_TOKEN."
        ) from None
    except errors.RepositoryNotFoundError:
        raise MethodError(
            f"hf:{wanted}: there is no repository {wanted.repository}, or it is private and HF_TOKEN names no token "
            "for it."
        ) from None
    except errors.RevisionNotFoundError:
        raise MethodError(f"hf:{wanted}: {wanted.repository} has no revision '{wanted.revision}'.") from None
    except errors.EntryNotFoundError:
        at = f" at {wanted.revision}" if wanted.revision else ""
        raise MethodError(f"hf:{wanted}: {wanted.repository} has no file {wanted.file}{at}.") from None
    except Exception as error:  # of its own, of the library for HTTP under it, and of the disk
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise MethodError(f"hf:{wanted} cannot be fetched: {type(error).__name__}: {reason}.") from None
