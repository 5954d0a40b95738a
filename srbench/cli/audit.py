"""`srbench audit-gan`: is a GAN-trained method's sharpness structure, or noise?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.options import AsJson, DataRoot, split

if TYPE_CHECKING:
    from srbench.audit import Audit


def audit_gan(
    methods: Annotated[
        str, typer.Option(help="Methods to audit, separated by commas; 'results:DIR' takes stored images.")
    ] = "srgan-mse,srgan-vgg22,srgan-vgg54",
    reference: Annotated[
        str, typer.Option(help="The MSE-trained method to compare with; 'results:DIR' takes stored images.")
    ] = "srresnet-mse",
    dataset: Annotated[
        str, typer.Option(help="Data set of all figures but the judge's and the second NIQE.")
    ] = "set14",
    data: Annotated[
        list[Path] | None, typer.Option(help="Folders of training photographs for the judge discriminator.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the figures of the data set: nothing on BSD100, no judge.")
    ] = False,
    device: Annotated[str, typer.Option(help="'cpu' or 'cuda'.")] = "cpu",
    data_root: DataRoot = None,
    as_json: AsJson = False,
) -> None:
    """Measure what generated pictures owe to their input; exit with 1 unless all methods meet what is asked."""
    from srbench.audit import audit

    found = audit(
        split(methods),
        reference,
        dataset=dataset,
        data=data or (),
        quick=quick,
        device=device,
        data_root=data_root,
        show=lambda line: sys.stderr.write(line + "\n"),
    )
    if as_json:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    else:
        _show(found)
    if not found.passed:
        raise typer.Exit(1)


_COLUMNS = {
    "method": "method",
    "psnr": "psnr",
    "texture": "texture",
    "correlation": "corre-\nlation",
    "consistency": "consis-\ntency",
    "grid": "grid",
    "niqe": "niqe",
    "bsd100_niqe": "niqe,\nbsd100",
    "judge": "judge",
}


def _show(found: Audit) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*_COLUMNS.values(), box=box.SIMPLE_HEAD, title=f"{found.dataset}, x4", title_justify="left")
    rows = {row.method: row for row in (found.original, found.reference, *(one.scores for one in found.methods))}
    for row in rows.values():
        table.add_row(*(_cell(getattr(row, name)) for name in _COLUMNS))
    console = Console()
    console.print(table)
    marks = {True: "pass", False: "FAIL", None: "-"}
    for one in found.methods:
        for criterion in one.criteria:
            mark = "miss" if criterion.passed is False and not criterion.required else marks[criterion.passed]
            line = f"{mark:5}{one.scores.method}: {criterion.name}: {criterion.detail}"
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _cell(value: str | float | None) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:.3f}"
