"""Options that several commands share, and how lists in them are split."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

DataRoot = Annotated[
    Path | None,
    typer.Option(
        "--data-root",
        envvar="SRBENCH_DATA",
        help="Folder that already holds the data sets (SET/HR/*.png, SET/LR_bicubic_x4/*.png): nothing is downloaded.",
        show_default=False,
    ),
]
Columns = Annotated[
    str,
    typer.Option(
        help="Further columns of the tables: 'cost' for parameters, multiply-accumulates for an SR image of 1280x720, "
        "seconds and peak memory.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def split(text: str) -> list[str]:
    r"""Return the parts of a comma-separated list, without empty ones and repetitions; `\,` is no separator.

    >>> split("set5, set14,,set5")
    ['set5', 'set14']
    >>> split(r"./one\,two,set5")
    ['./one,two', 'set5']
    """
    parts = (part.replace(r"\,", ",").strip() for part in re.split(r"(?<!\\),", text))
    return list(dict.fromkeys(part for part in parts if part))


def split_all(texts: Sequence[str]) -> list[str]:
    """Return the parts of an option that may be given several times; a path or a command is one, commas and all."""
    parts = ([text] if "," in text and _is_whole(text) else split(text) for text in texts)
    return list(dict.fromkeys(part for several in parts for part in several))


def _is_whole(text: str) -> bool:
    kind, colon, argument = text.partition(":")
    if kind == "command":
        return True
    place = Path(argument if colon and kind.isalnum() else text).expanduser()
    with contextlib.suppress(OSError):  # too long for a name: a list of many
        return place.is_dir() or place.is_file()
    return False


@contextlib.contextmanager
def download_bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr while files of a data set are fetched; nothing when none is."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = None

        def on_file(done: int, total: int) -> None:
            nonlocal bar
            bar = progress.add_task(f"fetching {name}", total=total) if bar is None else bar
            progress.update(bar, completed=done)

        yield on_file
