"""The file of a claim: made of a run, written, and read back with every doubt about it said."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from srbench import __version__
from srbench.bench.results import RunResults
from srbench.claims.content import check_content, mean
from srbench.errors import ClaimError, unknown
from srbench.images import read_bytes, write_atomically
from srbench.tables.names import lines

VERSION = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """What a method reaches on whole data sets, and all that it depends on.

    Attributes:
        content: As in the file, without the hash: `scale`, `method`, `protocols`, `metrics`, `datasets` with every
            image's checksums and scores, `versions`, `machine` and `commands`.
    """

    content: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """The hash of the content, which the file carries."""
        text = json.dumps(self.content, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def method(self) -> str:
        """Name of the method."""
        return str(self.content["method"]["name"])

    def means(self) -> list[tuple[str, str, str, float]]:
        """Return (data set, protocol, metric, mean) of everything that is claimed."""
        return [
            (dataset, protocol, metric, float(value))
            for dataset, about in self.content["datasets"].items()
            for protocol, values in about["means"].items()
            for metric, value in values.items()
        ]


def claim_of(run: RunResults, method: str) -> Claim:
    """Return what a run says of a method, as a claim.

    Args:
        run: The run; with the pictures' and inputs' checksums, which runs have since schema 2.
        method: Name of the method.

    Raises:
        ClaimError: The run has no such method, or it lacks a score or a checksum: a claim is over whole data sets, and
            everything in it can be computed again.
    """
    rows = run.scores[run.scores["method"] == method]
    if rows.empty:
        names = sorted(map(str, run.scores["method"].unique()))
        raise ClaimError(unknown("method", method, names) if names else f"{run.folder} has no scores. Run it first.")
    versions = rows[["protocol", "protocol_version"]].drop_duplicates()
    protocols = {str(row.protocol): str(row.protocol_version) for row in lines(versions)}
    metrics = sorted(map(str, rows["metric"].unique()))
    datasets = [name for name in run.info.get("datasets", {}) if name in set(rows["dataset"])]
    content = {
        "claim": VERSION,
        "srbench": run.info.get("srbench", __version__),
        "scale": int(run.info["scale"]),
        "method": _method(run, method),
        "protocols": protocols,
        "metrics": {name: str(run.info.get("metric_fingerprints", {}).get(name, "")) for name in metrics},
        "datasets": {name: _dataset(run, method, name, rows, list(protocols), metrics) for name in datasets},
        "versions": dict(run.info.get("versions", {})),
        "machine": {name: str(value) for name, value in run.info.get("machine", {}).items()},
        "commands": [_command(entry["command"]) for entry in run.info.get("commands", []) if entry.get("command")],
    }
    return Claim(content)


def _method(run: RunResults, method: str) -> dict[str, Any]:
    about = run.info.get("methods", {}).get(method, {})
    kept = ("title", "note", "fingerprint", "weights_sha256", "parameters", "device", "precision")
    return {"name": method, **{name: about.get(name) for name in kept}}


def _dataset(
    run: RunResults, method: str, dataset: str, rows: pd.DataFrame, protocols: Sequence[str], metrics: Sequence[str]
) -> dict[str, Any]:
    entries: Mapping[str, Any] = run.info["datasets"][dataset]
    values = {
        (str(row.image), str(row.protocol), str(row.metric)): float(row.value)
        for row in lines(rows[(rows["dataset"] == dataset) & (rows["status"] == "ok")])
    }
    images = {}
    for image, entry in entries.items():
        sha256 = run.info.get("images_sha256", {}).get(f"{method}/{dataset}/{image}")
        scores: dict[str, dict[str, Any]] = {}
        for protocol in protocols:
            for metric in metrics:
                value = values.get((image, protocol, metric), math.nan)
                if math.isnan(value) or not sha256 or not entry.get("hr_sha256"):
                    raise ClaimError(
                        f"{method} has no {metric} ({protocol}) of {dataset}/{image} with checksums of picture and "
                        "original: a claim is over whole data sets. Run it on all of them, or claim another run."
                    )
                scores.setdefault(protocol, {})[metric] = _stored(value)
        images[image] = {
            "hr_sha256": entry["hr_sha256"],
            "lr_sha256": entry.get("lr_sha256", ""),
            "picture_sha256": sha256,
            "scores": scores,
        }
    means = {
        protocol: {metric: _stored(mean(images, protocol, metric)) for metric in metrics} for protocol in protocols
    }
    return {"lr": str(run.info.get("sources", {}).get(dataset, {}).get("lr", "")), "means": means, "images": images}


def _stored(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)  # JSON has no infinity


def _command(parts: Sequence[str]) -> list[str]:
    return ["srbench", *map(str, parts[1:])]  # where it is installed is nobody's business


def write(claim: Claim, path: Path) -> None:
    """Write a claim with the hash of its content."""
    write_atomically(path, (json.dumps({**claim.content, "sha256": claim.sha256}, indent=1) + "\n").encode())


def read(path: str | Path) -> Claim:
    """Read a claim.

    Raises:
        ClaimError: It is no claim, says something twice, was changed since it was hashed, or does not add up.
        ImageError: The file cannot be read.
    """
    try:
        content = json.loads(read_bytes(path), object_pairs_hook=_once)
    except ClaimError as error:
        raise ClaimError(f"{path}: {error}") from None
    except (ValueError, RecursionError):
        raise ClaimError(f"{path} is no claim: expected JSON as 'srbench claim' writes it.") from None
    if not isinstance(content, dict) or content.get("claim") != VERSION:
        came = content.get("claim") if isinstance(content, dict) else None
        raise ClaimError(f"{path} is no claim of version {VERSION}, but of {came!r}. Update srbench, or claim again.")
    stated = content.pop("sha256", None)
    claim = Claim(content)
    if stated != claim.sha256:
        raise ClaimError(f"{path} was changed after it was made: its content does not have the hash that it states.")
    try:
        check_content(content)
    except ClaimError as error:
        raise ClaimError(f"{path}: {error}") from None
    return claim


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; a name that stands twice would show people one value and programs the other."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ClaimError(f"'{twice}' stands in it twice.")
    return made
