"""Whether the content of a claim is complete and adds up, before anything is computed again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from srbench.errors import ClaimError

_PARTS: dict[str, type] = {
    "claim": int,
    "srbench": str,
    "scale": int,
    "method": dict,
    "protocols": dict,
    "metrics": dict,
    "datasets": dict,
    "versions": dict,
    "machine": dict,
    "commands": list,
}
_METHOD = {"name", "title", "note", "fingerprint", "weights_sha256", "parameters", "device", "precision"}
_IMAGE = {"hr_sha256", "lr_sha256", "picture_sha256", "scores"}
_ROUNDING = 1e-9


def check_content(content: Mapping[str, Any]) -> None:
    """Raise ClaimError where a part is missing, unknown or malformed, or a mean is not that of the scores."""
    _named("the claim", content, set(_PARTS))
    for name, kind in _PARTS.items():
        if not isinstance(content[name], kind):
            raise ClaimError(f"'{name}' is {type(content[name]).__name__}; expected {kind.__name__}.")
    _named("'method'", content["method"], _METHOD)
    if not content["datasets"] or not content["protocols"] or not content["metrics"]:
        raise ClaimError("it names no data set, protocol or metric, and so claims nothing.")
    for dataset, about in content["datasets"].items():
        _named(f"'{dataset}'", about, {"lr", "means", "images"})
        for image, entry in about["images"].items():
            _named(f"{dataset}/{image}", entry, _IMAGE)
            _scores(f"{dataset}/{image}", entry["scores"], content)
        _scores(f"the means of '{dataset}'", about["means"], content)
        _means(dataset, about)


def _named(place: str, given: Any, expected: set[str]) -> None:
    if not isinstance(given, dict):
        raise ClaimError(f"{place} is {type(given).__name__}; expected an object.")
    wrong = sorted(given.keys() ^ expected)
    if wrong:
        raise ClaimError(f"{place} {'lacks' if wrong[0] in expected else 'has an unknown'} '{wrong[0]}'.")


def _scores(place: str, given: Any, content: Mapping[str, Any]) -> None:
    _named(place, given, set(content["protocols"]))
    for protocol, values in given.items():
        _named(f"{place}, {protocol}", values, set(content["metrics"]))
        for metric, value in values.items():
            if not (value in ("inf", "-inf") or (type(value) in (int, float) and math.isfinite(value))):
                raise ClaimError(f"{place}: {metric} ({protocol}) is {value!r}; expected a number.")


def _means(dataset: str, about: Mapping[str, Any]) -> None:
    for protocol, values in about["means"].items():
        for metric, stated in values.items():
            computed = mean(about["images"], protocol, metric)
            if not agree(float(stated), computed, _ROUNDING):
                place = f"the mean {metric} ({protocol}) of {dataset}"
                raise ClaimError(f"{place} is said to be {stated}, but its scores have {computed}.")


def mean(images: Mapping[str, Any], protocol: str, metric: str) -> float:
    """Return the mean over the images of a set."""
    values = [float(entry["scores"][protocol][metric]) for entry in images.values()]
    return math.fsum(values) / len(values) if all(map(math.isfinite, values)) and values else sum(values)


def agree(one: float, other: float, tolerance: float) -> bool:
    """Return whether two scores are equal, or differ by no more than `tolerance`."""
    return one == other or abs(one - other) <= tolerance
