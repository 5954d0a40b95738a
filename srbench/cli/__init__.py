"""The command line: each command parses its options, calls one function and shows what came back."""

from __future__ import annotations

import sys

import typer

from srbench import __version__
from srbench.cli import (
    audit,
    board,
    claim,
    compare,
    datasets,
    explain,
    export,
    methods,
    models,
    mos,
    mos_invite,
    mos_panel,
    mos_plan,
    mos_serve,
    mos_templates,
    ratings,
    report,
    run,
    show,
    train,
)
from srbench.errors import SrbenchError

app = typer.Typer(
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


app.command()(run.run)
app.command()(show.show)
app.command()(compare.compare)
app.command()(explain.explain)
app.command("set-scores")(explain.set_scores)
app.command("methods")(methods.methods)
app.command("metrics")(methods.list_metrics)
app.command("protocols")(methods.list_protocols)
app.add_typer(datasets.app, name="datasets")
app.add_typer(models.app, name="models")
app.command()(methods.upscale)
app.command()(methods.doctor)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(train.train)
app.command("average-weights")(train.average)
app.command("ship-weights")(train.ship)
app.command("export")(export.export)
app.command("audit-gan")(audit.audit_gan)
app.add_typer(mos.app)
mos.app.command()(mos_invite.invite)
mos.app.command()(mos_invite.renew)
mos.app.command()(mos_invite.revoke)
mos.app.command()(mos_invite.withdraw)
mos.app.command()(mos_panel.recruit)
mos.app.command()(mos_panel.payments)
mos.app.command()(mos_templates.templates)
mos.app.command()(mos_templates.texts)
mos.app.command()(mos_plan.plan)
mos.app.command()(mos_plan.simulate)
mos.app.command()(mos_serve.serve)
mos.app.command()(mos_serve.password)
app.add_typer(ratings.app, name="ratings")
app.command()(report.report)
app.command()(board.board)
app.command()(claim.claim)
app.command()(claim.verify)


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
