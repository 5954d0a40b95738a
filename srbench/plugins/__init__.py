"""Plugins: one loader for methods, metrics, protocols and data sets, wherever they come from.

They come from a shipped folder, from the folders that an environment variable such as `SRBENCH_METHODS_PATH` names,
and from entry points of installed packages. A place that is no folder and a file that cannot be loaded are named in
`broken`, and the rest goes on.
"""

from srbench.plugins.containment import contained
from srbench.plugins.loader import (
    DATASETS,
    METHODS,
    METRICS,
    PROTOCOLS,
    Kind,
    broken,
    files,
    home,
    load,
    read_at_import,
    reject,
)
from srbench.plugins.names import Names

__all__ = [
    "DATASETS",
    "METHODS",
    "METRICS",
    "PROTOCOLS",
    "Kind",
    "Names",
    "broken",
    "contained",
    "files",
    "home",
    "load",
    "read_at_import",
    "reject",
]
