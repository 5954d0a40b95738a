"""Where the workers of a run are: at a Dask scheduler, on this machine, or in jobs of a batch system."""

from __future__ import annotations

import contextlib
import logging
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srbench.errors import RunError, unknown

SYSTEMS = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "sge": "SGECluster",
    "lsf": "LSFCluster",
    "htcondor": "HTCondorCluster",
    "oar": "OARCluster",
    "moab": "MoabCluster",
}
"""Batch systems, and what dask-jobqueue calls them."""

_ADDRESSES = ("tcp://", "tls://", "ucx://", "ws://", "wss://")
_JOBS = 8
_CONNECT_S = 30
_LOGS = ("low-level-log-length", "log-length")
_LOGGED = 50  # of the last messages, with all that they carry, that client and scheduler keep for a debugger


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """Where workers are.

    Attributes:
        kind: `address`, `local`, or a batch system.
        address: Of the scheduler, for `address`.
        workers: How many workers, or jobs of a batch system.
        options: What dask-jobqueue's cluster is made with, besides its own configuration.
    """

    kind: str
    address: str = ""
    workers: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> ClusterSpec:
        """Return what `--cluster` says.

        Args:
            text: `tcp://HOST:8786`, `local:4`, a batch system such as `slurm` or `slurm:20`, or the path of a TOML file
                with `kind`, `workers` or `address`, and a table `options` for dask-jobqueue.

        Raises:
            RunError: It says none of these.

        >>> ClusterSpec.parse("local:4").workers
        4
        """
        if text.startswith(_ADDRESSES):
            return cls("address", text)
        if text.endswith(".toml"):
            return _of_file(Path(text))
        kind, colon, count = text.partition(":")
        if kind not in ("local", *SYSTEMS):
            raise RunError(unknown("cluster", text, ("tcp://HOST:8786", "local:4", *SYSTEMS, "FILE.toml")))
        return cls(kind, workers=_count(count, text) if colon else _JOBS if kind in SYSTEMS else 1)


def _of_file(path: Path) -> ClusterSpec:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"Cannot read {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path} is no TOML file: {error}.") from None
    strange = said.keys() - {"kind", "address", "workers", "options"}
    if strange:
        raise RunError(f"{path}: {unknown('key', min(strange), ('kind', 'address', 'workers', 'options'))}")
    if "address" in said:
        return ClusterSpec.parse(_address(said["address"], path))
    kind, options = said.get("kind"), said.get("options", {})
    if kind not in ("local", *SYSTEMS):
        raise RunError(f"{path}: {unknown('kind', str(kind), ('local', *SYSTEMS))}")
    if not isinstance(options, dict):
        raise RunError(f"{path}: expected a table [options]; got {options!r}.")
    return ClusterSpec(kind, workers=_count(str(said.get("workers", _JOBS)), str(path)), options=options)


def _address(given: object, path: Path) -> str:
    if not isinstance(given, str) or not given.startswith(_ADDRESSES):
        raise RunError(f"{path}: expected an address such as 'tcp://HOST:8786'; got {given!r}.")
    return given


def _count(text: str, where: str) -> int:
    if not text.isdecimal() or not text.isascii() or not int(text):
        raise RunError(f"'{where}': expected a number of workers from 1; got '{text}'.")
    return int(text)


def check() -> None:
    """Do nothing when Dask is installed.

    Raises:
        RunError: It is not.
    """
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise RunError("The engine 'dask' needs Dask. Install it with: pip install 'srbench[cluster]'") from None


@contextlib.contextmanager
def connected(spec: ClusterSpec) -> Iterator[Any]:
    """Give a Dask client of a cluster; what was started for it ends with the block.

    Args:
        spec: Where workers are.

    Raises:
        RunError: There is no scheduler, or the batch system cannot be used.
    """
    import dask

    with _quiet(), dask.config.set({f"distributed.admin.{name}": _LOGGED for name in _LOGS}):
        if spec.kind != "address":
            with _started(spec) as cluster, _client(cluster) as client:
                yield client
            return
        try:
            client = _client(spec.address)
        except (OSError, ValueError) as error:
            raise RunError(
                f"No Dask scheduler answers at {spec.address} ({_line(error)}). Start one with 'dask scheduler', or "
                "name another --cluster."
            ) from None
        with client:
            yield client


def _client(where: Any) -> Any:
    from distributed import Client

    return Client(where, timeout=_CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from telling on stderr, in its words, what is said in ours."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    before = {name: logging.getLogger(name).level for name in names}
    try:
        for name in names:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


@contextlib.contextmanager
def _started(spec: ClusterSpec) -> Iterator[Any]:
    import dask

    # A first death is enough, the client tries again, alone; and what is lost is replaced soon.
    settings = {"distributed.scheduler.allowed-failures": 0, "distributed.deploy.lost-worker-timeout": "2s"}
    with dask.config.set(settings), _local(spec) if spec.kind == "local" else _jobs(spec) as cluster:
        yield cluster


def _local(spec: ClusterSpec) -> Any:
    """Return workers in processes of their own, which do not import the caller's script again."""
    from distributed import Scheduler
    from distributed.deploy.spec import SpecCluster
    from distributed.deploy.subprocess import SubprocessWorker

    about = {"nthreads": 1, "memory_limit": 0, "dashboard": False, "death_timeout": _CONNECT_S, "silence_logs": 50}
    # A nanny beside each worker starts another when it dies; the cluster itself does not know these workers by name.
    worker = {"cls": SubprocessWorker, "options": {"worker_class": "distributed.Nanny", "worker_kwargs": about}}
    options = {"host": "127.0.0.1", "port": 0, "dashboard": False, "dashboard_address": ":0"}
    cluster = SpecCluster(scheduler={"cls": Scheduler, "options": options}, worker=worker)  # type: ignore[no-untyped-call]
    cluster.scale(spec.workers)  # type: ignore[no-untyped-call]
    return cluster


def _jobs(spec: ClusterSpec) -> Any:
    """Return a cluster whose jobs are replaced when their time is over, or when they die."""
    try:
        import dask_jobqueue
    except ImportError:
        raise RunError("Batch systems need dask-jobqueue. Install it with: pip install 'srbench[cluster]'") from None
    try:
        options = {"python": sys.executable, "scheduler_options": {"dashboard_address": ":0"}, **spec.options}
        cluster = getattr(dask_jobqueue, SYSTEMS[spec.kind])(**options)
    except (TypeError, ValueError) as error:
        raise RunError(
            f"The cluster '{spec.kind}' cannot be used: {_line(error)}. Put cores, memory and what your system needs "
            "under [options] of a file for --cluster, or into dask-jobqueue's own configuration."
        ) from None
    cluster.adapt(minimum_jobs=spec.workers, maximum_jobs=spec.workers)
    return cluster
