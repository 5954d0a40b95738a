"""`srbench mos plan` and `srbench mos simulate`: what a study can find, and synthetic ratings to try a report with."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srbench.cli.options import AsJson

if TYPE_CHECKING:
    from srbench.mos.design.planning import Prospect


def plan(
    raters: Annotated[int, typer.Option(min=2, max=10_000, help="Number of raters.")] = 26,
    effect: Annotated[float, typer.Option(min=0, help="Difference of two mean opinion scores to find.")] = 0.2,
    design: Annotated[str, typer.Option("--from", help="'paper', a template, or a study.toml.")] = "paper",
    simulations: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100_000,
            help="Studies to simulate. Default: 300; with active selection, where every pair is chosen as the server "
            "does it, what half a minute of a processor allows, and at least 4.",
            show_default=False,
        ),
    ] = None,
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
        rows = [_known(asdict(row)) for row in found.power]
        how = {"selection": settings.selection, "studies": found.studies}
        active = {"savings": [_known(asdict(row)) for row in found.savings]} if found.savings else {}
        typer.echo(json.dumps({"effect": effect, **how, "power": rows, **active, **asdict(cost)}, indent=1))
        return
    part = f", {settings.trials_per_rater} trials a rater" if settings.trials_per_rater else ""
    part += ", selected actively" if found.savings else ""
    typer.echo(
        f"{settings.design}: {raters} raters{part}, a difference of {effect:g} MOS, "
        f"{found.studies} simulated studies per set"
    )
    typer.echo("set          pictures  methods   power  (Wilcoxon)  false alarms  (Wilcoxon)  smallest p")
    for row in found.power:
        typer.echo(
            f"{row.dataset:12s} {row.images:8d} {row.methods:8d} {row.power:7.0%} {row.power_wilcoxon:11.0%} "
            f"{row.false_alarms:13.1%} {row.false_alarms_wilcoxon:11.1%} {row.smallest_p:11.2g}"
        )
    fitted = found.savings or not planned.compares
    rule = "the rule of the report" if fitted else "a stand-in for the model of pairs that the report fits"
    typer.echo(
        "Power and false alarms of one pair: by the interval that holds for all pairs of a set's methods at once, "
        f"which is {rule}, and by Wilcoxon's p of this pair alone."
    )
    if found.savings:
        for line in _savings(found, settings.trials_per_rater):
            typer.echo(line)
    elif planned.compares:
        typer.echo("Raters choose the better of two, and an interval of the mean choice is made for each pair.")
    elif settings.design != "acr":
        typer.echo(f"{settings.design} is simulated as acr is: with the same spread of scores.")
    for row in found.power:
        if row.smallest_p >= 0.05:
            typer.echo(
                f"{row.dataset}: Wilcoxon's test on {row.images} pictures can never reach p < 0.05, whatever the "
                "difference; the interval can exclude 0."
            )
    parts = f"{cost.sessions} session{'s' if cost.sessions > 1 else ''}"
    typer.echo(
        f"Per rater {cost.trials:,} ratings in {parts}, {cost.hours:.1f} h with breaks; "
        f"all raters {cost.ratings:,} ratings, {cost.hours_total:.0f} h."
    )


def _known(value: Any) -> Any:
    """Return a row for JSON, which has no NaN: what is not known is null."""
    if isinstance(value, dict):
        return {key: _known(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [_known(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _savings(found: Prospect, trials: int) -> Iterator[str]:
    """Return what active selection finds and saves, set by set."""
    from srbench.mos.design.world import SPAN

    yield (
        f"Methods lie in close pairs over {SPAN:g} JOD, of which so many differ over all studies and so many do not. "
        "All raters rate at the same time, and what the server calls chooses every pair from all answers so far. The "
        "interval is that of the model of pairs."
    )
    yield "set          selection        error of the scale   power  (Wilcoxon)  false alarms  close pairs"
    for row in found.savings:
        for name, way in (("active", row.active), ("balanced blocks", row.blocks)):
            yield (
                f"{row.dataset:12s} {name:16s} {_error(way.error):>18s} {way.power:7.0%} {way.power_wilcoxon:11.0%} "
                f"{way.false_alarms:13.1%} {f'{row.pairs[0]} + {row.pairs[1]}':>12s}"
            )
    for row in found.savings:
        if math.isnan(row.trials):
            yield f"{row.dataset}: too few answers for a scale. Raise trials_per_rater or the number of raters."
            continue
        change = 1 - row.trials / trials
        yield (
            f"{row.dataset}: active selection has the error of balanced blocks of {trials} trials a rater after about "
            f"{row.trials:.0f}, {abs(change):.0%} {'fewer' if change >= 0 else 'more'} (95 % of resampled studies: "
            f"{row.trials_range[0]:.0f} to {row.trials_range[1]:.0f})."
        )
        if row.without_scale:
            runs = 2 * found.studies
            yield f"{row.dataset}: {row.without_scale} of {runs} simulated studies have too few answers for a scale."
    known = 0.5 / math.sqrt(max(1, min(row.pairs[0] for row in found.savings)))
    yield f"Power is known to about {known:.0%} (one standard error): raise --simulations for more."


def _error(jod: float) -> str:
    return "-" if math.isnan(jod) else f"{jod:.3f} JOD"


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
