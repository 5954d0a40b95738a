"""Data sets: manifests, verified files, downloads, and the HR/LR pairs that the bench runs on."""

from srbench.datasets.dataset import Dataset, LeftOut, describe_left_out
from srbench.datasets.download import fetch
from srbench.datasets.listing import table
from srbench.datasets.loading import load
from srbench.datasets.manifest import Entry, Manifest, broken, find, manifests
from srbench.datasets.pairs import DEGRADATIONS, ImagePair
from srbench.datasets.places import Check, cache_folder, locate, verify

__all__ = [
    "DEGRADATIONS",
    "Check",
    "Dataset",
    "Entry",
    "ImagePair",
    "LeftOut",
    "Manifest",
    "broken",
    "cache_folder",
    "describe_left_out",
    "fetch",
    "find",
    "load",
    "locate",
    "manifests",
    "table",
    "verify",
]
