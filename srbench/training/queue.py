"""Trains the jobs of a queue file one after another: at night on a workstation, on a cluster, or on a lent GPU.

A queue may be killed at any moment. The same command goes on with the job under way and leaves out what is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from srbench import tomlfile
from srbench.errors import SrbenchError, TrainingError, unknown
from srbench.training import averaged, checkpoints, parallel, photographs
from srbench.training.launch import TrainingRequest, launch
from srbench.training.recipes import configure, find

_TOP = {"job", "data", "validation", "hold_out"}
_JOB = {"name", "recipe", "share", "start", "settings"}


@dataclass(frozen=True, slots=True)
class Job:
    """One training of a queue.

    Attributes:
        name: Its folder below that of the queue, and what later jobs start from.
        recipe: What it trains, such as `srresnet-mse`.
        share: Its part of the queue's minutes, in proportion to those of all jobs.
        start: Weights it starts from: the name of an earlier job, or what `--start` takes.
        settings: Fields of the recipe's config.
    """

    name: str
    recipe: str
    share: float
    start: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    """What a queue file holds.

    Attributes:
        jobs: In their order.
        data: Folders of photographs for all jobs.
        validation: Folder to hold photographs out from.
        hold_out: How many.
    """

    jobs: tuple[Job, ...]
    data: tuple[Path, ...] = ()
    validation: Path | None = None
    hold_out: int = 20


@dataclass(frozen=True, slots=True)
class JobResult:
    """What became of a job: `done`, `stopped`, or `failed`, with a sentence that says more."""

    name: str
    state: str
    message: str


def read(path: Path) -> Queue:
    """Read a queue file; folders in it are relative to it.

    Raises:
        TrainingError: It cannot be read, or something in it is not as expected.
    """
    entries = tomlfile.read(path, "the queue", TrainingError)
    _check_names(path, "the queue", entries, _TOP)
    jobs = entries.get("job", [])
    if not isinstance(jobs, list) or not jobs:
        raise TrainingError(f"{path} holds no jobs. Expected [[job]] with {', '.join(sorted(_JOB))}.")
    data = entries.get("data", [])
    places = [path.parent / Path(one).expanduser() for one in ([data] if isinstance(data, str) else data)]
    validation = entries.get("validation")
    held = None if validation is None else path.parent / Path(str(validation)).expanduser()
    return Queue(_jobs(path, jobs), tuple(places), held, int(entries.get("hold_out", 20)))


def _jobs(path: Path, entries: Sequence[Mapping[str, Any]]) -> tuple[Job, ...]:
    jobs: list[Job] = []
    for number, entry in enumerate(entries, start=1):
        _check_names(path, f"job {number}", entry, _JOB)
        name, share = str(entry.get("name", "")), entry.get("share", 1)
        if not name or name != Path(name).name or name in (".", ".."):
            raise TrainingError(f"Job {number} of {path} needs a name that can be a folder's, but has {name!r}.")
        if name in {job.name for job in jobs}:
            raise TrainingError(f"Two jobs of {path} are called '{name}'. Give each a name of its own.")
        if isinstance(share, bool) or not isinstance(share, int | float) or not share > 0:
            raise TrainingError(f"Job '{name}' of {path} needs a share above zero, but has {share!r}.")
        start_from = entry.get("start")
        jobs.append(
            Job(
                name,
                str(entry.get("recipe", name)),
                float(share),
                None if start_from is None else str(start_from),
                entry.get("settings", {}),
            )
        )
    return tuple(jobs)


def _check_names(path: Path, where: str, entry: Mapping[str, Any], known: set[str]) -> None:
    for name in entry:
        if name not in known:
            raise TrainingError(f"{path}, {where}: {unknown('entry', name, known)}")


def requests(queue: Queue, minutes: float, common: TrainingRequest) -> list[TrainingRequest]:
    """Return what each job trains, all of it checked, `minutes` being shared out among all jobs.

    Args:
        queue: What to train.
        minutes: Length of the whole queue in minutes of training.
        common: Everything that the jobs have in common; its `out` is the folder of the queue.

    Raises:
        TrainingError: A job names a recipe, a setting or weights that there are none of.
    """
    photographs.find(common.data, photographs.EXTENSIONS)
    total, found, names = sum(job.share for job in queue.jobs), [], set[str]()
    for job in queue.jobs:
        given = {**job.settings, **common.settings, "minutes": minutes * job.share / total}
        if job.start is not None:
            earlier = common.out / job.start
            given["start"] = str(earlier if job.start in names else job.start)
        configure(find(job.recipe), given)
        names.add(job.name)
        found.append(replace(common, name=job.recipe, out=common.out / job.name, settings=given))
    return found


def train(queue: Queue, minutes: float, common: TrainingRequest) -> list[JobResult]:
    """Train all jobs that are not done; one that fails stops only those that start from it.

    Args:
        queue: What to train.
        minutes: Length of the whole queue in minutes of training, over all its sessions.
        common: As for `requests`.

    Returns:
        What became of each job; after one that was stopped by a signal there are no more.

    Raises:
        TrainingError: Something in the queue is wrong; then nothing has been trained.
    """
    wanted = requests(queue, minutes, common)
    states = [_progress(request) for request in wanted]
    results: list[JobResult] = []
    with parallel.joined(common.device):
        for job, request, done in zip(queue.jobs, wanted, states, strict=True):
            result = _train(job, request, done, results)
            results.append(result)
            if result.state == "stopped":
                break
    return results


def _progress(request: TrainingRequest) -> float:
    """Return how much of a job is over, 0..1, as the file of its averaged weights says, which is written last.

    Raises:
        TrainingError: These weights are there, unfinished, and its checkpoint is not: going on is impossible.
    """
    weights = request.out / averaged.FILE
    if not weights.is_file():
        return 0.0
    found = averaged.read(weights)
    over = min(1.0, found.seconds / (60 * float(request.settings["minutes"])))
    if over < 1 and not (request.out / checkpoints.INDEX).is_file():
        raise TrainingError(
            f"{request.out} holds the averaged weights of step {found.step}, but no checkpoint to go on from. Bring "
            f"the checkpoint back, or move {averaged.FILE} away and let a job start from it."
        )
    return over


def _train(job: Job, request: TrainingRequest, done: float, before: Sequence[JobResult]) -> JobResult:
    if done >= 1:
        return JobResult(job.name, "done", f"nothing is left of its {request.settings['minutes']:.2f} minutes")
    broken = next((one for one in before if one.name == job.start and one.state != "done"), None)
    if broken is not None:
        return JobResult(job.name, "failed", f"it starts from '{broken.name}', which has failed")
    try:
        result = launch(replace(request, resume=(request.out / checkpoints.INDEX).is_file()))
    except SrbenchError as error:
        return JobResult(job.name, "failed", str(error))
    if result.stopped_by:
        return JobResult(job.name, "stopped", f"by {result.stopped_by} after step {result.step}")
    score = "" if result.psnr is None else f", validation {result.psnr:.3f} dB"
    return JobResult(job.name, "done", f"{result.step} steps in {result.seconds / 60:.2f} minutes{score}")
