"""A Dask scheduler and workers, each a process of its own that a test can kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PATIENCE_S = 120


def until(condition: Callable[[], object], what: str, patience: float = _PATIENCE_S) -> None:
    """Wait for a condition; fail when it does not come about."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)


class DaskCluster:
    """A scheduler and workers without nannies: what is killed stays dead.

    Attributes:
        address: Of the scheduler.
        workers: Their processes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self.address = ""
        self.workers: list[subprocess.Popen[bytes]] = []
        self._scheduler: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> DaskCluster:
        self.heal()
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self.workers, *([self._scheduler] if self._scheduler else [])]:
            kill(process)

    def start_scheduler(self) -> None:
        """Start a scheduler at a port that is free."""
        self._number += 1
        file = self._folder / f"scheduler-{self._number}.json"
        arguments = ["--port", "0", "--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
        self._scheduler = self._start("dask_scheduler", arguments)
        until(file.is_file, "a scheduler")
        until(lambda: file.read_text().endswith("}"), "its address")
        self.address = json.loads(file.read_text())["address"]

    def start_worker(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a worker with one thread."""
        self._number += 1
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--memory-limit", "0"]
        place = ["--local-directory", str(self._folder / f"worker-{self._number}")]
        worker = self._start("dask_worker", [self.address, *options, *place, *arguments])
        self.workers.append(worker)
        return worker

    def heal(self) -> None:
        """Start what a test has killed, so that there are a scheduler and two workers."""
        if self._scheduler is None:
            self.start_scheduler()
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        while len(self.workers) < 2:
            self.start_worker()

    def kill_scheduler(self) -> None:
        """End the scheduler as kill -9 does; its workers end by themselves."""
        assert self._scheduler is not None
        kill(self._scheduler)
        self._scheduler = None
        for worker in self.workers:
            worker.wait(_PATIENCE_S)
        self.workers.clear()

    def _start(self, program: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        log = (self._folder / f"log-{self._number}").open("wb")
        with log:
            # A first death is enough to give a task up, as in clusters that srbench starts.
            env = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
            command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments]
            return subprocess.Popen(command, stdout=log, stderr=log, env=env, start_new_session=True)


def kill(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End a process as kill -9 does."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=_PATIENCE_S)
