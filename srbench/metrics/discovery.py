"""Loads a user's own metrics and protocols, wherever they come from: a file may register both."""

from __future__ import annotations

from srbench import plugins

_KINDS = (plugins.METRICS, plugins.PROTOCOLS)


def discover() -> None:
    """Import the plugins that are new since the last call."""
    for kind in _KINDS:
        plugins.load(kind)


def broken() -> dict[str, str]:
    """Return the plugins that could not be loaded, with the reason."""
    discover()
    return {place: reason for kind in _KINDS for place, reason in plugins.broken(kind).items()}


def hint() -> str:
    """Return a sentence that names the broken plugins, for messages about names that are not known; or nothing."""
    named = "; ".join(f"{place}: {reason.rstrip('.')}" for place, reason in broken().items())
    return f" Broken plugins: {named}." if named else ""
