"""Writes a board: one page, its scripts and styles, data as scripts, pictures by their checksums, and downloads."""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from PIL import Image as PillowImage

from srbench import __version__
from srbench.boards import document
from srbench.boards.merging import KeptPicture, Merged
from srbench.errors import ReportError
from srbench.images import read_bytes, write_atomically
from srbench.tables import rendering, score_tables
from srbench.tables.numbers import count

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("core", "filters", "table", "points", "plane", "method", "images", "viewer", "image", "runs", "main")
_PARTS = ("assets", "data", "pictures", "downloads")
_PAGE = "index.html"
_PROOF = "assets/core.js"
"""Written first: a folder with it is a board, finished or not."""
_THUMBNAIL = 160
Address = dict[tuple[str, str, str], str]


def write(merged: Merged, out: Path, *, pictures: bool = True, title: str | None = None) -> Path:
    """Write a board into `out`; see `srbench.boards.write`.

    It is complete once `index.html` is there, which is written last.
    """
    _clear(out)
    for name in [f"{script}.js" for script in SCRIPTS] + ["board.css"]:
        write_atomically(out / "assets" / name, (ASSETS / name).read_bytes())
    addresses, lost = _copy_pictures(merged, out) if pictures else ({}, 0)
    files = {one.key: f"data/set-{number + 1}.js" for number, one in enumerate(document.ordered_sets(merged))}
    for one in document.ordered_sets(merged):
        about = document.describe_set(merged, one, addresses)
        if pictures:
            about["thumbnails"] = _thumbnails(merged, one.key, list(one.images), addresses, out)
        _script(out / files[one.key], f"board.receiveSet({json.dumps(one.key)}, ", about)
    made = document.describe(merged, title, files)
    if lost:
        made["notes"].append(f"Not kept by the runs, and so not shown: {count(lost, 'picture')} of scored images.")
    made |= {"pictures": bool(addresses), "srbench": __version__}
    _script(out / "data" / "board.js", "board.receive(", made)
    _downloads(merged, out / "downloads")
    write_atomically(out / _PAGE, _page(merged, made).encode())
    return out / _PAGE


def _clear(out: Path) -> None:
    """Remove an earlier board, and only that: files beside it stay, and a folder without one is left alone."""
    if not out.exists():
        return
    if not out.is_dir():
        raise ReportError(f"{out} is a file; expected a folder for the board. Name another --out.")
    there = {path.name for path in out.iterdir()}
    if there and not (out / _PROOF).is_file():
        raise ReportError(f"{out} holds {min(there)}, and no board. Name an empty or a new folder.")
    (out / _PAGE).unlink(missing_ok=True)
    for part in sorted(there & set(_PARTS)):
        shutil.rmtree(out / part)


def _copy_pictures(merged: Merged, out: Path) -> tuple[Address, int]:
    """Copy every picture under its checksum, once for equal ones; return where each is, and how many are gone."""
    addresses: Address = {}
    for place, picture in merged.pictures.items():
        data, sha256 = _checked(picture)
        address = f"pictures/{sha256[:2]}/{sha256[2:18]}.png"
        if not (out / address).exists():
            write_atomically(out / address, data)
        addresses[place] = address
    rows = merged.scores
    scored = rows.loc[rows["status"] == "ok", ["method", "dataset", "image"]].drop_duplicates()
    return addresses, len(scored) - sum(place in addresses for place in scored.itertuples(index=False, name=None))


def _checked(picture: KeptPicture) -> tuple[bytes, str]:
    data = read_bytes(picture.path)
    sha256 = hashlib.sha256(data).hexdigest()
    if picture.sha256 and sha256 != picture.sha256:
        raise ReportError(f"{picture.path} has changed since it was scored. Run the bench again, then make the board.")
    return data, sha256


def _thumbnails(merged: Merged, dataset: str, images: list[str], addresses: Address, out: Path) -> list[str | None]:
    """Write a small version of each image of a set, of the last method in tables, which is the original if any."""
    made: list[str | None] = []
    for image in images:
        places = [(entry.key, dataset, image) for entry in reversed(document.ordered_entries(merged))]
        source = next((addresses[place] for place in places if place in addresses), None)
        made.append(None if source is None else source.replace(".png", "-small.webp"))
        if source is not None:
            small = PillowImage.open(out / source).convert("RGB")
            small.thumbnail((_THUMBNAIL, _THUMBNAIL))
            buffer = io.BytesIO()
            small.save(buffer, "WEBP", quality=80)
            write_atomically(out / str(made[-1]), buffer.getvalue())
    return made


def _script(path: Path, call: str, data: Mapping[str, Any]) -> None:
    """Write data as a call in a script: pages on a disk may load scripts, but no JSON."""
    write_atomically(path, f"{call}{json.dumps(data, separators=(',', ':'))});\n".encode())


def _downloads(merged: Merged, folder: Path) -> None:
    table = document.downloads(merged)
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    # JSON has neither infinity nor NaN.
    rows = [[_plain(value) for value in row] for row in table.itertuples(index=False, name=None)]
    listed = json.dumps({"columns": list(table.columns), "rows": rows}, separators=(",", ":"))
    contents = {"csv": table.to_csv(index=False).encode(), "parquet": buffer.getvalue(), "json": listed.encode()}
    for ending, data in contents.items():
        write_atomically(folder / f"scores.{ending}", data)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value.item() if hasattr(value, "item") else value


def _page(merged: Merged, made: Mapping[str, Any]) -> str:
    """Return the page; what stands in it for browsers without scripts is the run's plain tables."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    tables = [re.sub(r"\n+", "\n", rendering.html(one)) for one in score_tables(merged.scores, merged.info)]
    return environment.get_template("index.html.jinja").render(
        title=made["title"],
        scripts=SCRIPTS,
        tables=[Markup(table) for table in tables],  # noqa: S704  # the renderer escapes
    )
