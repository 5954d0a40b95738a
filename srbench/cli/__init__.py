"""The command line: each command parses its options, calls one function and shows what came back.

Only the module of the command that is called is imported, so that every command starts at once.
"""

from __future__ import annotations

import sys

import typer

from srbench import __version__
from srbench.cli.lazy import Command, group
from srbench.errors import SrbenchError

COMMANDS = {
    "run": Command("run:run", "Evaluate methods on data sets: pictures, scores and provenance go to a run folder."),
    "show": Command("show:show", "Print the tables of a finished run again."),
    "compare": Command(
        "compare:compare", "Say what changed between runs, cell by cell, over the images that both have."
    ),
    "explain": Command(
        "explain:explain",
        "Say which rules of scoring give a published figure: protocol, border, luma, gray originals, mean, window.",
    ),
    "set-scores": Command(
        "explain:set_scores", "Print distances between all results and all originals, over patches; lower is better."
    ),
    "methods": Command("methods:methods", "List the methods: what they can do and whether they have what they need."),
    "metrics": Command("methods:list_metrics", "List the metrics and the protocols they are computed under."),
    "protocols": Command(
        "methods:list_protocols", "List the protocols: what two images become before PSNR and SSIM are computed."
    ),
    "upscale": Command("methods:upscale", "Enlarge one picture, or every picture of a folder."),
    "doctor": Command(
        "methods:doctor", "Say what this installation has: versions, devices, data sets, weights, writable folders."
    ),
    "train": Command(
        "train:train",
        "Train a network; stop it at any time and go on with --resume.",
        {"allow_extra_args": True, "ignore_unknown_options": True},
    ),
    "average-weights": Command(
        "train:average",
        "Write the mean of several runs' weights, which --start, ship-weights and checkpoint:FILE read.",
    ),
    "ship-weights": Command(
        "train:ship", "Score a training run's weights, then write them with a model card where its method finds them."
    ),
    "export": Command(
        "export:export", "Write a trained network for other programs, and say how near it computes to srbench itself."
    ),
    "audit-gan": Command(
        "audit:audit_gan",
        "Measure what generated pictures owe to their input; exit with 1 unless all methods meet what is asked.",
    ),
    "report": Command(
        "report:report",
        "Make the report of a run, of an opinion study, or of both: one HTML page that holds all, Markdown, LaTeX.",
    ),
    "board": Command(
        "board:board",
        "Make a static site of runs: a table to sort and filter, accuracy against cost, every method and image.",
    ),
    "claim": Command(
        "claim:claim",
        "Write what a run says of a method: scores, inputs, weights and protocols by their hashes, and the commands.",
    ),
    "verify": Command(
        "claim:verify", "Compute a claim again, from its weights or its pictures, and say equal, or where not."
    ),
    "datasets": Command("datasets:app", "List, fetch and verify data sets."),
    "models": Command("models:app", "Examine models of others: cards, weight files, ONNX files."),
    "mos": Command("mos:app", "Plan, run and export opinion studies (mean opinion scores)."),
    "ratings": Command("ratings:app", "Read other people's ratings."),
}

app = typer.Typer(
    cls=group(COMMANDS),
    name="srbench",
    help="Evaluate image super-resolution: exact metrics, calibrated opinion studies, sound significance.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"srbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version."),
) -> None:
    pass


def main() -> None:
    """Run the command line; a user's error becomes one line on stderr and exit status 2."""
    try:
        app()
    except SrbenchError as error:
        sys.stderr.write(f"Error: {error}\n")
        sys.exit(2)
    except OSError as error:  # a full disk, a folder that may not be written
        where = f" ({error.filename})" if error.filename else ""
        sys.stderr.write(f"Error: {error.strerror or error}{where}.\n")
        sys.exit(2)
