"""Scores that were published for a model: whether a card gives them as such."""

from __future__ import annotations

import math
from typing import Any

import srbench.metrics as metrics
from srbench.errors import MetricError


def mistake(value: Any) -> bool | str:
    """Return what is wrong with {data set: {protocol: {metric: score}}}: False for nothing, True for another shape."""
    if not isinstance(value, dict):
        return True
    for dataset, protocols in value.items():
        if not isinstance(protocols, dict):
            return f"'{dataset}' has no protocol"
        for protocol, scores in protocols.items():
            if not isinstance(scores, dict) or not all(map(_is_score, scores.values())):
                return f"'{dataset}.{protocol}' has no scores"
            try:
                metrics.find_protocol(protocol)
                for metric in scores:
                    metrics.find(metric)
            except MetricError as error:
                return str(error).rstrip(".")
    return False


def _is_score(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)
