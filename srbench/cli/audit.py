"""`srbench audit-gan`: is a GAN-trained method's sharpness structure, or noise?"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.options import AsJson, DataRoot, split

if TYPE_CHECKING:
    from srbench.audit.figures import Check, Figures


def audit_gan(
    methods: Annotated[
        str, typer.Option(help="Methods to audit, separated by commas; 'results:DIR' takes stored images.")
    ] = "srgan-mse,srgan-vgg22,srgan-vgg54",
    reference: Annotated[str, typer.Option(help="The MSE-trained method to compare with.")] = "srresnet-mse",
    dataset: Annotated[str, typer.Option(help="Data set of all figures but the judge's and NIQE.")] = "set14",
    data: Annotated[
        list[Path] | None, typer.Option(help="Folders of training photographs for the judge discriminator.")
    ] = None,
    device: Annotated[str, typer.Option(help="'cpu' or 'cuda'.")] = "cpu",
    data_root: DataRoot = None,
    as_json: AsJson = False,
) -> None:
    """Recompute every figure of the audit from the methods' outputs; exit with 1 unless all methods pass."""
    from srbench.audit import figures as audit
    from srbench.training import photographs

    files = photographs.find(data) if data else []
    first, audited = audit.audit(
        split(methods),
        reference,
        dataset=dataset,
        data_root=data_root,
        photographs=files,
        device=device,
        show=lambda line: sys.stderr.write(line + "\n"),
    )
    if as_json:
        rows = [
            {**dataclasses.asdict(figures), "checks": [dataclasses.asdict(check) for check in checks]}
            for figures, checks in audited
        ]
        typer.echo(json.dumps({"reference": dataclasses.asdict(first), "methods": rows}, indent=2))
    else:
        _show(first, audited)
    if any(check.passed is False for _, checks in audited for check in checks):
        raise typer.Exit(1)


def _show(first: Figures, audited: list[tuple[Figures, list[Check]]]) -> None:
    from rich.console import Console
    from rich.table import Table

    heads = ("method", "psnr", "texture", "correlation", "consistency", "judge", "niqe")
    table = Table(*heads)
    for figures in [first, *(figures for figures, _ in audited)]:
        values = [getattr(figures, head) for head in heads]
        table.add_row(*("-" if v is None else v if isinstance(v, str) else f"{v:.3f}" for v in values))
    console = Console()
    console.print(table)
    marks = {True: "pass", False: "FAIL", None: "-"}
    for figures, checks in audited:
        for check in checks:
            line = f"{marks[check.passed]:5}{figures.method}: {check.name}: {check.detail}"
            console.print(line, highlight=False, soft_wrap=True)
