"""The run: every method on every image, its journal, its table and what it was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srbench.bench.dask_engine import DaskEngine
    from srbench.bench.engine import Engine
    from srbench.bench.evaluation import run
    from srbench.bench.interrupt import Interrupted
    from srbench.bench.results import RunResults, load
    from srbench.bench.shards import Shard
    from srbench.bench.specs import MethodSpec

__all__ = ["DaskEngine", "Engine", "Interrupted", "MethodSpec", "RunResults", "Shard", "load", "run"]

_HOMES = {
    "DaskEngine": "dask_engine",
    "Engine": "engine",
    "Interrupted": "interrupt",
    "MethodSpec": "specs",
    "RunResults": "results",
    "Shard": "shards",
    "load": "results",
    "run": "evaluation",
}


def __getattr__(name: str) -> object:
    # On first use: a reader of run folders must not import what makes them.
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
