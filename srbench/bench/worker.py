"""What happens to one image: it is upscaled, kept and scored, and whatever breaks on the way is named."""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

import srbench.metrics as metrics
from srbench import images
from srbench.bench import memory
from srbench.bench.journal import writing
from srbench.bench.luggage import Luggage, unpack
from srbench.bench.plan import ImageTask
from srbench.bench.results import image_path
from srbench.bench.rows import ImageOutcome, Score
from srbench.datasets import ImagePair
from srbench.errors import MissingError, RunError, SrbenchError
from srbench.images import Image
from srbench.ready import ReadyMethod, ready
from srbench.registry import Setup


class ImageWorker:
    """Does one task after another; the method and the original of the last one are kept ready for the next.

    Args:
        own: Methods and metrics that are not found by name; None where tasks bring them in a file.
        say: Told the name of a metric before it is computed, in tasks that are to be done carefully.
        interrupted: Whether a KeyboardInterrupt is the user's; in a worker process it never is.
    """

    def __init__(
        self,
        own: Luggage | None = None,
        say: Callable[[str], None] = lambda _: None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._own, self._say, self._interrupted = own, say, interrupted
        self._method: tuple[tuple[str, Setup], ReadyMethod] | None = None
        self._original: tuple[ImagePair, Image] | None = None

    def do(self, task: ImageTask) -> ImageOutcome:
        """Do one task.

        A method that breaks becomes an outcome with status `failed`. Inputs that cannot be read and a disk that
        cannot be written end the run instead: they are no fault of the method.

        Raises:
            ImageError, DatasetError: The HR or LR image cannot be read.
            RunError: The result cannot be written.
        """
        with undisturbed():
            return self._do(task)

    def _do(self, task: ImageTask) -> ImageOutcome:
        self._luggage(task)
        hr = self._hr(task.pair)
        path = image_path(task.run, task.blank.method, task.pair.dataset, task.pair.name)
        if task.done is not None:
            outcome, sr = task.done, images.read(path)
        else:
            outcome, made = self._upscale(task, hr)
            if made is None:
                return outcome
            with writing(path):
                outcome, sr = replace(outcome, sha256=images.write(path, made)), made
        return replace(outcome, scores=(*outcome.scores, *self._scores(sr, hr, task), *task.given_up))

    def _upscale(self, task: ImageTask, hr: Image) -> tuple[ImageOutcome, Image | None]:
        try:
            method = self.method(task)
        except BaseException as error:  # whatever a plugin raises is its own failure, named in its rows
            return self._failure(task, error), None
        source, measured = method.source(task.pair), Measured(method)
        try:
            sr = method.enlarge(source, hr.shape, measured)
        except BaseException as error:
            return self._failure(task, error), None
        return measured.outcome(task), sr

    def _failure(self, task: ImageTask, error: BaseException) -> ImageOutcome:
        if isinstance(error, KeyboardInterrupt) and self._interrupted():
            raise error
        return failure(task, error)

    def _scores(self, sr: Image, hr: Image, task: ImageTask) -> list[Score]:
        scores: list[Score] = []
        for protocol in dict.fromkeys(score.protocol for score in task.wanted):
            wanted = [score for score in task.wanted if score.protocol == protocol]
            for group in [[score] for score in wanted] if task.careful else [wanted]:
                if task.careful:
                    self._say(group[0].metric)
                values = metrics.evaluate_each(
                    sr, hr, scale=task.setup.scale, protocol=protocol, names=[score.metric for score in group]
                )
                scores += [_valued(score, values[score.metric]) for score in group]
        return scores

    def method(self, task: ImageTask) -> ReadyMethod:
        """Return the method of a task, ready.

        One at a time is kept: tasks come ordered by method, and networks are large.

        Raises:
            BaseException: Whatever a plugin raises.
        """
        identity = (task.spec, task.setup)
        if self._method is None or self._method[0] != identity:
            given = self._luggage(task).methods.get(task.spec)
            made = ReadyMethod.of(given, task.setup) if given else ready(task.spec, task.setup)
            getattr(made.upscaler, "warm_up", _nothing)()  # or the first image would pay for it
            self._method = identity, made
        return self._method[1]

    def _luggage(self, task: ImageTask) -> Luggage:
        if self._own is None and task.luggage is not None:
            self._own = unpack(task.luggage)
            for metric in self._own.metrics.values():
                metrics.table.add(metric)
            metrics.PROTOCOLS.update(self._own.protocols)
        return self._own or Luggage()

    def _hr(self, pair: ImagePair) -> Image:
        if self._original is None or self._original[0] != pair:
            self._original = pair, pair.hr()
        return self._original[1]


def _nothing() -> None:
    """Stand for the warm-up of a method that has none."""


def failure(task: ImageTask, error: BaseException) -> ImageOutcome:
    """Return the outcome of a task whose method raised `error`."""
    if isinstance(error, SrbenchError):
        return task.unfinished("missing" if isinstance(error, MissingError) else "failed", str(error))
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    ended = "" if isinstance(error, Exception) else " It tried to end the program."
    return task.unfinished("failed", f"{what}.{ended}" if ended else what)


def internal_error(task: ImageTask, error: Exception) -> RunError:
    """Return a fault of ours as an error that can travel, whatever `error` holds."""
    return RunError(f"Internal error on {'/'.join(task.blank.place)}: {type(error).__name__}: {error}")


def _valued(score: Score, value: float | str) -> Score:
    return replace(score, message=value) if isinstance(value, str) else replace(score, value=value)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Put back what a plugin may change for those after it: the working directory, and NumPy's answer to overflows."""
    try:
        home = os.open(".", os.O_RDONLY)
    except OSError:  # it was removed
        home = None
    try:
        with np.errstate():
            yield
    finally:
        if home is not None:
            os.fchdir(home)
            os.close(home)


class Measured:
    """Measures wall time and peak memory of a method, and notes which way of computing it took.

    Args:
        method: The method.
        images: How many it enlarges together.
    """

    def __init__(self, method: ReadyMethod, images: int = 1) -> None:
        self._method, self._images = method, images
        self._seconds = self._peak = math.nan
        self._path = ""

    def __enter__(self) -> None:
        memory.reset()
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds = time.perf_counter() - self._start
        self._path = str(getattr(self._method.upscaler, "path", ""))
        self._peak = memory.peak_mb(self._path)

    def outcome(self, task: ImageTask) -> ImageOutcome:
        """Return what is known of an image now: its part of the time, the peak of all that were computed with it."""
        together = f", {self._images} together" if self._images > 1 else ""
        return replace(
            task.blank,
            seconds=round(self._seconds / self._images, 6),
            peak_mb=round(self._peak, 1),
            path=f"{self._path}{together}",
            files=dict(getattr(self._method.upscaler, "files", {})),
        )
