"""What the pages of a board read: means and rows of the whole board, and the single images of each set."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from srbench import stats
from srbench.boards.merging import BoardEntry, BoardSet, Merged
from srbench.tables.means import current, mean_cell, means
from srbench.tables.names import lines
from srbench.tables.published import difference_cell, published_cell
from srbench.tables.table import ORIGINAL, Mean

if TYPE_CHECKING:
    import pandas as pd

_STORED = "results/"
"""Methods of stored pictures compute nothing: the time is that of reading a file."""


@dataclass(frozen=True, slots=True)
class ScoreColumn:
    """One metric under one version of one protocol."""

    metric: str
    protocol: str
    version: str

    @property
    def key(self) -> str:
        """Its name in addresses of the board."""
        return f"{self.metric}@{self.protocol}-{self.version}"


def columns(merged: Merged) -> list[ScoreColumn]:
    """Return every metric under every protocol, protocols one after the other, PSNR and SSIM first."""
    there = merged.scores[["metric", "protocol", "protocol_version"]].drop_duplicates()
    found = [ScoreColumn(*map(str, row)) for row in there.itertuples(index=False)]
    return sorted(found, key=lambda one: (one.protocol, one.version, merged.names.metrics.index(one.metric)))


def describe(merged: Merged, title: str | None, addresses: Mapping[str, str]) -> dict[str, Any]:
    """Return what the first page needs: everything but the scores of single images.

    Args:
        merged: The runs.
        title: What the board is called; None for a name made of its data sets.
        addresses: Where the scores of each set's images are, see `describe_set`.
    """
    names = merged.names
    return {
        "title": title or _title(merged),
        "runs": [_run(label, run.info) for label, run in merged.runs.items()],
        "notes": list(merged.notes),
        "columns": [
            {
                "id": column.key,
                "metric": names.metric(column.metric),
                "label": names.label(column.metric),
                "protocol": column.protocol,
                "version": column.version,
                "digits": names.digits(column.metric),
                "higher": names.higher_is_better(column.metric),
            }
            for column in columns(merged)
        ],
        "sets": [
            {
                "id": one.key,
                "title": names.dataset(one.key),
                "scale": one.scale,
                "images": list(one.images),
                "lr": "; ".join(one.origins),
                "scores": addresses[one.key],
            }
            for one in ordered_sets(merged)
        ],
        "methods": [_method(entry, merged) for entry in ordered_entries(merged)],
        "means": list(_means(merged)),
        "costs": list(_costs(merged)),
    }


def describe_set(merged: Merged, one: BoardSet, addresses: Mapping[tuple[str, str, str], str]) -> dict[str, Any]:
    """Return the scores of a set's images as they are printed, and where their pictures are.

    Args:
        merged: The runs.
        one: The set.
        addresses: Of the pictures by method, data set and image, inside the board.

    Returns:
        `values`: for each column and method the list over images, None where there is no score; `problems`: for each
        method {image: why there is none}; `pictures`: for each method the list of addresses.
    """
    rows = merged.scores[merged.scores["dataset"] == one.key]
    place = {image: number for number, image in enumerate(one.images)}
    values: dict[str, dict[str, list[float | None]]] = {column.key: {} for column in columns(merged)}
    problems: dict[str, dict[str, str]] = {}
    for row in lines(rows):
        column = ScoreColumn(str(row.metric), str(row.protocol), str(row.protocol_version)).key
        if row.status != "ok":
            problems.setdefault(str(row.method), {})[str(row.image)] = f"{row.status}: {row.message}"
        elif not math.isnan(row.value):
            listed = values[column].setdefault(str(row.method), [None] * len(place))
            listed[place[str(row.image)]] = _printed(float(row.value), merged.names.digits(str(row.metric)))
    methods = [entry.key for entry in ordered_entries(merged)]
    kept = {method: [addresses.get((method, one.key, image)) for image in one.images] for method in methods}
    return {
        "values": values,
        "problems": problems,
        "pictures": {method: listed for method, listed in kept.items() if any(listed)},
    }


def ordered_sets(merged: Merged) -> list[BoardSet]:
    """Return the sets that have scores, the smallest first as in tables."""
    by_key = {one.key: one for one in merged.sets}
    return [by_key[key] for key in merged.names.datasets]


def ordered_entries(merged: Merged) -> list[BoardEntry]:
    """Return the rows in the order of tables."""
    by_key = {entry.key: entry for entry in merged.entries}
    return [by_key[key] for key in merged.names.methods]


def downloads(merged: Merged) -> pd.DataFrame:
    """Return the scores in full precision, one row each, with the run they are from."""
    first = ["run", "dataset", "image", "method"]
    return merged.scores[[*first, *(name for name in merged.scores.columns if name not in first)]]


def _title(merged: Merged) -> str:
    sets = ", ".join(merged.names.dataset(key) for key in merged.names.datasets)
    scales = sorted({one.scale for one in merged.sets})
    return f"Super-resolution x{scales[0]} on {sets}" if len(scales) == 1 else f"Super-resolution on {sets}"


def _run(label: str, info: Mapping[str, Any]) -> dict[str, Any]:
    commands = [_command(one["command"]) for one in info.get("commands", []) if one.get("command")]
    return {
        "label": label,
        "facts": {
            "srbench": str(info.get("srbench", "")),
            "scale": f"x{info.get('scale', '')}",
            "protocols": ", ".join(f"{name} (version {one})" for name, one in info.get("protocols", {}).items()),
            **{f"machine, {name}": str(value) for name, value in info.get("machine", {}).items()},
            **{name: str(version) for name, version in info.get("versions", {}).items()},
        },
        "commands": commands,
    }


def _command(parts: Sequence[str]) -> str:
    """Return a command as it was typed, without the place where srbench is installed."""
    return shlex.join(["srbench", *map(str, parts[1:])])


def _method(entry: BoardEntry, merged: Merged) -> dict[str, Any]:
    about = entry.about
    facts = {
        "name": entry.method,
        "device": str(about.get("device") or ""),
        "precision": str(about.get("precision") or ""),
        "fingerprint": str(about.get("fingerprint") or ""),
        "weights, SHA-256": str(about.get("weights_sha256") or ""),
        "runs": ", ".join(entry.runs),
    }
    return {
        "id": entry.key,
        "title": merged.names.method(entry.key),
        "note": str(about.get("note") or ""),
        "parameters": about.get("parameters"),
        "original": entry.method == ORIGINAL,
        "facts": {name: value for name, value in facts.items() if value},
    }


def _means(merged: Merged) -> Iterator[dict[str, Any]]:
    kept, _ = current(merged.scores, merged.info, merged.names)
    for mean in means(kept, merged.info):
        yield _mean(mean, merged)


def _mean(mean: Mean, merged: Merged) -> dict[str, Any]:
    names = merged.names
    published, difference = published_cell(mean, names).text, difference_cell(mean, names).text
    return {
        "method": mean.method,
        "set": mean.dataset,
        "column": ScoreColumn(mean.metric, mean.protocol, mean.protocol_version).key,
        "text": mean_cell(mean, names).text,
        "value": None if mean.value is None else _printed(mean.value, names.digits(mean.metric)),
        "images": mean.images,
        "failed": mean.failed,
        "whole": mean.whole,
        **({"published": published, "difference": difference} if published else {}),
        **({"note": mean.note} if mean.note else {}),
    }


def _printed(value: float, digits: int) -> float:
    """Return a value as far as it is printed: the pages compare what they show."""
    return round(value, digits)


def _costs(merged: Merged) -> Iterator[dict[str, Any]]:
    rows = merged.scores
    ran = rows[(rows["status"] == "ok") & ~rows["method"].str.startswith(_STORED) & (rows["seconds"] > 0)]
    peaks = ran.groupby(["method", "dataset"])["peak_mb"].max()
    for row in lines(stats.median_seconds(ran)):
        peak = float(peaks[row.method, row.dataset])
        yield {
            "method": str(row.method),
            "set": str(row.dataset),
            "seconds": float(f"{row.seconds:.3g}"),
            "peak": None if math.isnan(peak) else round(peak),
        }
