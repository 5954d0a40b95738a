"""Worker processes on this machine: started, fed, replaced when they die, and never left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait

from srbench.bench.engine import Outcomes
from srbench.bench.interrupt import Interrupt
from srbench.bench.plan import ImageTask
from srbench.bench.rows import ImageOutcome
from srbench.bench.serving import Message, Retired, Scoring, Started
from srbench.errors import RunError

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
_AHEAD = 2  # tasks that a worker has at a time: the next one is there when it finishes one
_GRACE = 1.5  # seconds that an idle worker has to end by itself


@dataclass(frozen=True, slots=True)
class _Death:
    task: ImageTask
    metric: str
    how: str


class LocalPool:
    """Does tasks in processes of its own on this machine; see `engine.Engine`.

    When a process dies, its task is tried once more, alone, since memory may have been short; then the death is the
    method's, or the metric's, and named so. Processes do not import the caller's script again: they need no main guard.

    Args:
        jobs: Number of processes.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def outcomes(self, tasks: Sequence[ImageTask], interrupt: Interrupt) -> Outcomes:
        """Yield the outcomes as they come."""
        deaths = deque((yield from _serve(tasks, self._jobs, interrupt)))
        while deaths and not interrupt.asked:
            task = replace(deaths.popleft().task, careful=True)
            for death in (yield from _serve([task], 1, interrupt)):
                if death.metric:
                    reason = f"Metric '{death.metric}': its worker process died, {death.how}."
                    deaths.append(replace(death, task=task.without(death.metric, reason)))
                else:
                    reason = f"The worker process died in this method, {death.how}."
                    yield task.unfinished("failed", reason)


def _serve(tasks: Sequence[ImageTask], jobs: int, interrupt: Interrupt) -> Generator[ImageOutcome, None, list[_Death]]:
    """Yield the outcomes of `tasks`; return those that a process died in."""
    waiting, deaths = deque(tasks), []
    crew = [_Process() for _ in range(min(jobs, len(tasks)))]
    calm = False
    try:
        while crew and (interrupt.asked or waiting or any(process.tasks for process in crew)):
            for process in crew:
                process.stop() if interrupt.asked else process.feed(waiting)
            for process in _ready(crew, interrupt):
                message = process.receive()
                if isinstance(message, ImageOutcome):
                    process.tasks.popleft()
                    yield message
                elif isinstance(message, Exception):
                    raise message
                elif message is None or isinstance(message, Retired):
                    crew.remove(process)
                    how = process.end()
                    if message is None and process.tasks and not interrupt.asked:
                        deaths.append(_Death(process.tasks.popleft(), process.metric, how))
                    waiting.extendleft(reversed(process.tasks))
                    if waiting and not interrupt.asked:
                        crew.append(_Process())
        calm = True
    finally:
        for process in crew:
            process.stop()
        for process in crew:
            process.end(_GRACE if calm else 0.0)
    return deaths


def _ready(crew: Sequence[_Process], interrupt: Interrupt) -> list[_Process]:
    """Return the processes that said something, or died, once there are any or Ctrl-C was pressed."""
    by_channel = {process.channel: process for process in crew}
    sources: list[Connection | int] = [*by_channel]
    if not interrupt.asked:  # afterwards its descriptor stays readable for ever
        sources.append(interrupt.fileno())
    return [by_channel[each] for each in wait(sources) if isinstance(each, Connection)]


class _Process:
    """One worker process, as its parent sees it.

    Attributes:
        channel: To it and from it.
        tasks: What it has to do, the one in progress first.
        metric: The metric that it computes, in a careful task.
    """

    def __init__(self) -> None:
        self.channel, theirs = Pipe()
        self.tasks: deque[ImageTask] = deque()
        self.metric = ""
        self._started = self._stopped = False
        number = theirs.fileno()
        code = f"import sys; sys.path[:] = {sys.path!r}; from srbench.bench.serving import serve; serve({number})"
        # A group of its own, so that it can be ended with all that a method starts; nothing to read, so that no
        # method waits for an answer; and what methods print goes where it cannot mix with tables.
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=2,
            pass_fds=[number],
            env=os.environ | _ONE_THREAD,
            process_group=0,
        )
        theirs.close()

    def feed(self, waiting: deque[ImageTask]) -> None:
        """Give it tasks until it has enough."""
        while waiting and len(self.tasks) < _AHEAD:
            self.tasks.append(waiting.popleft())
            self._send(self.tasks[-1])

    def stop(self) -> None:
        """Let it end after the task in progress."""
        if not self._stopped:
            self._stopped = True
            self._send(None)

    def _send(self, message: ImageTask | None) -> None:
        with contextlib.suppress(OSError):  # it died, which `receive` finds out
            self.channel.send(message)

    def receive(self) -> Message | None:
        """Return what it says next, None where it is dead.

        Raises:
            RunError: It died before it could take a task.
        """
        try:
            message: Message = self.channel.recv()
        except (EOFError, OSError):
            if not self._started:
                raise RunError(f"A worker process could not start; what it said is above ({self.end()}).") from None
            return None
        if isinstance(message, Started):
            self._started = True
        elif isinstance(message, Scoring):
            self.metric = message.metric
        return message

    def end(self, grace: float = 0.0) -> str:
        """End it with all that it started, after at most `grace` seconds, and return how it died."""
        with contextlib.suppress(EOFError, OSError):
            while self.channel.poll(grace):
                self.channel.recv()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        self.channel.close()
        if status >= 0:
            return f"it ended itself (exit status {status})"
        name = signal.Signals(-status).name
        return f"killed by {name}, as when memory runs out" if name == "SIGKILL" else f"a crash in native code ({name})"
