"""Worker processes on this machine: started, fed, replaced when they die, and never left behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait

from srbench.bench.engine import Outcomes, may_use_device, taken
from srbench.bench.interrupt import Interrupt
from srbench.bench.messages import Retired
from srbench.bench.plan import ImageTask
from srbench.bench.processes import WorkerProcess
from srbench.bench.rows import ImageOutcome

_GRACE = 1.5  # seconds that an idle worker has to end by itself
_BACKLOG = 8  # batches that may wait for their scores: enough to keep all at work, and few to make again


@dataclass(frozen=True, slots=True)
class Death:
    """A process died in a task.

    Attributes:
        task: The task.
        metric: The metric that it computed, where that is known.
        how: What its exit status says.
    """

    task: ImageTask
    metric: str
    how: str

    def resolved(self) -> ImageTask | ImageOutcome:
        """Return what follows where the task had been tried carefully: it without the metric, or its failure."""
        if not self.metric:
            return self.task.unfinished("failed", f"The worker process died in this method, {self.how}.")
        return self.task.without(self.metric, f"Metric '{self.metric}': its worker process died, {self.how}.")


class LocalPool:
    """Does tasks in processes of its own on this machine; see `engine.Engine`.

    When a process dies, its task is tried once more, alone, since memory may have been short; then the death is the
    method's, or the metric's, and named so. Processes do not import the caller's script again: they need no main guard.

    With batches a further process has the networks, and the GPU where they run there. It reads ahead, enlarges images
    of equal size together, and writes pictures while it computes the next; the others score them meanwhile, and do
    whole tasks of methods that have no business on a GPU. If it dies in a batch, the images of that batch are tried
    again one by one.

    Args:
        jobs: Number of processes.
        batch: Images of equal size that a network computes at once; 0 where every process does whole tasks.
    """

    def __init__(self, jobs: int, batch: int = 0) -> None:
        self._jobs, self._batch = jobs, batch

    def outcomes(self, tasks: list[ImageTask], interrupt: Interrupt) -> Outcomes:
        """Yield the outcomes as they come."""
        deaths = deque((yield from _Shift(taken(tasks), self._jobs, self._batch, interrupt).outcomes()))
        while deaths and not interrupt.asked:
            careful = replace(deaths.popleft().task, careful=True)
            for death in (yield from _Shift([careful], 1, 0, interrupt).outcomes()):
                after = death.resolved()
                if isinstance(after, ImageOutcome):
                    yield after
                else:
                    deaths.append(replace(death, task=after))


class _Shift:
    """The processes that do one list of tasks.

    Args:
        tasks: The tasks.
        jobs: How many processes do tasks whole, or score.
        batch: Images that the process in front of them enlarges at once; 0 for none.
        interrupt: Says when to stop.
    """

    def __init__(self, tasks: Sequence[ImageTask], jobs: int, batch: int, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._to_enlarge = deque(task for task in tasks if batch and _is_for_device(task))
        self._whole = deque(task for task in tasks if not (batch and _is_for_device(task)))
        self._made: deque[ImageTask] = deque()
        self._backlog = _BACKLOG * batch
        self._crew = [WorkerProcess(batch)] if self._to_enlarge else []
        self._crew += [WorkerProcess() for _ in range(min(jobs, len(tasks)))]
        self._deaths: list[Death] = []

    def outcomes(self) -> Generator[ImageOutcome, None, list[Death]]:
        """Yield the outcomes; return the tasks that a process died in."""
        calm = False
        try:
            while self._crew and (self._interrupt.asked or self._is_open()):
                for process in self._crew:
                    process.stop() if self._interrupt.asked else self._feed(process)
                for process in self._ready():
                    yield from self._heard(process)
            calm = True
        finally:
            for process in self._crew:
                process.stop()
            for process in self._crew:
                process.end(_GRACE if calm else 0.0)
        return self._deaths

    def _is_open(self) -> bool:
        return bool(self._waiting() or any(process.tasks for process in self._crew))

    def _waiting(self) -> int:
        return len(self._to_enlarge) + len(self._whole) + len(self._made)

    def _feed(self, process: WorkerProcess) -> None:
        if not process.batch:
            process.feed(self._made)
            process.feed(self._whole)
        elif len(self._made) < self._backlog:
            process.feed(self._to_enlarge)

    def _ready(self) -> list[WorkerProcess]:
        """Return the processes that said something, or died, once there are any or Ctrl-C was pressed."""
        by_channel = {process.channel: process for process in self._crew}
        sources: list[Connection | int] = [*by_channel]
        if not self._interrupt.asked:  # afterwards its descriptor stays readable for ever
            sources.append(self._interrupt.fileno())
        return [by_channel[each] for each in wait(sources) if isinstance(each, Connection)]

    def _heard(self, process: WorkerProcess) -> Generator[ImageOutcome, None, None]:
        message = process.receive()
        if isinstance(message, ImageOutcome):
            task = process.tasks.pop(message.place)
            if process.batch and message.status == "ok":
                self._made.append(replace(task, done=message))
            else:
                yield message
        elif isinstance(message, Exception):
            raise message
        elif message is None or isinstance(message, Retired):
            self._replace(process, died=message is None and not self._interrupt.asked)

    def _replace(self, process: WorkerProcess, *, died: bool) -> None:
        self._crew.remove(process)
        how = process.end()
        if died and process.tasks:
            self._deaths += [Death(task, process.metric, how) for task in process.suspects()]
        waiting = self._to_enlarge if process.batch else self._whole
        waiting.extendleft(reversed(process.tasks.values()))
        if self._waiting() and not self._interrupt.asked and (waiting or not process.batch):
            self._crew.append(WorkerProcess(process.batch))


def _is_for_device(task: ImageTask) -> bool:
    return task.done is None and may_use_device(task.spec)
