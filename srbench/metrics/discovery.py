"""Loads a user's own metrics and protocols: Python files in folders, and entry points of installed packages."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path

from srbench.errors import MetricError

_KINDS = ("metrics", "protocols")
_broken: dict[str, str] = {}
_discovered = False


def discover() -> None:
    """Load the plugins once: the folders of SRBENCH_METRICS_PATH and SRBENCH_PROTOCOLS_PATH, and entry points.

    A file may register metrics and protocols alike, wherever it lies.
    """
    global _discovered
    if _discovered:
        return
    _discovered = True
    for kind in _KINDS:
        variable = f"SRBENCH_{kind.upper()}_PATH"
        for folder in filter(None, os.environ.get(variable, "").split(os.pathsep)):
            if not Path(folder).is_dir():
                _broken[folder] = f"{variable} names it, but there is no such folder"
            for path in sorted(Path(folder).glob("[!_.]*.py")):
                _try(str(path), functools.partial(_load, path))
        for entry in importlib.metadata.entry_points(group=f"srbench.{kind}"):
            _try(entry.name, entry.load)


def broken() -> dict[str, str]:
    """Return the plugins that could not be loaded, with the reason."""
    discover()
    return dict(_broken)


def hint() -> str:
    """Return a sentence that names the broken plugins, for messages about names that are not known; or nothing."""
    named = "; ".join(f"{plugin}: {reason}" for plugin, reason in _broken.items())
    return f" Broken plugins: {named}." if named else ""


def _load(path: Path) -> None:
    mark = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    name = f"srbench_metric_{path.stem}_{mark}"
    if name in sys.modules:  # the folder is named for metrics and for protocols
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise MetricError(f"{path} cannot be loaded as Python.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def _try(name: str, action: Callable[[], object]) -> None:
    try:
        action()
    except (Exception, SystemExit) as error:  # a broken plugin, whatever it does, must not stop the others
        _broken[name] = f"{type(error).__name__}: {error}".splitlines()[0]
