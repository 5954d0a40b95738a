"""`srbench compare`: what changed between runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.errors import RunError

if TYPE_CHECKING:
    from srbench.changes import RunChanges

_WORDS = ("rich", "md")


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN RUN...", help="Run folders: the first is what the others are compared with."),
    ],
    form: Annotated[str, typer.Option("--format", help="'rich', 'md', 'csv', 'latex', 'json' or 'html'.")] = "rich",
    everything: Annotated[bool, typer.Option("--all", help="Show what is equal on every image too.")] = False,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="Exit with status 1 where the mean change, after minus before, is beyond a bound: "
            "'METHOD METRIC < NUMBER', such as 'srresnet-mse psnr < -0.02'. METHOD may be *, METRIC may be "
            "METRIC:PROTOCOL, 'on SET' may stand before the sign (<, <=, >, >=), 'significant' after the number; each "
            "set counts by itself. What failed or is gone breaks every rule on it. May be repeated.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say what changed between runs, cell by cell, over the images that both have.

    Exit status: 0 all went well, 1 a rule of --fail-if was broken, 2 the command cannot be carried out.
    """
    from srbench.api import compare_runs
    from srbench.gates import GateRule

    if len(runs) < 2:
        raise RunError(f"Expected two runs or more to compare; got only {runs[0]}.")
    gates = [GateRule.parse(rule) for rule in fail_if or ()]
    compared = [compare_runs(runs[0], other) for other in runs[1:]]
    broken = [[line for gate in gates for line in gate.broken_by(changes.cells)] for changes in compared]
    for changes, lines in zip(compared, broken, strict=True):
        _print(changes, [f"Failed: {line}." for line in lines], form, everything)
    if any(broken):
        raise typer.Exit(1)


def _print(changes: RunChanges, failures: list[str], form: str, everything: bool) -> None:
    """Print tables on stdout, and there too what stands around them where words can: a pull request shows all."""
    from srbench import tables
    from srbench.tables.rendering import terminal
    from srbench.tables.rendering.markdown import paragraph

    made = changes.tables(everything)
    if form == "rich":
        typer.echo(changes.summary)
        terminal.show(made)
    else:
        around = [paragraph(changes.summary), ""] if form == "md" else []
        typer.echo("\n".join([*around, tables.render(made, form)]))
    for line in (*changes.notes, *failures):
        typer.echo(f"\n{paragraph(line)}" if form == "md" else line, err=form not in _WORDS)
    if form == "md":
        typer.echo()
