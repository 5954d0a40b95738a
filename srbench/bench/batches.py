"""Enlarges the images of many tasks: read ahead, computed together where they are of equal size, written meanwhile."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from srbench import images
from srbench.bench.journal import writing
from srbench.bench.messages import Enlarging
from srbench.bench.plan import ImageTask
from srbench.bench.results import image_path
from srbench.bench.rows import ImageOutcome
from srbench.bench.worker import ImageWorker, Measured, failure, internal_error, undisturbed
from srbench.errors import MethodError, SrbenchError
from srbench.images import Image
from srbench.ready import ReadyMethod

# Decoding, checksums and compression leave Python's lock: threads do them while the network computes.
_THREADS = max(2, min(8, os.cpu_count() or 1))


@dataclass(frozen=True, slots=True)
class _Reading:
    task: ImageTask
    lr: Future[Image]


class BatchWorker:
    """Makes pictures for tasks and leaves their scores to others. A context: at its end all pictures are written.

    Args:
        size: The most images to compute at once.
        say: Told what is about to be enlarged, and, by any thread, each outcome once its picture is on the
            disk or its method broke, or the error of a disk that cannot be written.
    """

    def __init__(self, size: int, say: Callable[[Enlarging | ImageOutcome | Exception], None]) -> None:
        self._size, self._say = size, say
        self._worker = ImageWorker()
        self._waiting: deque[_Reading] = deque()
        self._threads = ThreadPoolExecutor(_THREADS, "srbench-pictures")

    def __enter__(self) -> BatchWorker:
        return self

    def __exit__(self, *_: object) -> None:
        for reading in self._waiting:
            reading.lr.cancel()
        self._threads.shutdown()

    @property
    def next_spec(self) -> str:
        """The method of the oldest task that was not computed yet; empty when there is none."""
        return self._waiting[0].task.spec if self._waiting else ""

    def read(self, tasks: Sequence[ImageTask]) -> None:
        """Begin to read the LR images of `tasks`; they wait until it is their turn."""
        for task in tasks:
            away = task.absolute()  # methods may change the working directory meanwhile
            self._waiting.append(_Reading(away, self._threads.submit(away.pair.lr)))

    def enlarge(self) -> None:
        """Enlarge the oldest image, together with those of its method that have its size.

        Raises:
            ImageError, DatasetError: An HR or LR image cannot be read.
        """
        first = self._waiting[0].task
        self._say(Enlarging((first.blank.place,)))
        with undisturbed():
            try:
                method = self._worker.method(first)
            except BaseException as error:  # whatever a plugin raises is its own failure, named in its rows
                self._waiting.popleft()
                self._say(failure(first, error))
                return
            group = self._group(self._size if method.can_batch else 1)
            self._say(Enlarging(tuple(reading.task.blank.place for reading in group)))
            self._compute(method, group)

    def _group(self, size: int) -> list[_Reading]:
        first = self._waiting[0]
        group: list[_Reading] = []
        for reading in self._waiting:
            if reading.task.spec != first.task.spec or len(group) == size:
                break
            if reading.lr.result().shape[:2] == first.lr.result().shape[:2]:
                group.append(reading)
        self._waiting = deque(reading for reading in self._waiting if reading not in group)
        return group

    def _compute(self, method: ReadyMethod, group: Sequence[_Reading]) -> None:
        error = self._attempt(method, group)
        if error is not None and len(group) == 1:
            self._say(failure(group[0].task, error))
        elif error is not None:  # memory is short, or one image breaks the others: smaller batches tell
            half = len(group) // 2
            self._compute(method, group[:half])
            self._compute(method, group[half:])

    def _attempt(self, method: ReadyMethod, group: Sequence[_Reading]) -> BaseException | None:
        measured = Measured(method, len(group))
        try:
            with measured:
                outputs = method.batch([reading.lr.result() for reading in group])
        except BaseException as error:
            return error.with_traceback(None)  # its frames hold the memory that is to be free
        for reading, output in zip(group, outputs, strict=True):
            self._threads.submit(self._write, method, measured.outcome(reading.task), reading, output)
        return None

    def _write(self, method: ReadyMethod, known: ImageOutcome, reading: _Reading, output: Any) -> None:
        try:
            self._say(_written(method, known, reading, output))
        except SrbenchError as error:
            self._say(error)
        except Exception as error:
            self._say(internal_error(reading.task, error))


def _written(method: ReadyMethod, known: ImageOutcome, reading: _Reading, output: Any) -> ImageOutcome:
    """Round and write one picture, and return its outcome."""
    task, lr = reading.task, reading.lr.result()
    scale = task.setup.scale
    try:
        sr = method.rounded(output, lr, (lr.shape[0] * scale, lr.shape[1] * scale, *lr.shape[2:]))
    except MethodError as error:
        return failure(task, error)
    path = image_path(task.run, *task.blank.place)
    with writing(path):
        return replace(known, sha256=images.write(path, sr))
