"""`srbench train`: make the weights of a network from a folder of photographs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.options import DataRoot, split


def train(
    name: Annotated[str, typer.Argument(help="What to train: srresnet-mse, srgan-vgg54, espcn, srcnn, drcn, ...")],
    data: Annotated[
        list[Path], typer.Option(help="Folder of photographs; repeat it for more. Test images in it are left out.")
    ],
    out: Annotated[Path | None, typer.Option(help="Folder of the run. Default: runs/train-NAME.")] = None,
    scale: Annotated[int | None, typer.Option(help="Upscaling factor.", show_default="4")] = None,
    steps: Annotated[int | None, typer.Option(help="Length of the run in steps.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Length of the run in minutes, over all sessions.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in --out.")] = False,
    validation: Annotated[Path | None, typer.Option(help="Folder to hold photographs out from.")] = None,
    hold_out: Annotated[int, typer.Option(help="How many photographs of --validation are held out.")] = 20,
    device: Annotated[str, typer.Option(help="'auto', 'cpu' or 'cuda'.")] = "auto",
    precision: Annotated[str | None, typer.Option(help="'bf16' or 'fp32'.", show_default="bf16")] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads. Default: one a core.")] = None,
    batch: Annotated[int | None, typer.Option(help="Crops in a step.")] = None,
    crop: Annotated[int | None, typer.Option(help="Height and width of HR crops.")] = None,
    rate: Annotated[float | None, typer.Option(help="Base learning rate.")] = None,
    optimiser: Annotated[str | None, typer.Option(help="'adam' or 'soap'. Default: the network's own.")] = None,
    schedule: Annotated[str | None, typer.Option(help="'cosine', 'one-cycle', 'constant' or 'drop'.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of initial weights and crops.")] = None,
    compile_: Annotated[
        bool | None, typer.Option("--compile/--no-compile", help="torch.compile. Default: on CUDA only.")
    ] = None,
    bn: Annotated[
        bool | None, typer.Option("--bn/--no-bn", help="SRResNet with or without batch normalisation.")
    ] = None,
    blocks: Annotated[int | None, typer.Option(help="SRResNet: number of residual blocks.")] = None,
    skip: Annotated[bool | None, typer.Option("--skip/--no-skip", help="SRResNet: with or without skips.")] = None,
    vgg: Annotated[
        str | None, typer.Option(help="SRGAN: features of the content loss: 'imagenet', or a FILE with VGG16 or VGG19.")
    ] = None,
    start: Annotated[Path | None, typer.Option(help="Weights to start from: a run's folder or a weight file.")] = None,
    anchor: Annotated[float | None, typer.Option(help="SRGAN: weight of MSE beside the content loss.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Any other setting, as NAME=VALUE; see docs/training.md.")
    ] = None,
    checkpoint_seconds: Annotated[float, typer.Option(help="Time between checkpoints.")] = 60.0,
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Train on photographs that look like test images, too.")
    ] = False,
) -> None:
    """Train a network; stop it at any time and go on with --resume.

    With torchrun it trains data-parallel: torchrun --nproc-per-node 2 -m srbench train NAME ...
    """
    import torch

    from srbench.training.settings import parse
    from srbench.training.start import Order
    from srbench.training.start import start as begin

    if threads:
        torch.set_num_threads(threads)
    given = {
        "scale": scale,
        "steps": steps,
        "minutes": minutes,
        "precision": precision,
        "batch": batch,
        "crop": crop,
        "rate": rate,
        "optimiser": optimiser,
        "schedule": schedule,
        "seed": seed,
        "compile": compile_,
        "bn": bn,
        "blocks": blocks,
        "skip": skip,
        "vgg": vgg,
        "start": None if start is None else str(start),
        "anchor": anchor,
    }
    settings = {key: value for key, value in given.items() if value is not None} | parse(set_ or [])
    folder = out or Path("runs") / f"train-{name}"
    outcome = begin(
        Order(
            name,
            tuple(data),
            folder,
            settings,
            validation,
            hold_out,
            resume,
            device,
            checkpoint_seconds,
            keep_duplicates,
        )
    )
    score = "" if outcome.psnr is None else f", validation {outcome.psnr:.3f} dB"
    if outcome.stopped_by:
        sys.stderr.write(f"Stopped by {outcome.stopped_by} after step {outcome.step}; go on with --resume.\n")
        raise typer.Exit(3)
    typer.echo(f"Done: {outcome.step} steps in {outcome.seconds / 60:.1f} minutes{score}. Checkpoint in {folder}.")


def ship(
    run: Annotated[Path, typer.Argument(help="Folder of a training run.")],
    command: Annotated[str, typer.Option(help="The command that made it, for the model card.")] = "",
    hardware: Annotated[str, typer.Option(help="What it was trained on. Default: this machine.")] = "",
    sets: Annotated[str, typer.Option(help="Data sets to score it on, separated by commas.")] = "set5,set14,bsd100",
    data_root: DataRoot = None,
) -> None:
    """Make a training run's weights those of its method: score them, write weight file and model card."""
    from srbench.training import shipping

    shipped = shipping.ship(run, data_root=data_root, command=command, hardware=hardware, sets=split(sets))
    typer.echo(f"Wrote {shipped.path} and its model card.")
    for name, row in shipped.scores.items():
        typer.echo(f"{name}: {row['psnr']:.2f} dB, SSIM {row['ssim']:.4f}")
