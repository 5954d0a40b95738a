"""The run: every method on every image, continued where an earlier run stopped."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import srbench.datasets as sets
from srbench import registry
from srbench.bench.engine import Engine
from srbench.bench.execution import carry_out
from srbench.bench.interrupt import Interrupt
from srbench.bench.plan import RunPlan, check_metrics, check_names
from srbench.bench.pool import LocalPool
from srbench.bench.results import RunResults
from srbench.bench.rows import ImageOutcome
from srbench.bench.shards import Shard
from srbench.bench.specs import MethodSpec, find_methods
from srbench.datasets import ImagePair
from srbench.errors import DatasetError
from srbench.metrics import broken as broken_metrics
from srbench.metrics import find_protocol
from srbench.registry import Setup

_BATCH = 16

Given = str | Callable[..., Any] | MethodSpec
"""A method as `run` takes it: a registered one's name, a function or class, or one with a name of its own."""


def run(
    methods: Given | Sequence[Given] | None = None,
    datasets: str | Path | Sequence[str | Path] = "demo",
    *,
    scale: int = 4,
    protocols: str | Sequence[str] = "daala",
    metrics: str | Sequence[str] = ("psnr", "ssim"),
    out: str | Path | None = None,
    jobs: int | None = None,
    batch: int | None = None,
    device: str = "auto",
    precision: str = "fast",
    degradation: str = "bicubic",
    gray: str = "mean",
    limit: int | None = None,
    data_root: str | Path | None = None,
    engine: Engine | None = None,
    shard: Shard | tuple[int, int] | str | None = None,
    command: Sequence[str] = (),
    on_file: Callable[[str, int, int], None] | None = None,
    on_start: Callable[[int, int], None] | None = None,
    on_outcome: Callable[[ImageOutcome], None] | None = None,
    on_interrupt: Callable[[], None] | None = None,
) -> RunResults:
    """Evaluate methods on data sets, and keep pictures, scores and provenance in a run folder.

    The same call again continues after an interruption: what is there and still valid is kept. Ctrl-C once stops after
    the images in progress, twice at once.

    Args:
        methods: Names (`results:DIR` for stored images), functions `(lr, scale) -> sr`, classes, or `MethodSpec`s; one
            or several. None: all that have what they need.
        datasets: Names of data sets or paths of folders, one or several.
        scale: Upscaling factor.
        protocols: How PSNR and SSIM are computed: `daala`, `matlab`, `basicsr`, another of `metrics.protocols()`, or
            several.
        metrics: Names of metrics.
        out: The run folder. None: `runs/` and a name made of the data sets.
        jobs: Worker processes; scores do not depend on it. None: one per usable core.
        batch: Images of equal size that a network computes at once, in one process that has the networks while the
            workers score; 0: every worker does all. None: 16 on CUDA, else 0.
        device: `auto`, `cpu` or `cuda`.
        precision: `fast`, `bf16` or `exact`.
        degradation: How LR images are made where a set has none: `bicubic`, or for every image `gaussian`,
            `blur=1.6,noise=10,jpeg=60` or parts of it, `real-esrgan,seed=N`; see `srbench.degradations.parse`.
        gray: What a gray original is compared as, see `metrics.find_protocol`: with `rgb`, `matlab` becomes
            `matlab-gray-rgb`.
        limit: Only the first images of each data set.
        data_root: Folder that already holds the data sets.
        engine: Who does the work, such as `DaskEngine`; None: processes on this machine.
        shard: (3, 20), or `3/20`, does the third of twenty parts only, beside other processes on the same folder; see
            `RunPlan.share`. The same call without it does what no shard has done.
        command: What is written to run.json as the command that made the run.
        on_file: Called while a data set is downloaded, with its name, the files there and the files in all.
        on_start: Called once with the number of images to make or score, and the number already done.
        on_outcome: Called after each image, once its journal line is on the disk.
        on_interrupt: Called by the handler of the first Ctrl-C; the images in progress are then finished.

    Returns:
        The scores that were asked for, of a shard those of its share. Methods that cannot run here are left out and
        named in `left_out`.

    Raises:
        SrbenchError: A name is unknown, none of the methods can run, an input cannot be read (what is finished is
            kept), or the folder belongs to another scale, is in use or cannot be written; or there is no such shard, it
            is at work elsewhere, or it has another version of something than the shards at work.
        Interrupted: Ctrl-C.
    """
    part = None if shard is None else Shard.of_given(shard)
    named = [str(name) for name in _several(datasets)]
    wanted = _several(metrics)
    rules = list(dict.fromkeys(find_protocol(name, gray=gray).name for name in _several(protocols)))
    check_metrics(wanted, rules)
    specs, left_out = find_methods(None if methods is None else _several(methods), scale)
    setup = Setup.choose(scale, device, precision, elsewhere=engine is not None)
    pairs, partial, sources = _load(named, scale, data_root, limit, degradation, on_file)
    check_names(pairs, specs)
    folder = Path(out) if out is not None else default_folder(named, scale)
    prints = {spec.name: spec.fingerprint(setup) for spec in specs}
    broken = registry.broken() | broken_metrics() | sets.broken()
    plan = RunPlan(pairs, partial, sources, specs, left_out, broken, setup, rules, wanted, folder, prints, part)
    together = batch if batch is not None else _BATCH if setup.device == "cuda" else 0
    workers = engine or LocalPool(jobs or _cores(), together)
    with Interrupt(on_interrupt) as interrupt:
        return carry_out(plan, workers, interrupt, command, on_start, on_outcome)


def _several(given: Any) -> list[Any]:
    several = list(given) if isinstance(given, list | tuple | set | frozenset) else [given]
    return list(dict.fromkeys(several)) if all(isinstance(each, str | Path) for each in several) else several


def _load(
    named: Sequence[str],
    scale: int,
    data_root: str | Path | None,
    limit: int | None,
    degradation: str,
    on_file: Callable[[str, int, int], None] | None,
) -> tuple[list[ImagePair], frozenset[str], dict[str, dict[str, Any]]]:
    """Return all pairs, the names of the sets that may have more, and what there is to say about each set."""
    if not named:
        raise DatasetError("No data set was named. 'srbench datasets' lists them.")
    pairs: list[ImagePair] = []
    partial, sources = set(), {}
    root = Path(data_root) if data_root is not None else None
    for name in named:
        told = functools.partial(on_file, name) if on_file else None
        found = sets.load(name, scale, data_root=root, limit=limit, degradation=degradation, on_file=told)
        pairs += found
        left_out = [[item.name, item.reason] for item in found.left_out]
        sources[found.name] = {"given": name, "lr": found.lr_origin, "left_out": left_out}
        if limit is not None and len(found) >= limit:
            partial.add(found.name)
    return pairs, frozenset(partial), sources


def default_folder(datasets: Sequence[str], scale: int) -> Path:
    """Return where a run over these data sets goes when nobody says.

    >>> default_folder(["set5", "./my/photos"], 4).as_posix()
    'runs/set5-photos-x4'
    """
    names = [Path(name).name or Path(name).resolve().name for name in datasets]
    return Path("runs") / f"{'-'.join(names)}-x{scale}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
