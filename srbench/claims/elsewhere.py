"""A claim in the forms that other places ask for: Hugging Face's model cards, and lists of results by paper."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import srbench.datasets as datasets
import srbench.metrics as metrics
from srbench.claims.claim import Claim
from srbench.errors import ClaimError, DatasetError, MetricError

TASK = "Image Super-Resolution"
_HUB_TASK = "image-to-image"
_DIGITS = {"psnr": 4}
_OTHERWISE = 6


def model_index(claim: Claim, ids: Mapping[str, str] | None = None, url: str = "") -> dict[str, Any]:
    """Return the `model-index` of a Hugging Face model card, for the front matter of its README.

    Args:
        claim: What is claimed.
        ids: {data set: its name on the Hub}; where there is none, srbench's own name stands.
        url: Where the claim can be read; empty for nowhere.

    Returns:
        What YAML shows as `model-index:`, as huggingface_hub reads it: a result for each data set and protocol.

    Raises:
        ClaimError: A mean is infinite.
    """
    results = []
    for dataset, protocol, values in _groups(claim):
        about = claim.content["datasets"][dataset]
        result: dict[str, Any] = {
            "task": {"type": _HUB_TASK, "name": f"{TASK} x{claim.content['scale']}"},
            "dataset": {
                "type": (ids or {}).get(dataset, dataset),
                "name": _dataset_title(dataset),
                "args": {
                    "scale": claim.content["scale"],
                    "images": len(about["images"]),
                    "lr": about["lr"],
                    "protocol": protocol,
                    "protocol_version": claim.content["protocols"][protocol],
                },
            },
            "metrics": [
                {"type": metric, "name": f"{_metric_title(metric)} ({protocol})", "value": value}
                for metric, value in values.items()
            ],
        }
        if url:
            result["source"] = {"name": "srbench claim", "url": url}
        results.append(result)
    return {"model-index": [{"name": _title(claim), "results": results}]}


def eval_results(claim: Claim, ids: Mapping[str, str], url: str = "") -> list[dict[str, Any]]:
    """Return entries for the folder `.eval_results` of a Hugging Face model: of the data sets that the Hub has.

    Args:
        claim: What is claimed.
        ids: {data set: its name on the Hub}; others are left out.
        url: Where the claim can be read; empty for nowhere.
    """
    entries = []
    for dataset, protocol, values in _groups(claim):
        for metric, value in values.items() if dataset in ids else ():
            version = claim.content["protocols"][protocol]
            entry: dict[str, Any] = {
                "dataset": {"id": ids[dataset], "task_id": f"x{claim.content['scale']}-{protocol}-{metric}"},
                "value": value,
                "notes": f"{_metric_title(metric)}, protocol {protocol} (version {version}) of srbench; "
                f"LR: {claim.content['datasets'][dataset]['lr']}",
            }
            if url:
                entry["source"] = {"url": url, "name": "srbench claim"}
            entries.append(entry)
    return entries


def papers_with_code(claim: Claim, paper: str = "", url: str = "") -> dict[str, Any]:
    """Return the results as lists of papers ask for them: one for each data set, metric and protocol.

    Args:
        claim: What is claimed.
        paper: Address of the paper; empty for none.
        url: Where the claim can be read; empty for nowhere.

    Raises:
        ClaimError: A mean is infinite.
    """
    scale = claim.content["scale"]
    results = [
        {
            "dataset": f"{_dataset_title(dataset)} - {scale}x upscaling",
            "metric": _metric_title(metric),
            "higher_is_better": _higher_is_better(metric),
            "protocol": {
                "name": protocol,
                "version": claim.content["protocols"][protocol],
                "images": len(claim.content["datasets"][dataset]["images"]),
                "lr": claim.content["datasets"][dataset]["lr"],
                "tool": f"srbench {claim.content['srbench']}",
            },
            "value": value,
        }
        for dataset, protocol, values in _groups(claim)
        for metric, value in values.items()
    ]
    about = claim.content["method"]
    return {
        "task": TASK,
        "model": _title(claim),
        "paper": paper,
        "parameters": about["parameters"],
        "weights_sha256": about["weights_sha256"],
        "claim": {"sha256": claim.sha256, "url": url},
        "results": results,
    }


def _groups(claim: Claim) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Yield data set, protocol and {metric: mean as it is printed}, with two digits more than tables have."""
    grouped: dict[tuple[str, str], dict[str, float]] = {}
    for dataset, protocol, metric, value in claim.means():
        if not math.isfinite(value):
            raise ClaimError(
                f"The mean {metric} of {claim.method} on {dataset} is infinite; other places take numbers."
            )
        grouped.setdefault((dataset, protocol), {})[metric] = round(value, _DIGITS.get(metric, _OTHERWISE))
    for (dataset, protocol), values in grouped.items():
        yield dataset, protocol, values


def _title(claim: Claim) -> str:
    return str(claim.content["method"]["title"] or claim.method)


def _dataset_title(name: str) -> str:
    try:
        return next((manifest.title for manifest in datasets.manifests() if manifest.name == name), name)
    except DatasetError:  # a damaged manifest of somebody's own has no say here
        return name


def _metric_title(name: str) -> str:
    try:
        return metrics.find(name).title
    except MetricError:  # claimed where another metric was installed
        return name.upper()


def _higher_is_better(name: str) -> bool:
    try:
        return metrics.find(name).higher_is_better
    except MetricError:
        return True
