"""What one worker process does: make one SR image, keep it, score it, and say how long and how much memory."""

from __future__ import annotations

import functools
import math
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, replace
from multiprocessing import connection, parent_process
from pathlib import Path

from srbench import images, metrics, registry
from srbench.bench import memory
from srbench.bench.results import Outcome, Score, image_path
from srbench.datasets import Pair
from srbench.errors import ImageError, MethodError, MetricError
from srbench.images import Image
from srbench.registry import Setup, Upscaler


@dataclass(frozen=True, slots=True)
class Task:
    """One unit of work: names and paths only, never pixels.

    Attributes:
        pair: The test image.
        method: The entrant's name in tables.
        spec: What `registry.create` understands, such as `results:DIR`.
        setup: Scale, device and precision.
        key: Hash of the method's fingerprint and its inputs, stored with the outcome.
        run: The run folder.
        wanted: The scores to compute; their values are empty.
        done: A valid earlier outcome whose image is kept and only lacks `wanted`; None to make the image.
    """

    pair: Pair
    method: str
    spec: str
    setup: Setup
    key: str
    run: Path
    wanted: tuple[Score, ...]
    done: Outcome | None = None


def prepare(search_path: list[str]) -> None:
    """Make a fresh worker obey its parent: its import path, its Ctrl-C, its end."""
    sys.path[:] = search_path
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def process(task: Task) -> Outcome:
    """Do one task.

    A method that breaks becomes an outcome with status `failed`. Inputs that cannot be read and a disk that
    cannot be written end the run instead: they are no fault of the method.

    Raises:
        ImageError, DatasetError: The HR or LR image cannot be read.
        OSError: The result cannot be written.
    """
    hr = _hr(task.pair)
    if task.done is not None:
        kept = images.read(image_path(task.run, task.method, task.pair.dataset, task.pair.name))
        return replace(task.done, scores=task.done.scores + _scores(kept, hr, task))
    outcome, sr = _upscale(task, hr)
    if sr is None:
        failed = tuple(replace(score, value=math.nan) for score in task.wanted)
        return replace(outcome, scores=failed)
    path = image_path(task.run, task.method, task.pair.dataset, task.pair.name)
    sha256 = images.write(path, sr)
    return replace(outcome, sha256=sha256, scores=_scores(sr, hr, task))


def _upscale(task: Task, hr: Image) -> tuple[Outcome, Image | None]:
    outcome = Outcome(task.pair.dataset, task.pair.name, task.method, task.key, "", math.nan, math.nan, "", "ok", "")
    method, _ = registry.find(task.spec)
    source = task.pair if method.takes_pair else task.pair.lr()
    try:
        upscaler = _upscaler(task.spec, task.setup)
        memory.reset()
        start = time.perf_counter()
        output = upscaler(source)
        seconds = time.perf_counter() - start
        path = str(getattr(upscaler, "path", ""))
        peak = memory.peak_mb(path)
        sr = registry.to_8bit(task.method, output, hr.shape)
    except Exception as error:  # whatever a plugin raises is its own failure, named in its rows
        message = str(error) if isinstance(error, MethodError) else f"{type(error).__name__}: {error}"
        return replace(outcome, status="failed", message=" ".join(message.split())[:500]), None
    return replace(outcome, seconds=round(seconds, 6), peak_mb=round(peak, 1), path=path), sr


def _scores(sr: Image, hr: Image, task: Task) -> tuple[Score, ...]:
    scores: list[Score] = []
    for protocol in dict.fromkeys(score.protocol for score in task.wanted):
        wanted = [score for score in task.wanted if score.protocol == protocol]
        names = [score.metric for score in wanted]
        values, message = {}, ""
        try:
            values = metrics.evaluate(sr, hr, scale=task.setup.scale, protocol=protocol, names=names)
        except (MetricError, ImageError) as error:
            message = str(error)
        scores += [replace(score, value=values.get(score.metric, math.nan), message=message) for score in wanted]
    return tuple(scores)


@functools.lru_cache(maxsize=1)
def _upscaler(spec: str, setup: Setup) -> Upscaler:
    # One at a time: tasks come ordered by method, and networks are large.
    upscaler = registry.create(spec, setup)
    warm_up = getattr(upscaler, "warm_up", None)
    if warm_up is not None:
        warm_up()
    return upscaler


@functools.lru_cache(maxsize=1)
def _hr(pair: Pair) -> Image:
    return pair.hr()
