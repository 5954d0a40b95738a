"""Image quality: pure functions on arrays under named, versioned protocols, in a table that users extend."""

from __future__ import annotations

from srbench.metrics import libraries, published, structural
from srbench.metrics.discovery import broken
from srbench.metrics.evaluation import evaluate, evaluate_each
from srbench.metrics.naturalness import niqe
from srbench.metrics.protocol import PROTOCOLS, Protocol, find_protocol, protocols, register_protocol
from srbench.metrics.table import Metric, find, fingerprint, metrics, register_metric, why_not

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
    "protocols",
    "published",
    "register_metric",
    "register_protocol",
    "structural",
    "why_not",
]
