"""Honest evaluation of image super-resolution: bench, opinion study and report.

    import srbench as sb

    run = sb.run(["bicubic", "srresnet-mse"], ["set5", "set14"], protocol="daala")
    run.table("psnr")

Everything public is named here and imported on first use, so that `import srbench` costs nothing.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# To type checkers `sb.metrics` is the function; code that means the package writes `import srbench.metrics as ...`.
if TYPE_CHECKING:
    from srbench import stats as stats
    from srbench.api import Run as Run
    from srbench.api import Study as Study
    from srbench.api import board as board
    from srbench.api import claim as claim
    from srbench.api import compare_runs as compare_runs
    from srbench.api import datasets as datasets
    from srbench.api import degrade as degrade
    from srbench.api import evaluate as evaluate
    from srbench.api import methods as methods
    from srbench.api import metrics as metrics
    from srbench.api import open_run as open_run
    from srbench.api import protocols as protocols
    from srbench.api import read_ratings as read_ratings
    from srbench.api import report as report
    from srbench.api import run as run
    from srbench.api import set_scores as set_scores
    from srbench.api import upscale as upscale
    from srbench.api import verify as verify
    from srbench.errors import SrbenchError as SrbenchError
    from srbench.explanation import explain as explain
    from srbench.metrics import register_metric as register_metric
    from srbench.metrics import register_protocol as register_protocol
    from srbench.registry import Setup as Setup
    from srbench.registry import register as register
    from srbench.registry import register_loader as register_loader

_HOMES = {
    "Run": "srbench.api",
    "Setup": "srbench.registry",
    "SrbenchError": "srbench.errors",
    "Study": "srbench.api",
    "board": "srbench.api",
    "claim": "srbench.api",
    "compare_runs": "srbench.api",
    "degrade": "srbench.api",
    "evaluate": "srbench.api",
    "explain": "srbench.explanation",
    "open_run": "srbench.api",
    "protocols": "srbench.api",
    "read_ratings": "srbench.api",
    "register": "srbench.registry",
    "register_loader": "srbench.registry",
    "register_metric": "srbench.metrics",
    "register_protocol": "srbench.metrics",
    "report": "srbench.api",
    "run": "srbench.api",
    "set_scores": "srbench.api",
    "upscale": "srbench.api",
    "verify": "srbench.api",
}
_LISTINGS = ("datasets", "methods", "metrics")

__all__ = [*_HOMES, *_LISTINGS, "__version__", "stats"]


class _Listing(ModuleType):
    """A package that lists what it holds when it is called: `srbench.methods()`."""

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        name = self.__name__.rpartition(".")[2]
        return getattr(importlib.import_module("srbench.api"), name)(*arguments, **options)


class _Package(ModuleType):
    """This package: whoever imports one of its listings first, the listing can be called."""

    def __setattr__(self, name: str, value: object) -> None:
        if name in _LISTINGS and isinstance(value, ModuleType):
            value.__class__ = _Listing
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name in _LISTINGS or name == "stats":
        return importlib.import_module(f"srbench.{name}")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
