"""A worker process on this machine, as the process that started it sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from multiprocessing import Pipe
from pathlib import Path

from srbench.bench.messages import Enlarging, Message, Place, Scoring, Started
from srbench.bench.plan import ImageTask
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
_NONE: Mapping[str, str] = {}
_AHEAD = 2  # tasks that a worker has at a time: the next one is there when it finishes one
_BATCHES_AHEAD = 4  # the same in batches: one is read, one waits, one is computed, one is written


def program(call: str) -> list[str]:
    """Return the command of a fresh Python that has this one's path and calls `call`, a function of `srbench.bench`.

    >>> program("serving.serve(5)")[2].endswith("from srbench.bench import serving; serving.serve(5)")
    True
    """
    module = call.partition(".")[0]
    return [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; from srbench.bench import {module}; {call}"]


class WorkerProcess:
    """One worker process; it ends with the process that started it, however that ends.

    Args:
        batch: 0 for one that does tasks whole; else it only enlarges, up to so many images at once.
        variables: What its environment has besides that of this process.
        folder: Its working directory; None for that of this process.

    Attributes:
        channel: To it and from it.
        batch: As above.
        tasks: What it has to do, the oldest first.
        metric: The metric that it computes, in a careful task.
    """

    def __init__(self, batch: int = 0, variables: Mapping[str, str] = _NONE, folder: Path | None = None) -> None:
        self.channel, theirs = Pipe()
        self.batch = batch
        self.tasks: dict[Place, ImageTask] = {}
        self.metric = ""
        self._begun: tuple[Place, ...] = ()
        self._started = self._stopped = False
        number = theirs.fileno()
        call = f"serving.serve_batches({number}, {batch})" if batch else f"serving.serve({number})"
        # A group of its own, so that it can be ended with all that a method starts; nothing to read, so that no
        # method waits for an answer; and what methods print goes where it cannot mix with tables.
        self._process = subprocess.Popen(
            program(call),
            stdin=subprocess.DEVNULL,
            stdout=2,
            pass_fds=[number],
            env=os.environ | variables | _ONE_THREAD,
            cwd=folder,
            process_group=0,
        )
        theirs.close()

    def feed(self, waiting: deque[ImageTask]) -> None:
        """Give it tasks until it has enough; one that enlarges gets a batch or more at a time, while there are any."""
        step = self.batch or 1
        room = (_BATCHES_AHEAD if self.batch else _AHEAD) * step - len(self.tasks)
        if waiting and room >= step:
            self.give([waiting.popleft() for _ in range(min(room, len(waiting)))])

    def give(self, tasks: Sequence[ImageTask]) -> None:
        """Give it tasks, however many it has."""
        self.tasks.update((task.blank.place, task) for task in tasks)
        self._send(tasks)

    def stop(self) -> None:
        """Let it end after what is in progress."""
        if not self._stopped:
            self._stopped = True
            self._send(None)

    def _send(self, message: Sequence[ImageTask] | None) -> None:
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
        elif isinstance(message, Enlarging):
            self._begun = message.places
        return message

    def suspects(self) -> list[ImageTask]:
        """Take the tasks away that it may have died in: the batch in progress, or the oldest."""
        begun = [place for place in self._begun if place in self.tasks] or list(self.tasks)[:1]
        return [self.tasks.pop(place) for place in begun]

    def kill(self) -> None:
        """Kill it with all that it started; who waits for what it says learns that it is dead, and then calls `end`."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self, grace: float = 0.0) -> str:
        """End it with all that it started, after at most `grace` seconds, and return how it died."""
        with contextlib.suppress(EOFError, OSError):
            while self.channel.poll(grace):
                self.channel.recv()
        self.kill()
        status = self._process.wait()
        self.channel.close()
        if status >= 0:
            return f"it ended itself (exit status {status})"
        name = signal.Signals(-status).name
        return f"killed by {name}, as when memory runs out" if name == "SIGKILL" else f"a crash in native code ({name})"
