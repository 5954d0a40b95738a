"""The run: every method on every image, in worker processes, continued where an earlier run stopped."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import multiprocessing
import os
import platform
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench import __version__, images, metrics, registry
from srbench.bench import results
from srbench.bench.results import Journal, Outcome, Score
from srbench.bench.worker import Task, prepare, process
from srbench.datasets import ImagePair
from srbench.errors import MethodError, MetricError, RunError
from srbench.registry import Method, Setup

if TYPE_CHECKING:
    import pandas as pd

# One thread per worker: images are the unit of parallel work, and threads inside an image lose against them.
_ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)


@dataclass(frozen=True, slots=True)
class Entrant:
    """A method as it takes part: `name` in tables, `spec` for the registry (they differ for `results:DIR`)."""

    name: str
    spec: str
    method: Method
    argument: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run computes.

    Attributes:
        pairs: The test images.
        entrants: The methods.
        setup: Scale, device and precision.
        protocols: Names of the protocols that score them.
        metric_names: Names of the metrics.
        folder: The run folder.
    """

    pairs: Sequence[ImagePair]
    entrants: Sequence[Entrant]
    setup: Setup
    protocols: Sequence[str]
    metric_names: Sequence[str]
    folder: Path

    def wanted(self) -> tuple[Score, ...]:
        """Return the scores every image needs, their values still empty."""
        return tuple(
            Score(name, metrics.PROTOCOLS[name].version, metric, metrics.fingerprint(metric), float("nan"))
            for name in self.protocols
            for metric in self.metric_names
        )


def entrants(names: Sequence[str] | None, scale: int) -> list[Entrant]:
    """Return the methods that `names` mean; None means every method that has what it needs.

    Raises:
        MethodError: One is unknown or cannot run at this scale, or two have one name in tables.
    """
    if names is None:
        ready = [m for m in registry.methods() if m.argument is None and m.why_not(scale) is None]
        return [Entrant(method.name, method.name, method, None) for method in ready]
    found: list[Entrant] = []
    for name in dict.fromkeys(names):
        method, argument = registry.find(name)
        reason = method.why_not(scale)
        if reason:
            raise MethodError(reason)
        if method.expand is not None and argument is not None:
            parts = method.expand(argument).items()
            found += [Entrant(label, f"{method.name}:{part}", method, part) for label, part in parts]
        else:
            found.append(Entrant(name, name, method, argument))
    labels = [entrant.name for entrant in found]
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice:
        raise MethodError(f"Two of the methods are called '{twice}' in tables. Give their folders different names.")
    return found


def check_metrics(names: Sequence[str], protocols: Sequence[str]) -> None:
    """Raise MetricError where a metric or protocol is unknown or lacks what it needs, before any work is done."""
    for protocol in protocols:
        metrics.find_protocol(protocol)
    for name in names:
        metrics.find(name)
        reason = metrics.why_not(name)
        if reason:
            raise MetricError(reason)


def run(
    plan: Plan,
    *,
    jobs: int | None = None,
    command: Sequence[str] = (),
    on_start: Callable[[int, int], None] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> results.RunResults:
    """Carry out `plan`, continuing what its folder already holds, and return the scores the plan asks for.

    Args:
        plan: What to compute.
        jobs: Number of worker processes; results do not depend on it. None: one per usable core, one on CUDA.
        command: The command line, for run.json.
        on_start: Called once with the number of images to make or score, and the number already done.
        on_outcome: Called after each image, once its journal line is on the disk.

    Raises:
        RunError: The folder belongs to another scale, is in use, or cannot be written.
        ImageError, DatasetError: An input image cannot be read; everything finished so far is kept.
    """
    started = datetime.now(UTC)
    with _locked(plan.folder):
        info = results.load_info(plan.folder) or {}
        if info and info.get("scale") != plan.setup.scale:
            raise RunError(
                f"{plan.folder} holds a run at x{info.get('scale')}, not x{plan.setup.scale}. Name another --out."
            )
        journal = Journal(plan.folder)
        try:
            tasks = _open_tasks(plan, journal)
            if tasks:
                # Killed at any moment, the folder still says what its images were made with.
                results.save_info(plan.folder, _provenance(plan, info, journal, command, started))
            if on_start:
                on_start(len(tasks), len(plan.pairs) * len(plan.entrants) - len(tasks))
            workers = min(jobs or _default_jobs(plan.setup), max(len(tasks), 1))
            for outcome in _work(tasks, workers):
                journal.append(outcome)
                if on_outcome:
                    on_outcome(outcome)
        finally:
            journal.close()
            if journal.outcomes:
                info = _provenance(plan, info, journal, command, started)
                everything = results.table(journal.outcomes.values(), plan.setup.scale)
                results.save(plan.folder, everything, info)
    return results.RunResults(plan.folder, _selected(plan, everything), info)


def _selected(plan: Plan, scores: pd.DataFrame) -> pd.DataFrame:
    chosen = {(pair.dataset, pair.name) for pair in plan.pairs}
    places = scores[["dataset", "image"]].apply(tuple, axis=1)
    return scores[
        places.isin(chosen)
        & scores["method"].isin([entrant.name for entrant in plan.entrants])
        & scores["protocol"].isin(plan.protocols)
        & scores["metric"].isin(plan.metric_names)
    ].reset_index(drop=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    import fcntl

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("a+")
    except OSError as error:
        raise RunError(f"Cannot write to {folder}: {error.strerror}. Name another folder with --out.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(f"{folder} is in use by another srbench. Wait for it, or name another --out.") from None
        for torn in folder.glob("images/**/.*.tmp"):
            torn.unlink(missing_ok=True)
        yield


def _open_tasks(plan: Plan, journal: Journal) -> list[Task]:
    wanted = plan.wanted()
    tasks: list[Task] = []
    for entrant in plan.entrants:
        setup = replace(plan.setup, argument=entrant.argument)
        fingerprint = registry.fingerprint(entrant.spec, plan.setup)
        for pair in plan.pairs:
            key = _key(fingerprint, entrant, setup, pair)
            task = Task(pair, entrant.name, entrant.spec, plan.setup, key, plan.folder, wanted)
            done = journal.outcomes.get((entrant.name, pair.dataset, pair.name))
            if done is not None and done.key == key and done.status == "ok" and _kept(plan.folder, done):
                have = {score.identity for score in done.scores if not score.message}
                missing = tuple(score for score in wanted if score.identity not in have)
                if not missing:
                    continue
                replaced = {(score.protocol, score.metric) for score in missing}
                still = tuple(score for score in done.scores if (score.protocol, score.metric) not in replaced)
                task = replace(task, wanted=missing, done=replace(done, scores=still))
            tasks.append(task)
    return tasks


def _key(fingerprint: str, entrant: Entrant, setup: Setup, pair: ImagePair) -> str:
    digest = hashlib.sha256(f"{fingerprint}|{pair.input_hash}".encode())
    if entrant.method.source is not None:
        try:
            digest.update(images.file_sha256(entrant.method.source(setup.argument or "", pair)).encode())
        except (OSError, MethodError):  # the worker reports it as the method's failure
            digest.update(b"missing")
    return digest.hexdigest()[:16]


def _kept(folder: Path, outcome: Outcome) -> bool:
    path = results.image_path(folder, outcome.method, outcome.dataset, outcome.image)
    return path.is_file() and images.file_sha256(path) == outcome.sha256


def _default_jobs(setup: Setup) -> int:
    if setup.device == "cuda":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _work(tasks: list[Task], jobs: int) -> Iterator[Outcome]:
    """Yield outcomes as they come; when a worker dies, each task it may have died on is tried once more, alone."""
    while tasks:
        suspects, tasks = yield from _pool(tasks, jobs)
        for suspect in suspects:
            died, _ = yield from _pool([suspect], 1)
            if died:
                yield _death(suspect)


def _death(task: Task) -> Outcome:
    nan = float("nan")
    message = "The worker process died in this method: out of memory, or a crash in native code."
    nothing = tuple(replace(score, value=nan) for score in task.wanted)
    pair = task.pair
    return Outcome(pair.dataset, pair.name, task.method, task.key, "", nan, nan, "", "failed", message, nothing)


def _pool(tasks: list[Task], jobs: int) -> Generator[Outcome, None, tuple[list[Task], list[Task]]]:
    """Yield the outcomes of `tasks`; return those in progress when a worker died, and those not begun by then."""
    waiting = list(reversed(tasks))
    running: dict[Future[Outcome], Task] = {}
    with _single_threaded():
        pool = ProcessPoolExecutor(
            jobs,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=prepare,
            initargs=(list(sys.path),),
        )
        try:
            while waiting or running:
                # Two tasks a worker keep it busy; more would only grow what a crash makes us do again.
                while waiting and len(running) < 2 * jobs:
                    running[pool.submit(process, waiting[-1])] = waiting[-1]
                    waiting.pop()
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    outcome = future.result()
                    running.pop(future)
                    yield outcome
        except BrokenProcessPool:
            return list(running.values()), waiting[::-1]
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return [], []


@contextlib.contextmanager
def _single_threaded() -> Iterator[None]:
    """Set the environment that spawned workers inherit, and put it back."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _provenance(
    plan: Plan, before: dict[str, Any], journal: Journal, command: Sequence[str], started: datetime
) -> dict[str, Any]:
    methods = dict(before.get("methods", {}))
    for entrant in plan.entrants:
        weights = entrant.method.weights.get(plan.setup.scale)
        methods[entrant.name] = {
            "title": entrant.method.title if entrant.argument is None else entrant.name,
            "note": entrant.method.note,
            "order": entrant.method.order,
            "fingerprint": registry.fingerprint(entrant.spec, plan.setup),
            "parameters": entrant.method.parameters.get(plan.setup.scale),
            "weights_sha256": images.file_sha256(weights) if weights else None,
            "device": plan.setup.device,
            "precision": plan.setup.precision,
        }
    inputs: dict[str, Any] = {name: dict(pairs) for name, pairs in before.get("datasets", {}).items()}
    for pair in plan.pairs:
        inputs.setdefault(pair.dataset, {})[pair.name] = {
            "hr_sha256": pair.hr_sha256,
            "lr_sha256": pair.lr_sha256,
        }
    outputs = {"/".join(o.place): o.sha256 for o in journal.outcomes.values() if o.sha256}
    return {
        "schema_version": results.SCHEMA_VERSION,
        "srbench": __version__,
        "scale": plan.setup.scale,
        "protocols": {
            **before.get("protocols", {}),
            **{name: metrics.PROTOCOLS[name].version for name in plan.protocols},
        },
        "metrics": sorted({*before.get("metrics", []), *plan.metric_names}),
        "methods": methods,
        "datasets": inputs,
        "images_sha256": outputs,
        "seeds": "none: the bench draws no random numbers; a method that does fixes its own seed",
        "versions": _versions(),
        "machine": {"platform": platform.platform(), "cores": os.cpu_count()},
        "commands": [
            *before.get("commands", []),
            {
                "command": list(command),
                "started": started.isoformat(timespec="seconds"),
                "seconds": round((datetime.now(UTC) - started).total_seconds(), 1),
            },
        ][-20:],
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in (
        "numpy",
        "numba",
        "scipy",
        "pillow",
        "scikit-image",
        "torch",
        "torchvision",
        "pandas",
        "piq",
    ):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found
