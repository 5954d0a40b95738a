"""The worker's side of a cluster: what it knows of a client's run, and the processes that do its tasks."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from srbench.bench import environment, parcels
from srbench.bench.environment import Asked
from srbench.bench.parcels import Parcel, PluginFolder, Returned
from srbench.bench.processes import program
from srbench.bench.steady import SteadyWorker
from srbench.bench.worker import internal_error
from srbench.errors import RunError, SrbenchError

_IDLE_S = 60.0
_LUGGAGE = "luggage.pkl"


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """One run of a client, as workers know it.

    Attributes:
        name: Its own, no other's.
        asked: What it needs of a worker.
        expected: What the client's machine answered to that.
        variables: Variables that name the client's folders of plugins.
        folder: The client's working directory.
        sight: A file in the run folder and its content, by which a worker sees that it has the same folder; None where
            files are sent.
        plugins: Folders of plugins that are sent, by variable.
        luggage: What travels by value, where files are sent.
    """

    name: str
    asked: Asked
    expected: Mapping[str, str]
    variables: Mapping[str, str]
    folder: Path
    sight: tuple[Path, str] | None = None
    plugins: Mapping[str, tuple[PluginFolder, ...]] = field(default_factory=dict)
    luggage: bytes | None = None


@dataclass(frozen=True, slots=True)
class Unfit:
    """Answered instead of an outcome by a worker whose scores could be other than the client's.

    Attributes:
        reason: What is wrong with it.
    """

    reason: str


class Host:
    """Does the tasks of a run in processes beside its own, and ends them with the run.

    Args:
        remote: The run.
        scratch: A folder of its own, which is removed at the end.
    """

    def __init__(self, remote: RemoteRun, scratch: Path) -> None:
        self._remote, self._scratch = remote, scratch
        self._places: dict[str, str] = {}
        self._idle: dict[bool, list[SteadyWorker]] = {False: [], True: []}
        self._busy: set[SteadyWorker] = set()
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._checking = threading.Lock()
        threading.Thread(target=self._end_idle, name="srbench-host", daemon=True).start()

    def do(self, parcel: Parcel, on_device: bool) -> Returned | Unfit | SrbenchError:
        """Do a task and return what to tell the client: nothing is raised, whatever happens.

        Args:
            parcel: The task.
            on_device: Whether it may use a GPU: such tasks keep a process of their own, which holds the network.
        """
        try:
            reason = self._unfit()
            return Unfit(reason) if reason else self._done(parcel, on_device)
        except SrbenchError as error:
            return error
        except Exception as error:
            return internal_error(parcel.task, error)

    def close(self) -> None:
        """End all processes at once, with what they are doing."""
        self._closed.set()
        with self._lock:
            workers = [*self._busy, *self._idle[False], *self._idle[True]]
        for worker in workers:
            worker.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _done(self, parcel: Parcel, on_device: bool) -> Returned:
        if parcel.hr is None:
            with self._worker(on_device) as worker:
                return Returned(worker.do(parcel.task))
        luggage = self._scratch / _LUGGAGE if self._remote.luggage is not None else None
        with parcels.unpacked(parcel, self._scratch, luggage) as task, self._worker(on_device) as worker:
            outcome = parcels.with_places_of_client(worker.do(task), self._places)
            return parcels.returned(outcome, task)

    @contextlib.contextmanager
    def _worker(self, on_device: bool) -> Iterator[SteadyWorker]:
        idle = self._idle[on_device]
        with self._lock:
            if self._closed.is_set():
                raise RunError("The run has ended.")
            worker = idle.pop() if idle else SteadyWorker(self._variables, self._folder)
            self._busy.add(worker)
        try:
            yield worker
        finally:
            with self._lock:
                self._busy.discard(worker)
                idle.append(worker)

    def _unfit(self) -> str:
        with self._checking:
            return self._reason

    @functools.cached_property
    def _reason(self) -> str:
        """What keeps this worker from the run, found out once; empty where nothing does."""
        remote = self._remote
        if remote.sight is not None:
            path, content = remote.sight
            if not path.is_file() or path.read_text(encoding="ascii") != content or not os.access(path.parent, os.W_OK):
                return f"cannot see or write the run folder {path.parent}. Give it a shared one, or use --ship"
        self._scratch.mkdir(parents=True, exist_ok=True)
        if remote.luggage is not None:
            (self._scratch / _LUGGAGE).write_bytes(remote.luggage)
        for variable, folders in remote.plugins.items():
            self._places |= parcels.unpack_plugins(folders, self._scratch / variable)
        differ = environment.differences(remote.expected, self._environment())
        return f"has {'; '.join(differ)}" if differ else ""

    @property
    def _variables(self) -> dict[str, str]:
        """The variables that name folders of plugins: those of the client, or where they were laid down."""
        return {
            name: os.pathsep.join(self._places.get(place, place) for place in value.split(os.pathsep))
            for name, value in self._remote.variables.items()
        }

    @property
    def _folder(self) -> Path:
        return self._remote.folder if self._remote.folder.is_dir() else self._scratch

    def _environment(self) -> dict[str, str]:
        """Return what a fresh process here is like: this one may have imported what has been changed since."""
        asked = subprocess.run(
            program("environment.main()"),
            input=environment.question(self._remote.asked),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | self._variables,
            cwd=self._folder,
        )
        if asked.returncode:
            return {"srbench": (asked.stderr.strip().splitlines() or ["nothing that runs"])[-1]}
        answer: dict[str, str] = json.loads(asked.stdout.splitlines()[-1])
        return answer

    def _end_idle(self) -> None:
        """End processes that nobody has used for a while: a client that was killed ends no run."""
        while not self._closed.wait(_IDLE_S / 4):
            before = time.monotonic() - _IDLE_S
            with self._lock:
                old = [worker for idle in self._idle.values() for worker in idle if worker.idle_since < before]
                for idle in self._idle.values():
                    idle[:] = [worker for worker in idle if worker not in old]
            for worker in old:
                worker.close()
