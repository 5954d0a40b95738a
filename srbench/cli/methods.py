"""`srbench methods`, `srbench metrics`, `srbench upscale`, `srbench doctor`: what is there, and using one method."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from srbench.cli.options import AsJson, DataRoot


def methods(
    scale: Annotated[int, typer.Option(min=1, help="Upscaling factor that availability is said for.")] = 4,
    as_json: AsJson = False,
) -> None:
    """List the methods: what they can do and whether they have what they need."""
    from srbench import registry

    rows = registry.table(scale)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    broken = registry.broken()
    rows = [row for row in rows if row["name"] not in broken]
    _table(
        f"Methods at x{scale}",
        ["Name", "Title", "Scales", "Parameters", "Available"],
        [
            [
                row["name"],
                f"{row['title']} [{row['note']}]" if row["note"] else row["title"],
                _scales(row["scales"]),
                f"{row['parameters']:,}" if row["parameters"] else "",
                row["why_not"] or "yes",
            ]
            for row in rows
        ],
    )
    for name, reason in broken.items():
        typer.echo(f"Broken plugin '{name}': {reason}", err=True)


def _scales(scales: tuple[int, ...] | None) -> str:
    return "any" if scales is None else " ".join(f"x{scale}" for scale in scales)


def list_protocols(as_json: AsJson = False) -> None:
    """List the protocols: what two images become before PSNR and SSIM are computed."""
    import srbench.metrics as metrics
    from srbench.metrics import listing

    protocols, broken = listing.protocol_rows(), metrics.broken()
    if as_json:
        typer.echo(json.dumps({"protocols": protocols, "broken": broken}, indent=1))
        return
    _protocols(protocols)
    _broken(broken)


def _protocols(rows: list[dict[str, Any]]) -> None:
    _table(
        "Protocols",
        ["Name", "Version", "What it is"],
        [[row["name"], row["version"], f"{row['title']}: {row['description']}"] for row in rows],
    )


def _broken(plugins: dict[str, str]) -> None:
    for name, reason in plugins.items():
        typer.echo(f"Broken plugin '{name}': {reason}", err=True)


def list_metrics(as_json: AsJson = False) -> None:
    """List the metrics and the protocols they are computed under."""
    import srbench.metrics as metrics
    from srbench.metrics import listing

    rows, protocols = listing.metric_rows(), listing.protocol_rows()
    broken = metrics.broken()
    if as_json:
        typer.echo(json.dumps({"metrics": rows, "protocols": protocols, "broken": broken}, indent=1))
        return
    _table(
        "Metrics",
        ["Name", "Title", "Better", "Range", "Source", "Settings", "Available"],
        [
            [*(row[key] for key in ("name", "title", "better", "range", "source", "settings")), _available(row)]
            for row in rows
        ],
    )
    _protocols(protocols)
    _broken(broken)


def _available(row: dict[str, Any]) -> str:
    return str(row["why_not"] or (f"yes; {row['needs']}" if row["needs"] else "yes"))


def upscale(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="An image, or a folder of images.")],
    method: Annotated[str, typer.Option(help="A method of 'srbench methods'.")],
    out: Annotated[Path, typer.Option(help="File to write (PNG); a folder when IMAGE is one.")],
    scale: Annotated[int, typer.Option(min=1, help="Upscaling factor.")] = 4,
    device: Annotated[str, typer.Option(help="'auto', 'cpu' or 'cuda'.")] = "auto",
    precision: Annotated[str, typer.Option(help="'fast', 'bf16' or 'exact'.")] = "fast",
    orientations: Annotated[
        int,
        typer.Option(
            min=1,
            max=8,
            help="Above 1, the mean over so many orientations, turned and mirrored, of each picture: the '+' of EDSR+.",
        ),
    ] = 1,
) -> None:
    """Enlarge one picture, or every picture of a folder."""
    from srbench.datasets import describe_left_out
    from srbench.registry import Setup
    from srbench.upscaling import plan, upscale_files

    files, left_out = plan(image, out)
    for written in upscale_files(files, method, Setup.choose(scale, device, precision), orientations):
        typer.echo(str(written))
    if left_out:
        typer.echo(describe_left_out(left_out), err=True)


def doctor(data_root: DataRoot = None, as_json: AsJson = False) -> None:
    """Say what this installation has: versions, devices, data sets, weights, writable folders."""
    from srbench import diagnosis

    found: list[diagnosis.Finding] = diagnosis.examine(data_root)
    if as_json:
        typer.echo(json.dumps([{"what": f.what, "state": f.state, "ok": f.ok} for f in found], indent=1))
        return
    _table("srbench doctor", ["", "What", "State"], [["ok" if f.ok else "--", f.what, f.state] for f in found])


def _table(title: str, heads: list[str], rows: list[list[Any]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(text)) for text in row))
    Console().print(table)
