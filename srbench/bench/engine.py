"""Who does the tasks of a run: one small contract, and the simplest one that keeps it."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Generator
from typing import Protocol

from srbench import registry
from srbench.bench.interrupt import Interrupt
from srbench.bench.luggage import Luggage
from srbench.bench.plan import ImageTask
from srbench.bench.rows import ImageOutcome
from srbench.bench.worker import ImageWorker
from srbench.errors import MethodError

Outcomes = Generator[ImageOutcome, None, None]


class Engine(Protocol):
    """Turns tasks into outcomes: in this process, in processes beside it, or on a cluster.

    Nobody else knows which. Workers get names and paths, and write pictures themselves; rows come back.
    """

    def outcomes(self, tasks: list[ImageTask], interrupt: Interrupt) -> Outcomes:
        """Yield one outcome for each task, in any order, as soon as it is there.

        Once `interrupt.asked` is set, no further task is begun, and the iterator ends after those in progress. When it
        is closed, or an error goes through it, everything in progress is ended at once.

        Args:
            tasks: In the order in which they should be begun: those of one method follow each other. An engine takes
                them out of the list, so that nobody holds a task that is done: outcomes take its place in memory.
            interrupt: Says when to stop.

        Raises:
            SrbenchError: An input cannot be read or a result cannot be written, which ends the run.
        """
        ...


class CallingProcess:
    """Does the tasks one after another in the calling process, for what cannot leave it.

    Args:
        own: Methods and metrics that are not found by name.
    """

    def __init__(self, own: Luggage) -> None:
        self._own = own

    def outcomes(self, tasks: list[ImageTask], interrupt: Interrupt) -> Outcomes:
        """Yield the outcomes in the order of the tasks."""
        worker = ImageWorker(self._own, interrupted=lambda: interrupt.asked)
        waiting = taken(tasks)
        while waiting and not interrupt.asked:
            yield worker.do(waiting.popleft())


def taken(tasks: list[ImageTask]) -> deque[ImageTask]:
    """Take all tasks out of a list and return them in their order."""
    waiting = deque(tasks)
    tasks.clear()
    return waiting


@functools.cache
def may_use_device(spec: str) -> bool:
    """Return whether a method, by name, may compute on the device of its setup; nobody knows of a function's."""
    try:
        method, _ = registry.find(spec)
    except MethodError:  # a function of this session
        return True
    return method.may_use_device
