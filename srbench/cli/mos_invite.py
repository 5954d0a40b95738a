"""`srbench mos invite`, `renew`, `revoke` and `withdraw`: raters' personal links, and their right to leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.mos import HERE, Name, Studies, Url

if TYPE_CHECKING:
    from srbench.mos.study import Study

Address = Annotated[
    str | None,
    typer.Option(
        help="Where raters reach the server. Default: where the study was served last, else http://127.0.0.1:8501.",
        show_default=False,
    ),
]
Rater = Annotated[int, typer.Option(min=1, help="Number of the rater; 'srbench mos status' shows it.")]


def invite(
    name: Name,
    raters: Annotated[int, typer.Option(min=1, max=10_000, help="How many links to make.")] = 1,
    label: Annotated[
        list[str] | None, typer.Option(help="A note per rater, seen by you alone; repeat it.", show_default=False)
    ] = None,
    address: Address = None,
    studies: Studies = HERE,
    db: Url = None,
) -> None:
    """Print a personal link per rater as CSV. Links are shown this once: only their hashes are stored."""
    study = _study(name, studies, db)
    _warn(study, address)
    typer.echo(study.invite(raters, label or (), address).to_csv(index=False), nl=False)


def renew(name: Name, rater: Rater, address: Address = None, studies: Studies = HERE, db: Url = None) -> None:
    """Print a new link for a rater who lost the old one. It leads to the same place; the old one stops working."""
    study = _study(name, studies, db)
    _warn(study, address)
    typer.echo(study.renew(rater, address).to_csv(index=False), nl=False)


def revoke(name: Name, rater: Rater, studies: Studies = HERE, db: Url = None) -> None:
    """Make a rater's link useless until it is renewed. Every rating stays."""
    _study(name, studies, db).revoke(rater)
    typer.echo(
        f"The link of rater {rater} of {name} no longer works. A new one: srbench mos renew {name} --rater {rater}"
    )


def withdraw(
    name: Name,
    rater: Rater,
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask; it cannot be undone.")] = False,
    studies: Studies = HERE,
    db: Url = None,
) -> None:
    """Delete every answer of a rater who withdraws, with devices, notes and link. An empty tombstone stays."""
    if not sure:
        typer.confirm(f"Delete every answer of rater {rater} of {name}? It cannot be undone", abort=True)
    _study(name, studies, db).withdraw(rater)
    typer.echo(f"Everything that rater {rater} of {name} gave is deleted. Delete it from backups and exports as well.")


def _study(name: str, studies: Studies, db: Url) -> Study:
    from srbench.mos.study import Study

    return Study(name, studies, db)


def _warn(study: Study, address: str | None) -> None:
    from urllib.parse import urlsplit

    where = address or study.address
    if urlsplit(where).hostname in {"127.0.0.1", "localhost", "::1"}:
        typer.echo(
            f"Links lead to {where}: to this machine alone. For others serve the study first, or give --address.",
            err=True,
        )
