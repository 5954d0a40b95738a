"""A worker process for one who waits: closed from another thread while it works, it is put away once, by who waits."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from srbench.bench import steady
from srbench.bench.steady import SteadyWorker
from srbench.errors import RunError

from .dask_cluster import until
from .test_hosting import task


class Process:
    """Works until it is killed.

    Attributes:
        said: What was done to it, and by which thread.
    """

    metric = ""

    def __init__(self, error: Exception | None = None, **_: object) -> None:
        self.error = error
        self.said: list[tuple[str, str]] = []
        self.tasks: dict[object, object] = {}
        self._dead = threading.Event()

    def give(self, tasks: object) -> None:
        self._note("given")

    def receive(self) -> None:
        self._dead.wait(60)
        self._note("heard")
        if self.error:
            raise self.error

    def kill(self) -> None:
        self._note("killed")
        self._dead.set()

    def end(self) -> str:
        self._note("ended")
        return "killed"

    def _note(self, what: str) -> None:
        self.said.append((what, threading.current_thread().name))


@pytest.mark.parametrize("error", [None, RunError("A worker process could not start.")])
def test_closed_while_it_works_it_is_put_away_once_and_the_run_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    process = Process(error)
    monkeypatch.setattr(steady, "WorkerProcess", lambda **_: process)
    worker = SteadyWorker({}, tmp_path)
    answers: list[Any] = []

    def work() -> None:
        with pytest.raises(RunError) as answer:
            worker.do(task(tmp_path))
        answers.append(str(answer.value))

    thread = threading.Thread(target=work, name="works")
    thread.start()
    until(lambda: process.said, "the begin of the task")
    worker.close()
    thread.join(60)
    assert answers == ["The run has ended."]
    closes = threading.current_thread().name
    assert process.said == [("given", "works"), ("killed", closes), ("heard", "works"), ("ended", "works")]
    worker.close()
    assert len(process.said) == 4
