"""`srbench mos plan` and `srbench mos simulate`: what a study can find, and synthetic ratings to try a report with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.options import AsJson


def plan(
    raters: Annotated[int, typer.Option(min=2, max=10_000, help="Number of raters.")] = 26,
    effect: Annotated[float, typer.Option(min=0, help="Difference of two mean opinion scores to find.")] = 0.2,
    design: Annotated[str, typer.Option("--from", help="'paper', a template, or a study.toml.")] = "paper",
    simulations: Annotated[int, typer.Option(min=1, max=100_000, help="Studies to simulate.")] = 300,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal answers.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate a study before it is made: its power, the hours it takes, and the smallest p it can reach."""
    from dataclasses import asdict

    from srbench.mos.design import choice, planning

    planned = choice.choose(design, "plan", seed=seed)
    found = planning.plan(planned, raters, effect, simulations=simulations, seed=seed)
    cost, settings = found.cost, planned.settings
    if as_json:
        rows = [asdict(row) for row in found.power]
        how = {"selection": settings.selection, "simulated": found.simulated}
        typer.echo(json.dumps({"effect": effect, **how, "power": rows, **asdict(cost)}, indent=1))
        return
    part = f", {settings.trials_per_rater} trials a rater" if settings.trials_per_rater else ""
    typer.echo(
        f"{settings.design}: {raters} raters{part}, a difference of {effect:g} MOS, "
        f"{simulations} simulated studies per set"
    )
    if found.simulated != settings.selection:
        typer.echo(
            f"NOT of {settings.selection} selection, which is not simulated: the power below is that of balanced "
            "blocks of as many trials. docs/pairs.md compares their errors."
        )
    typer.echo("set          pictures  methods   power  (Wilcoxon)  false alarms  (Wilcoxon)  smallest p")
    for row in found.power:
        typer.echo(
            f"{row.dataset:12s} {row.images:8d} {row.methods:8d} {row.power:7.0%} {row.power_wilcoxon:11.0%} "
            f"{row.false_alarms:13.1%} {row.false_alarms_wilcoxon:11.1%} {row.smallest_p:11.2g}"
        )
    rule = "a stand-in for the model of pairs that the report fits" if planned.compares else "the rule of the report"
    typer.echo(
        "Power and false alarms of one pair: by the interval that holds for all pairs of a set's methods at once, "
        f"which is {rule}, and by Wilcoxon's p of this pair alone."
    )
    if planned.compares:
        typer.echo("Raters choose the better of two, and an interval of the mean choice is made for each pair.")
    elif settings.design != "acr":
        typer.echo(f"{settings.design} is simulated as acr is: with the same spread of scores.")
    for row in found.power:
        if row.smallest_p >= 0.05:
            typer.echo(
                f"{row.dataset}: Wilcoxon's test on {row.images} pictures can never reach p < 0.05, whatever the "
                "difference; the interval can exclude 0."
            )
    typer.echo(
        f"Per rater {cost.trials:,} ratings in {cost.sessions} sessions, {cost.hours:.1f} h with breaks; "
        f"all raters {cost.ratings:,} ratings, {cost.hours_total:.0f} h."
    )


def simulate(
    out: Annotated[Path, typer.Argument(help="File to write (.csv or .parquet).", show_default=False)],
    raters: Annotated[int, typer.Option(min=1, max=10_000, help="Number of raters.")] = 26,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal ratings.")] = 0,
) -> None:
    """Draw SYNTHETIC ratings with the paper's published means, to try reports. They are no result of anything."""
    from srbench.images import write_atomically
    from srbench.mos.design import simulation
    from srbench.mos.store import formats

    ratings = simulation.paper_study(raters, seed)
    write_atomically(out, formats.encode(ratings, "parquet" if out.suffix == ".parquet" else "csv"))
    typer.echo(f"{len(ratings):,} SYNTHETIC ratings in {out}; every row's study, rater and image says so.")
