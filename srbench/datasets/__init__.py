"""Data sets: manifests, verified files, downloads, and the HR/LR pairs that the bench runs on."""

from srbench.datasets.download import fetch
from srbench.datasets.manifest import Entry, Manifest, find, manifests
from srbench.datasets.pairs import DEGRADATIONS, Pair, load
from srbench.datasets.places import cache_folder, locate, verify

__all__ = [
    "DEGRADATIONS",
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
