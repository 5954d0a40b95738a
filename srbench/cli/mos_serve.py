"""`srbench mos serve` and `srbench mos password`: host a study, and choose who may see the organiser's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.mos import HERE, Name, Studies, Url

if TYPE_CHECKING:
    from srbench.mos.site.server import Site


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
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="A web server in front of this one, e.g. 127.0.0.1, that says who a client is (X-Forwarded-For); "
            "repeat it. Nobody else is believed.",
            show_default=False,
        ),
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
    studies: Studies = HERE,
    db: Url = None,
) -> None:
    """Serve an open study: raters' links lead to its rating page, /organiser shows progress to its organiser.

    Only this machine can connect, unless --host says otherwise; then name every host under which raters come with
    --allow-host, put a server with TLS in front, and name that one with --proxy.
    """
    from srbench.mos.site.server import LOOPBACK
    from srbench.mos.study import Study

    if host not in LOOPBACK and not allow_host:
        raise typer.BadParameter(f"--host {host} needs --allow-host: the names or addresses that raters type.")
    Study(name, studies, db).serve(
        port,
        host,
        names=allow_host or (),
        address=address,
        proxies=proxy or (),
        organisers=organiser or (),
        language=language,
        on_start=_announce,
    )


def password(name: Name, studies: Studies = HERE) -> None:
    """Set the password of a study's organiser pages; only its hash is stored, in DIR/NAME/organiser.hash."""
    from srbench.mos.study import Study

    study = Study(name, studies)
    study.design  # noqa: B018 - there must be a study before anybody types a password
    path = study.set_password(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    typer.echo(f"Stored in {path}. Start the server again to use it.")


def _announce(site: Site) -> None:
    typer.echo(f"Raters open their links; the organiser opens {site.address}/organiser")
    if not site.gate.takes_password and not site.gate.takes_accounts:
        typer.echo("The organiser's pages are switched off: set a password with 'srbench mos password' first.")
