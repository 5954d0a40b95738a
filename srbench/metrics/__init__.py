"""Image quality: pure functions on arrays under named, versioned protocols, in a table that users extend."""

from __future__ import annotations

from srbench.metrics import libraries, structural
from srbench.metrics.evaluation import evaluate, evaluate_each
from srbench.metrics.niqe import niqe
from srbench.metrics.protocols import PROTOCOLS, Protocol, find_protocol
from srbench.metrics.table import (
    Metric,
    broken,
    find,
    fingerprint,
    metrics,
    register_metric,
    why_not,
)

__all__ = [
    "PROTOCOLS",
    "Metric",
    "Protocol",
    "broken",
    "evaluate",
    "evaluate_each",
    "find",
    "find_protocol",
    "fingerprint",
    "libraries",
    "metrics",
    "niqe",
    "register_metric",
    "structural",
    "why_not",
]
