"""`srbench mos templates` and `srbench mos texts`: files to begin a study, or a language of it, with."""

from __future__ import annotations

from typing import Annotated

import typer


def templates(
    name: Annotated[
        str, typer.Argument(help="The template to print. Default: a list of all.", show_default=False)
    ] = "",
) -> None:
    """List the study files to begin with, or print one: `srbench mos templates pc-active > study.toml`.

    `srbench mos new NAME --run RUN --from TEMPLATE` takes one as it is. A file without [[sets]] shows all that the run
    has.
    """
    from srbench.mos.design import templates as files

    if name:
        typer.echo(files.path(name).read_text(encoding="utf-8"), nl=False)
        return
    for each, description in files.descriptions().items():
        typer.echo(f"{each:10s} {description}")


def texts(
    language: Annotated[str, typer.Argument(help="Code of a language, or `list`.")] = "en",
) -> None:
    """Print all texts of the rating page in a language, to translate or change: `srbench mos texts > fr.toml`.

    A study brings such a file by an entry [[languages]] in its study.toml, with code and file.
    """
    from srbench.errors import StudyError, unknown
    from srbench.mos.design import languages

    files = languages.files()
    if language == "list":
        for code, path in files.items():
            typer.echo(f"{code:10s} {languages.read(path)['name']}")
        return
    if language not in files:
        raise StudyError(unknown("language", language, files))
    typer.echo(files[language].read_text(encoding="utf-8"), nl=False)
