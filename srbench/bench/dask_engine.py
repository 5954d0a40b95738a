"""Does the tasks of a run on the workers of a Dask cluster; journal, locks and tables stay with the client."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from srbench.bench import clusters, environment, luggage, parcels
from srbench.bench.clusters import ClusterSpec
from srbench.bench.engine import Outcomes, may_use_device, taken
from srbench.bench.environment import Asked
from srbench.bench.hosting import RemoteRun, Unfit
from srbench.bench.interrupt import Interrupt
from srbench.bench.journal import writing
from srbench.bench.luggage import Luggage
from srbench.bench.parcels import Parcel, Returned
from srbench.bench.plan import ImageTask
from srbench.bench.pool import LocalPool
from srbench.bench.rows import ImageOutcome
from srbench.errors import RunError
from srbench.plugins import modules

_SIGHT = ".cluster-{}"
_TICK_S = 0.1  # how often an interrupt and the scheduler are looked at
_LOOK_S = 2.0  # how often workers are counted
_AHEAD = 4  # tasks that are out for each thread of a worker at most, and half at least: one in progress, one there
_LEAST_OUT = 16
_PATIENCE_S = 30.0


class DaskEngine:
    """Does tasks on a Dask cluster; see `engine.Engine`.

    Workers do each task in a process beside their own, exactly as `LocalPool` has them, so that scores are the same and
    a method that crashes costs no worker. Before its first task a worker is asked whether it has the client's srbench,
    packages, plugins and weights; if not, the run stops with what differs. Where a worker itself is lost, Dask gives
    its tasks to others; those that it gives up are tried once more, alone, and fail if their worker is lost again.

    Args:
        cluster: Where workers are, as `ClusterSpec.parse` reads it, or such a spec.
        ship: Send images, plugins and luggage with the tasks and fetch the pictures, for workers that do not see the
            files of this machine. Methods with an argument, such as `results:DIR`, are then done on this machine.

    Raises:
        RunError: `cluster` says nothing, or Dask is not installed.
    """

    def __init__(self, cluster: str | ClusterSpec, *, ship: bool = False) -> None:
        clusters.check()
        self._spec = cluster if isinstance(cluster, ClusterSpec) else ClusterSpec.parse(cluster)
        self._ship = ship

    def outcomes(self, tasks: list[ImageTask], interrupt: Interrupt) -> Outcomes:
        """Yield the outcomes as they come."""
        here = [task for task in tasks if self._ship and ":" in task.spec]
        there = [task for task in tasks if not (self._ship and ":" in task.spec)]
        tasks.clear()
        if there:
            if self._spec.kind == "local" and any(map(_needs_gpu, there)):
                raise RunError(
                    "Workers on this machine would share its GPU. Leave out --engine dask: batches use it best."
                )
            with clusters.connected(self._spec) as client, _remote(client, there, self._ship) as remote:
                delivery = _Delivery(client, remote, self._ship, interrupt)
                lost = yield from delivery.outcomes(there)
                for task in lost:
                    yield from delivery.last_try(task)
        yield from LocalPool(os.cpu_count() or 1).outcomes(here, interrupt)


@contextlib.contextmanager
def _remote(client: Any, tasks: Sequence[ImageTask], ship: bool) -> Iterator[RemoteRun]:
    """Make the run known to all workers, and end it with all that it has there."""
    from srbench.bench.dask_worker import RemoteRunPlugin, plugin_name

    name = secrets.token_hex(6)
    file = tasks[0].run.absolute() / _SIGHT.format(name)
    folders = {variable: modules.named(variable) for variable in modules.VARIABLES}
    asked = _asked(tasks)
    try:
        if not ship:
            with writing(file):
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(name, encoding="ascii")
        remote = RemoteRun(
            name,
            asked,
            environment.describe(asked),
            {variable: os.pathsep.join(map(str, places)) for variable, places in folders.items() if places},
            Path.cwd(),
            None if ship else (file, name),
            {variable: parcels.pack_plugins(places) for variable, places in folders.items()} if ship else {},
            tasks[0].luggage.read_bytes() if ship and tasks[0].luggage is not None else None,
        )
        try:
            client.register_plugin(RemoteRunPlugin(remote))
        except Exception as error:
            raise RunError(
                f"The workers cannot use srbench ({type(error).__name__}: {error}). Install the same srbench there, "
                "with 'srbench[cluster]'."
            ) from None
        try:
            yield remote
        finally:
            if client.status == "running":  # else the run there went with the scheduler
                client.unregister_worker_plugin(plugin_name(name))
    finally:
        file.unlink(missing_ok=True)


def _asked(tasks: Sequence[ImageTask]) -> Asked:
    own = luggage.unpack(tasks[0].luggage) if tasks[0].luggage is not None else Luggage()
    scores = {(score.protocol, score.metric) for task in tasks for score in task.wanted}
    setup = tasks[0].setup
    return Asked(
        tuple(sorted({task.spec for task in tasks} - own.methods.keys())),
        tuple(sorted({metric for _, metric in scores} - own.metrics.keys())),
        tuple(sorted({protocol for protocol, _ in scores} - own.protocols.keys())),
        setup.scale,
        setup.device,
        setup.precision,
    )


def _needs_gpu(task: ImageTask) -> bool:
    return task.setup.device == "cuda" and task.done is None and may_use_device(task.spec)


class _Delivery:
    """Gives tasks out, as many as the workers need to stay busy, and takes what comes back."""

    def __init__(self, client: Any, remote: RemoteRun, ship: bool, interrupt: Interrupt) -> None:
        self._client, self._remote, self._ship, self._interrupt = client, remote, ship, interrupt
        self._out: dict[Any, ImageTask] = {}
        self._back: SimpleQueue[Any] = SimpleQueue()
        self._again: list[Any] = []
        self._looked, self._threads = 0.0, 0
        self._begun = time.monotonic()
        self._count = 0

    def outcomes(self, tasks: list[ImageTask]) -> Generator[ImageOutcome, None, list[ImageTask]]:
        """Yield the outcomes; return the tasks that Dask gave up because workers were lost in them.

        Raises:
            SrbenchError: What a worker says that ends the run, or that the scheduler is gone.
        """
        waiting, lost = taken(tasks), []
        called_back = False
        try:
            while self._out or (waiting and not self._interrupt.asked):
                if self._interrupt.asked and not called_back:
                    called_back = True
                    self._call_back()
                self._refill(waiting)
                for task, answer in self._taken():
                    if answer is None:
                        lost.append(task)
                    else:
                        yield answer
        except (OSError, CancelledError):
            raise _gone() from None
        finally:
            self._cancel([*self._out])
        return lost

    def last_try(self, task: ImageTask) -> Generator[ImageOutcome, None, None]:
        """Yield the outcome of a task whose worker was lost, which may be that another one was."""
        if self._interrupt.asked:
            return
        for _ in (yield from self.outcomes([task])):
            yield task.unfinished("failed", "Two workers of the cluster were lost in this method.")

    def _refill(self, waiting: deque[ImageTask]) -> None:
        """Give out tasks where half of the room is free: what a graph costs the scheduler is then paid for several."""
        room = self._room()
        if self._interrupt.asked or not waiting or len(self._out) > room // 2:
            return
        several = [waiting.popleft() for _ in range(min(room - len(self._out), len(waiting)))]
        for on_gpu in (True, False):
            part = [task for task in several if _needs_gpu(task) == on_gpu]
            if part:
                self._give(part, {"GPU": 1} if on_gpu else None)

    def _give(self, tasks: Sequence[ImageTask], resources: dict[str, int] | None) -> None:
        from srbench.bench.dask_worker import do

        away = [task.absolute() for task in tasks]
        numbers = range(self._count, self._count + len(tasks))
        self._count += len(tasks)
        futures = self._client.map(
            do,
            [self._remote.name] * len(tasks),
            [parcels.pack(task) if self._ship else Parcel(task) for task in away],
            [may_use_device(task.spec) for task in tasks],
            key=[
                f"{task.blank.method}-{self._remote.name}-{number}" for task, number in zip(tasks, numbers, strict=True)
            ],
            pure=False,
            resources=resources,
        )
        for future, task in zip(futures, tasks, strict=True):
            self._out[future] = task
            future.add_done_callback(self._back.put)

    def _taken(self) -> list[tuple[ImageTask, ImageOutcome | None]]:
        """Return what has come back, after waiting a moment for the first; None for a task that was given up.

        Raises:
            SrbenchError: What a worker says, or that the scheduler is gone.
        """
        arrived = [future for future in self._arrived() if future in self._out]
        if self._client.status != "running" or any(future.status == "cancelled" for future in arrived):
            raise _gone()
        # A worker that dies takes results along that nobody has fetched: Dask has such tasks done again.
        self._again = [future for future in arrived if future.status == "lost"]
        done = [future for future in arrived if future not in self._again]
        tasks = {future: self._out.pop(future) for future in done}
        whole = [future for future in done if future.status != "error"]
        taken: list[tuple[ImageTask, ImageOutcome | None]] = []
        for future, answer in zip(whole, self._client.gather(whole), strict=True):
            taken.append((tasks[future], self._checked(tasks[future], answer)))
        for future in done:
            if future.status == "error":
                self._check_killed(future)
                taken.append((tasks[future], None))
        return taken

    def _arrived(self) -> list[Any]:
        futures, self._again = self._again, []
        try:
            futures.append(self._back.get(timeout=_TICK_S))
        except Empty:
            return futures
        while not self._back.empty():
            futures.append(self._back.get())
        return futures

    def _checked(self, task: ImageTask, answer: object) -> ImageOutcome:
        if isinstance(answer, Returned):
            return parcels.received(answer, task.run)
        if isinstance(answer, Exception):
            raise answer
        reason = answer.reason if isinstance(answer, Unfit) else f"answers {answer!r}"
        raise RunError(f"A worker would not give the scores of this machine: {reason}.")

    def _check_killed(self, future: Any) -> None:
        from distributed import KilledWorker

        error = future.exception()
        if not isinstance(error, KilledWorker):
            raise RunError(f"The cluster could not do a task: {type(error).__name__}: {error}") from None

    def _room(self) -> int:
        now = time.monotonic()
        if now - self._looked > _LOOK_S:
            self._looked = now
            self._threads = sum(self._client.nthreads().values())
            if not self._threads and now - self._begun > _PATIENCE_S:
                self._begun = now
                print("No worker has joined the cluster yet; waiting.", file=sys.stderr)
        return max(_LEAST_OUT, _AHEAD * self._threads)

    def _call_back(self) -> None:
        """Take back the tasks that no worker has begun."""
        from srbench.bench.dask_worker import begun

        keys = {key for several in self._client.run(begun, on_error="ignore").values() for key in several}
        self._cancel([future for future in self._out if future.key not in keys and future.status == "pending"])

    def _cancel(self, futures: Sequence[Any]) -> None:
        for future in futures:
            del self._out[future]
        if futures and self._client.status == "running":
            self._client.cancel(futures)


def _gone() -> RunError:
    return RunError(
        "The scheduler of the cluster is gone. What is finished is kept; run the same command again once there is one."
    )
