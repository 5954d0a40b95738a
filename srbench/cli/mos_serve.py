"""`srbench mos serve` and `srbench mos password`: host a study, and choose who may see the organiser's pages."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.mos import Name, Studies, Url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from srbench.mos.site.server import Site

_HERE = Path("studies")
_HASH_FILE = "organiser.hash"
_HASH_VARIABLE = "SRBENCH_STUDY_PASSWORD_HASH"


def serve(
    name: Name,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port.")] = 8501,
    host: Annotated[
        str, typer.Option(help="Address to listen on. The default lets only this machine in.")
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A host name under which raters reach the server, e.g. study.example.org; repeat it.",
            show_default=False,
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help="What links begin with. Default: http://HOST:PORT.", show_default=False),
    ] = None,
    language: Annotated[str, typer.Option(help="Language for browsers that ask for none we have.")] = "en",
    organiser: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EMAIL",
            help="An OIDC account (see st.login) that may see the organiser's pages; repeat it.",
            show_default=False,
        ),
    ] = None,
    studies: Studies = _HERE,
    db: Url = None,
) -> None:
    """Serve an open study: raters' links lead to its rating page, /organiser shows progress to its organiser.

    Only this machine can connect, unless --host says otherwise; then name every host under which raters come with
    --allow-host, and put a server with TLS in front.
    """
    from srbench.mos import conduct
    from srbench.mos.site.server import LOOPBACK, Site, serve
    from srbench.mos.store.rater import Store

    folder = studies / name
    if host not in LOOPBACK and not allow_host:
        raise typer.BadParameter(f"--host {host} needs --allow-host: the names or addresses that raters type.")
    with contextlib.closing(Store.open(conduct.database_url(folder, db))) as store:
        conduct.verify(folder, store)
        reached = (allow_host or ["localhost"])[0]
        site = Site(
            store,
            name,
            folder,
            address or f"http://{reached}:{port}",
            _password_hash(folder),
            organiser or (),
            language,
        )
        _announce(site, organiser or ())
        serve(site, host, port, allow_host or ())


def password(name: Name, studies: Studies = _HERE) -> None:
    """Set the password of a study's organiser pages; only its hash is stored, in DIR/NAME/organiser.hash."""
    from srbench.errors import StudyError
    from srbench.images import write_atomically
    from srbench.mos.site.organiser import hash_password

    folder = studies / name
    if not (folder / "study.toml").is_file():
        raise StudyError(f"{folder} holds no study. Make one with: srbench mos new {name} --run runs/NAME")
    chosen = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    write_atomically(folder / _HASH_FILE, f"{hash_password(chosen)}\n".encode())
    (folder / _HASH_FILE).chmod(0o600)
    typer.echo(f"Stored in {folder / _HASH_FILE}. Start the server again to use it.")


def _password_hash(folder: Path) -> str | None:
    """Return the hash from the environment, which wins, or from the study's folder."""
    given = os.environ.get(_HASH_VARIABLE)
    path = folder / _HASH_FILE
    if given is None and path.is_file():
        given = path.read_text(encoding="ascii")
    return given.strip() if given else None


def _announce(site: Site, organisers: Sequence[str]) -> None:
    typer.echo(f"Raters open their links; the organiser opens {site.address}/organiser")
    if site.password_hash is None and not organisers:
        typer.echo("The organiser's pages are switched off: set a password with 'srbench mos password' first.")
