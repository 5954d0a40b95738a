"""Image quality: pure functions on arrays under named, versioned protocols, in a table that users extend."""

from __future__ import annotations

from srbench.metrics import libraries, perceptual, published, pyiqa_metrics, structural
from srbench.metrics.discovery import broken
from srbench.metrics.evaluation import evaluate, evaluate_each
from srbench.metrics.naturalness import niqe
from srbench.metrics.protocol import PROTOCOLS, Protocol, find_protocol, protocols, register_protocol
from srbench.metrics.sets import SetScore, set_scores
from srbench.metrics.table import Metric, find, fingerprint, metrics, register_metric, why_not

__all__ = [
    "PROTOCOLS",
    "Metric",
    "Protocol",
    "SetScore",
    "broken",
    "evaluate",
    "evaluate_each",
    "find",
    "find_protocol",
    "fingerprint",
    "libraries",
    "metrics",
    "niqe",
    "perceptual",
    "protocols",
    "published",
    "pyiqa_metrics",
    "register_metric",
    "register_protocol",
    "set_scores",
    "structural",
    "why_not",
]
