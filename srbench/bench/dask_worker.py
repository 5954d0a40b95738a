"""What Dask runs on its workers: a plugin for each run of a client, and the function that does a task."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker

from srbench.bench.hosting import Host, RemoteRun, Unfit
from srbench.bench.parcels import Parcel, Returned
from srbench.errors import RunError, SrbenchError


class RemoteRunPlugin(WorkerPlugin):
    """Has a host on every worker, present and future, as long as the run lasts.

    Args:
        remote: The run.
    """

    def __init__(self, remote: RemoteRun) -> None:
        self.name = plugin_name(remote.name)
        self._remote = remote
        self.host: Host | None = None

    def setup(self, worker: Any) -> None:
        """Make the host; nothing is started before the first task."""
        self.host = Host(self._remote, Path(worker.local_directory) / f"srbench-{uuid.uuid4().hex}")

    def teardown(self, worker: Any) -> None:  # noqa: ARG002 - Dask's signature
        """End what the run has here."""
        if self.host is not None:
            self.host.close()


def plugin_name(remote: str) -> str:
    """Return what Dask calls the plugin of a run, by its name."""
    return f"srbench-{remote}"


def do(remote: str, parcel: Parcel, on_device: bool) -> Returned | Unfit | SrbenchError:
    """Do a task of a run, by its name, on this worker, and return what to tell the client."""
    plugin = get_worker().plugins.get(plugin_name(remote))
    if not isinstance(plugin, RemoteRunPlugin) or plugin.host is None:
        return RunError("The run has ended.")
    answer = plugin.host.do(parcel, on_device)
    return Unfit(f"{get_worker().address} {answer.reason}") if isinstance(answer, Unfit) else answer


def begun(dask_worker: Any) -> list[str]:
    """Return the keys of the tasks that a worker is doing or has done."""
    states = ("executing", "long-running", "memory")
    return [str(key) for key, task in dask_worker.state.tasks.items() if task.state in states]
