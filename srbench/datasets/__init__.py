"""Data sets: manifests, verified files, downloads, and the HR/LR pairs that the bench runs on."""

from srbench.datasets.download import fetch
from srbench.datasets.loading import load
from srbench.datasets.manifest import Entry, Manifest, find, manifests
from srbench.datasets.pairs import DEGRADATIONS, Pair
from srbench.datasets.places import Check, cache_folder, locate, verify

__all__ = [
    "DEGRADATIONS",
    "Check",
    "Entry",
    "Manifest",
    "Pair",
    "cache_folder",
    "fetch",
    "find",
    "load",
    "locate",
    "manifests",
    "verify",
]
