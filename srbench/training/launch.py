"""Launches a training run: recipe, photographs without test images, held-out ones, and the loop over them."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from srbench import degradations, locks
from srbench.degradations import Degradation
from srbench.errors import TrainingError
from srbench.training import (
    cache,
    checkpoints,
    loading,
    loop,
    parallel,
    patches,
    photographs,
    precision,
    runfile,
    validation,
)
from srbench.training.config import PRECISIONS, TrainingConfig
from srbench.training.loop import TrainingResult
from srbench.training.parallel import ProcessGroup
from srbench.training.patches import Cutter, Shape
from srbench.training.recipes import configure, find
from srbench.training.state import TrainingRun
from srbench.training.task import TrainingTask


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What `srbench train` was asked for.

    Attributes:
        name: A recipe's name, such as `srresnet-mse`.
        data: Folders and files of photographs; a run that goes on knows its own.
        out: Folder of the run.
        settings: Fields of the recipe's config that differ from its defaults.
        validation: Folder of which `hold_out` photographs are held out from training; None validates nothing.
        hold_out: How many, evenly spaced in the sorted folder.
        resume: Go on from the checkpoint in `out`.
        device: `auto`, `cpu` or `cuda`.
        checkpoint_seconds: Time between checkpoints.
        keep_duplicates: Train on photographs that look like test images, too.
        quiet: Show nothing.
        command: The command line that asked for it, for the model card.
        strict: Refuse to begin when a file cannot be decoded, instead of leaving it out.
        cache: Folder for decoded photographs; None for the user's cache.
        lr: Folder of LR photographs, called like those of `data`, instead of making them.
    """

    name: str
    data: tuple[Path, ...]
    out: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    validation: Path | None = None
    hold_out: int = 20
    resume: bool = False
    device: str = "auto"
    checkpoint_seconds: float = 60.0
    keep_duplicates: bool = False
    quiet: bool = False
    command: str = ""
    strict: bool = False
    cache: Path | None = None
    lr: Path | None = None


def continued(request: TrainingRequest) -> TrainingRequest:
    """Return the request for going on with a run, with all that was not said now as the run was started.

    Raises:
        TrainingError: Its photographs are not where they were, and nobody says where they are now.
    """
    stored = checkpoints.load(request.out).config
    name = request.name or str(stored["name"])
    known = {one.name for one in dataclasses.fields(find(name).config)}
    plan = {key: value for key, value in stored["plan"].items() if key in known}  # another version may have had more
    if "steps" in request.settings or "minutes" in request.settings:
        plan |= {"steps": None, "minutes": None}
    places = stored.get(runfile.PLACES, {})
    data = request.data or tuple(Path(place) for place in places.get("data", ()))
    held = request.validation or (Path(places["validation"]) if places.get("validation") else None)
    lr = request.lr or (Path(places["lr"]) if places.get("lr") else None)
    for option, place in [*(("--data", one) for one in data), ("--validation", held), ("--lr", lr)]:
        if place is not None and not place.exists():
            raise TrainingError(
                f"The run in {request.out} has its photographs from {place}, which is not there. Say with {option} "
                "where they are now."
            )
    if not data:
        raise TrainingError(f"The run in {request.out} does not say where its photographs are. Give them with --data.")
    return dataclasses.replace(
        request,
        name=name,
        data=data,
        validation=held,
        lr=lr,
        hold_out=int(places.get("hold_out", request.hold_out)),
        keep_duplicates=request.keep_duplicates or stored.get("refused", ()) is None,
        settings=plan | dict(request.settings),
    )


def held_out(folder: Path | None, count: int) -> list[Path]:
    """Return `count` photographs of `folder`, evenly spaced in their sorted names; all where it has no more."""
    if folder is None or count < 1:
        return []
    files = photographs.find([folder])
    count = min(count, len(files))
    return [files[i * len(files) // count] for i in range(count)]


def launch(request: TrainingRequest) -> TrainingResult:
    """Train as requested.

    Raises:
        TrainingError: Something about the request, the data or the run is wrong.
    """
    request = continued(request) if request.resume else request
    if not request.data:
        raise TrainingError("Expected photographs to train on: --data FOLDER.")
    recipe = find(request.name)
    plan = configure(recipe, request.settings)
    with parallel.joined(request.device) as processes:
        side = plan.crop if recipe.enlarged else plan.crop // plan.scale
        wanted, why = precision.choose(processes.device, plan.precision, plan.batch // processes.size, side)
        plan = dataclasses.replace(plan, precision=PRECISIONS[round(processes.agree(PRECISIONS.index(wanted)))])
        torch.manual_seed(plan.seed)
        task = recipe.task(plan, processes)
        if request.command:
            task.notes["command"] = request.command
        say = _say if processes.leads and not request.quiet else _ignore
        if why:
            say([why])
        held = held_out(request.validation, request.hold_out)
        cutter, loaded = _cutter(request, task, held, processes, say)
        photos = loaded.photographs
        facts = {
            "name": request.name,
            "photographs": len(photos),
            "megapixels": round(int((photos.heights * photos.widths).sum()) / 1e6, 1),
            "data": _names(request.data),
            "held_out": [path.stem for path in held],
            "refused": None if request.keep_duplicates else sorted(loaded.refused),
            "left_out": len(loaded.left_out),
            runfile.PLACES: runfile.places(request),
        }
        run = TrainingRun(
            request.out,
            request.name,
            request.resume,
            request.checkpoint_seconds,
            facts,
            request.quiet,
            runfile.write(request, plan),
        )
        scored = validation.hold_out(held if processes.leads else [], plan, task.luma, processes.device, request.lr)
        say(scored.lines())
        with precision.searching(processes.device), _alone(request.out, processes):
            return loop.train(task, run, cutter.draw, scored)


@contextlib.contextmanager
def _alone(out: Path, processes: ProcessGroup) -> Iterator[None]:
    """Keep a run's folder from a second training, whose checkpoints would take the place of the first one's."""
    if not processes.leads:
        yield
        return
    with locks.opened(out, ".lock", TrainingError) as lock:
        if not locks.taken(lock, locks.ALONE, out, TrainingError):
            raise TrainingError(f"{out} is being trained by another process. Wait for it, or give another --out.")
        yield


def _cutter(
    request: TrainingRequest, task: TrainingTask, held: Sequence[Path], processes: ProcessGroup, say: Any
) -> tuple[Cutter, loading.LoadedPhotographs]:
    degradation = degradation_of(task.plan)
    margin = patches.MARGIN if degradation is None else patches.DEGRADED_MARGIN
    shape = Shape(task.plan.crop, task.plan.scale, task.enlarge, margin)
    quiet = request.quiet or not processes.leads
    store = cache.PixelCache(cache.folder(request.cache, request.out))
    files = photographs.find(request.data, photographs.EXTENSIONS)
    wanted = loading.Request(
        files, held, shape.window, task.luma, request.keep_duplicates, request.strict, request.lr, task.plan.scale
    )
    loaded = loading.load(wanted, store, processes.device, quiet)
    say(loaded.lines())
    return Cutter(loaded.photographs, shape, processes.device, degradation, loaded.lr), loaded


def degradation_of(plan: TrainingConfig) -> Degradation | None:
    """Return how LR crops are made; None for bicubic reduction, which is made where the crops are."""
    found = degradations.parse(plan.degradation)
    return None if found.name == "bicubic" else found


def _names(places: Sequence[Path]) -> list[str]:
    # The last two parts tell data sets apart without telling where somebody keeps them.
    return ["/".join(place.resolve().parts[-2:]) for place in places]


def _say(lines: Sequence[str]) -> None:
    for line in lines:
        sys.stderr.write(f"{line}\n")


def _ignore(_: Sequence[str]) -> None:
    pass
