"""`srbench mos recruit` and `payments`: open links for a panel's participants, and the list of who took part."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.mos import HERE, Name, Studies, Url
from srbench.cli.mos_invite import Address

_CODE = "A code, or an https address to return to, in which {id} is what the panel calls the rater."


def recruit(
    name: Name,
    quota: Annotated[int, typer.Option(min=1, max=100_000, help="How many raters may finish.", show_default=False)],
    panel: Annotated[str, typer.Option(help="Who sends them: prolific, mturk, sona, or none.")] = "none",
    minutes: Annotated[
        float, typer.Option(min=0, help="Time from entering to the end; then the place is free again. 0: any time.")
    ] = 0.0,
    completed: Annotated[str, typer.Option(help=f"For who finished. {_CODE}", show_default=False)] = "",
    screened_out: Annotated[str, typer.Option(help="For a device that is not taken.", show_default=False)] = "",
    failed: Annotated[str, typer.Option(help="For who failed the practice.", show_default=False)] = "",
    address: Address = None,
    studies: Studies = HERE,
    db: Url = None,
) -> None:
    """Print an open link: everybody who comes by it becomes a rater until the quota is reached.

    The link is shown this once. What the panel calls its participants is stored as a keyed hash only.
    """
    from srbench.mos.study import Study

    link = Study(name, studies, db).recruit(
        quota,
        panel=panel,
        minutes=minutes,
        completed=completed,
        screened_out=screened_out,
        failed=failed,
        address=address,
    )
    typer.echo(link)


def payments(
    name: Name,
    out: Annotated[Path, typer.Argument(help="CSV to write.", show_default=False)],
    participants: Annotated[
        Path | None,
        typer.Option(help="The panel's own CSV; its names stand in the place of hashes.", show_default=False),
    ] = None,
    column: Annotated[str, typer.Option(help="The column of that file with the names.")] = "Participant id",
    studies: Studies = HERE,
    db: Url = None,
) -> None:
    """Write who came by open links and how it ended: completed, failed, screened-out, timed-out, going-on."""
    from srbench.images import write_atomically
    from srbench.mos.study import Study

    table = Study(name, studies, db).payments(participants, column)
    write_atomically(out, table.to_csv(index=False).encode())
    counts = ", ".join(f"{outcome} {count}" for outcome, count in table["outcome"].value_counts().items())
    typer.echo(f"{len(table)} participants in {out}{f': {counts}' if counts else ''}.")
