"""`srbench train`: make the weights of a network from a folder of photographs."""

from __future__ import annotations

import inspect
import shlex
import sys
import typing
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srbench.cli.options import DataRoot, split
from srbench.errors import TrainingError
from srbench.training.config import TrainingConfig
from srbench.training.settings import explanations, options, parse

if TYPE_CHECKING:
    from srbench.training.launch import TrainingRequest


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command whose last parameter is `**given` an option for each setting that all networks share."""
    texts, kinds = explanations(TrainingConfig), typing.get_type_hints(TrainingConfig)
    shared = []
    for setting in fields(TrainingConfig):
        option = typer.Option(help=texts[setting.name], show_default=False, rich_help_panel="Settings")
        kind: Any = Annotated[kinds[setting.name] | None, option]
        shared.append(inspect.Parameter(setting.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind))
    signature = inspect.signature(command, eval_str=True)
    own = list(signature.parameters.values())[:-1]
    command.__signature__ = signature.replace(parameters=[*own, *shared])  # type: ignore[attr-defined] # typer reads it
    return command


@_with_settings
def train(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(help="What to train: srresnet-mse, srgan-vgg54, espcn, srcnn, drcn, ...")
    ] = None,
    *,
    data: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of photographs; repeat it for more. Test images in it are left out."),
    ] = None,
    lr: Annotated[
        Path | None,
        typer.Option(help="Folder of LR photographs, called like those of --data, in place of reduced ones."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Train what this TOML file says, such as the config.toml of a run; options go before it."),
    ] = None,
    queue: Annotated[
        Path | None,
        typer.Option(help="Train the jobs of this TOML file in order, each with its share of --minutes; no NAME."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run. Default: runs/train-NAME, or runs/QUEUE.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in --out, with its settings and photographs.")
    ] = False,
    validation: Annotated[Path | None, typer.Option(help="Folder to hold photographs out from.")] = None,
    hold_out: Annotated[
        int | None, typer.Option(help="How many photographs of --validation are held out.", show_default="20")
    ] = None,
    device: Annotated[str, typer.Option(help="'auto', 'cpu' or 'cuda'.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="CPU threads. Default: one a core.")] = None,
    checkpoint_seconds: Annotated[
        float | None, typer.Option(help="Time between checkpoints.", show_default="60")
    ] = None,
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Train on photographs that look like test images, too.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse to begin when a file cannot be decoded, instead of leaving it out.")
    ] = False,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder for decoded photographs, shared by all runs.", show_default="the user's cache"),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of this network, as NAME=VALUE; see --settings.")
    ] = None,
    settings: Annotated[bool, typer.Option("--settings", help="Show all settings of NAME, and train nothing.")] = False,
    **given: Any,
) -> None:
    """Train a network; stop it at any time and go on with --resume.

    Each network has defaults and further settings of its own; 'srbench train NAME --settings' shows them.

    All are given alike, after NAME: --batch 8 --blocks 4 --no-bn.

    With torchrun it trains data-parallel: torchrun --nproc-per-node 2 -m srbench train NAME ...
    """
    if (queue is not None and (name or config)) or not (name or queue or config or resume):
        raise TrainingError(
            "Expected either the name of a network, or --queue FILE, or --config FILE: srbench train NAME --data "
            "FOLDER."
        )
    if name is not None and name.startswith("-"):
        raise TrainingError(f"Expected the name of a network before its settings, but got '{name}'.")
    if settings:
        _show_settings(name or "")
        return
    wanted = {key: value for key, value in given.items() if value is not None}
    wanted |= options(context.args) | parse(set_ or [])
    if threads:
        import torch

        torch.set_num_threads(threads)
    from srbench.training import runfile
    from srbench.training.launch import TrainingRequest

    stored = {} if config is None else runfile.read(config)
    if name is not None and stored.get("name", name) not in ("", name):
        raise TrainingError(f"{config} is for '{stored['name']}', not for '{name}'. Leave the name out.")
    told = {
        "name": name,
        "data": tuple(data or ()),
        "lr": lr,
        "validation": validation,
        "hold_out": hold_out,
        "checkpoint_seconds": checkpoint_seconds,
        "keep_duplicates": keep_duplicates,
        "strict": strict,
        "cache": cache,
    }
    # What was said on the command line goes before what stands in the file.
    fields_ = stored | {field: value for field, value in told.items() if not _is_unsaid(value)}
    fields_["settings"] = _joined(stored.get("settings", {}), wanted)
    fields_.setdefault("name", "")
    fields_.setdefault("data", ())
    if queue is not None:
        folder = Path("runs") / queue.stem
    elif fields_["name"] or out:
        folder = Path("runs") / f"train-{fields_['name']}"
    else:
        raise TrainingError("Expected which run is to go on: its network's name, or its folder with --out.")
    request = TrainingRequest(out=out or folder, resume=resume, device=device, command=_command(), **fields_)
    if queue is None:
        _train(request)
    else:
        _train_queue(queue, request, hold_out)


def _is_unsaid(value: object) -> bool:
    return value is None or value is False or value == ()


def _joined(stored: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a file with those of the command line in their place; one length replaces the other."""
    length = {"steps", "minutes"}
    kept = {name: value for name, value in stored.items() if not (length & wanted.keys() and name in length)}
    return kept | wanted


def _command() -> str:
    """Return the command line for model cards, which need not tell where somebody keeps photographs."""
    words = [word if not word.startswith("/") else "/".join(Path(word).parts[-2:]) for word in sys.argv[1:]]
    return shlex.join(["srbench", *words])


def _train(request: TrainingRequest) -> None:
    from srbench.training.launch import launch

    outcome = launch(request)
    score = "" if outcome.psnr is None else f", validation {outcome.psnr:.3f} dB"
    if outcome.stopped_by:
        sys.stderr.write(f"Stopped by {outcome.stopped_by} after step {outcome.step}; go on with --resume.\n")
        raise typer.Exit(3)
    typer.echo(f"Done: {outcome.step} steps in {outcome.seconds / 60:.1f} minutes{score}. Checkpoint in {request.out}.")


def _train_queue(path: Path, request: TrainingRequest, hold_out: int | None) -> None:
    from dataclasses import replace

    from srbench.training import queue as queues

    settings = dict(request.settings)
    minutes = settings.pop("minutes", None)
    if minutes is None:
        raise TrainingError("Expected the length of the whole queue with --minutes.")
    found = queues.read(path)
    common = replace(
        request,
        data=request.data or found.data,
        validation=request.validation or found.validation,
        hold_out=found.hold_out if hold_out is None else hold_out,
        settings=settings,
    )
    if not common.data:
        raise TrainingError(f"Expected photographs to train on: --data FOLDER, or data = [...] in {path}.")
    results = queues.train(found, float(minutes), common)
    for result in results:
        typer.echo(f"{result.name}: {result.state}, {result.message}")
    if any(result.state == "stopped" for result in results):
        sys.stderr.write("Go on with the same command.\n")
        raise typer.Exit(3)
    if any(result.state == "failed" for result in results):
        raise typer.Exit(1)


def _show_settings(name: str) -> None:
    from srbench.training.recipes import find

    config = find(name).config
    for setting, text in explanations(type(config)).items():
        typer.echo(f"{setting} = {getattr(config, setting)}\n    {text}")


def ship(
    run: Annotated[Path, typer.Argument(help="Folder of a training run, or the weights.safetensors in it.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the weights.", show_default="that in SRBENCH_WEIGHTS")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace weights that are there already.")] = False,
    command: Annotated[str, typer.Option(help="The command that made it, for the model card.")] = "",
    hardware: Annotated[str, typer.Option(help="What it was trained on. Default: this machine.")] = "",
    licence: Annotated[str, typer.Option(help="Licence of the weights, for the model card.")] = "",
    sets: Annotated[str, typer.Option(help="Data sets to score it on, separated by commas.")] = "set5,set14,bsd100",
    data_root: DataRoot = None,
) -> None:
    """Score a training run's weights, then write them with a model card where its method finds them.

    Methods take the weights in the folder that SRBENCH_WEIGHTS names before those that come with srbench.
    """
    from srbench.training import shipping

    shipped = shipping.ship(
        run,
        out=out,
        overwrite=overwrite,
        data_root=data_root,
        command=command,
        hardware=hardware,
        licence=licence,
        sets=split(sets),
    )
    typer.echo(f"Wrote {shipped.path} and its model card.")
    for name, row in shipped.scores.items():
        typer.echo(f"{name}: {row['psnr']:.2f} dB, SSIM {row['ssim']:.4f}")


def average(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Folders of training runs (also RUN@STEP), weight files or methods; the first is a run. "
            "RUN=2 counts twice.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The file to write, FILE.safetensors.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there already.")] = False,
) -> None:
    """Write the mean of several runs' weights, which --start, ship-weights and checkpoint:FILE read.

    Runs that set out from the same weights often have a mean that is better than each of them.
    """
    from srbench.training import soups

    soups.average([soups.part(run) for run in runs], out, overwrite=overwrite)
    typer.echo(f"Wrote {out}.")
