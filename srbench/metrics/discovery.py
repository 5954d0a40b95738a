"""Loads a user's own metrics and protocols, and says which could not be loaded."""

from __future__ import annotations

from srbench import plugins

_KINDS = (plugins.METRICS, plugins.PROTOCOLS)


def discover() -> None:
    """Load what is new in the folders of SRBENCH_METRICS_PATH and SRBENCH_PROTOCOLS_PATH, and among entry points.

    A file may register metrics and protocols alike, wherever it lies.
    """
    for kind in _KINDS:
        plugins.load(kind)


def broken() -> dict[str, str]:
    """Return {file, folder or entry point of a plugin: why it cannot be used}."""
    discover()
    return {place: reason for kind in _KINDS for place, reason in plugins.broken(kind).items()}


def hint() -> str:
    """Return a sentence that names the broken plugins, for messages about names that are not known; or nothing."""
    named = "; ".join(f"{place}: {reason.rstrip('.')}" for place, reason in broken().items())
    return f" Broken plugins: {named}." if named else ""
