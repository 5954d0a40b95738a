"""A worker process that is replaced when it dies, for who waits for one task at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from srbench.bench.messages import Retired
from srbench.bench.plan import ImageTask
from srbench.bench.pool import Death
from srbench.bench.processes import WorkerProcess
from srbench.bench.rows import ImageOutcome
from srbench.errors import RunError


class SteadyWorker:
    """Does one task after another in a process beside this one, whatever they do to it.

    As in `LocalPool`, a task in which the process died is tried once more; then the death is the method's, or the
    metric's, and named so.

    Args:
        variables: What the environment of the process has besides that of this one.
        folder: Its working directory.

    Attributes:
        idle_since: When it last finished a task, of `time.monotonic`.
    """

    def __init__(self, variables: Mapping[str, str], folder: Path) -> None:
        self._variables, self._folder = variables, folder
        self._process: WorkerProcess | None = None
        self._closed = False
        # Only who asks the process reads from it and puts it away: two threads would take each other's messages, and
        # close one file twice, which by then may be another's.
        self._asking, self._changing = threading.Lock(), threading.Lock()
        self.idle_since = time.monotonic()

    def do(self, task: ImageTask) -> ImageOutcome:
        """Do a task.

        Raises:
            SrbenchError: An input cannot be read, the result cannot be written, or it was closed meanwhile.
        """
        try:
            return self._resolved(task)
        finally:
            self.idle_since = time.monotonic()

    def close(self) -> None:
        """End the process at once, with what it is doing."""
        with self._changing:
            self._closed = True
            if self._process is not None:
                self._process.kill()
        with self._asking:
            self._put_away()

    def _resolved(self, task: ImageTask) -> ImageOutcome:
        with self._asking:
            answer = self._asked(task)
            if isinstance(answer, Death):
                answer = self._asked(replace(task, careful=True))
            while isinstance(answer, Death):
                after = answer.resolved()
                answer = after if isinstance(after, ImageOutcome) else self._asked(after)
            return answer

    def _asked(self, task: ImageTask) -> ImageOutcome | Death:
        while True:
            with self._changing:
                self._check_open()
                process = self._process = self._process or WorkerProcess(variables=self._variables, folder=self._folder)
            process.give([task])
            try:
                message = process.receive()
                while message is not None and not isinstance(message, ImageOutcome | Exception | Retired):
                    message = process.receive()
            except RunError:
                self._put_away()
                self._check_open()  # else it was killed because the run ended
                raise
            process.tasks.clear()
            if isinstance(message, ImageOutcome):
                return message
            if isinstance(message, Exception):
                raise message
            how = self._put_away()
            if message is None:
                return Death(task, process.metric, how)

    def _put_away(self) -> str:
        with self._changing:
            process, self._process = self._process, None
        return process.end() if process is not None else ""

    def _check_open(self) -> None:
        if self._closed:
            raise RunError("The run has ended.") from None
