"""Models on the Hugging Face hub: `hf:OWNER/NAME/FILE@REVISION`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from srbench.foreign import hub, methods
from srbench.foreign.kinds import kind_of
from srbench.registry import Setup, Upscaler, register_loader


def names(argument: str) -> Mapping[str, str]:
    """Return {name in tables: file at the commit of now}: all workers of a run load the same content."""
    wanted = hub.parse(argument)
    return {wanted.label: str(hub.fetch(wanted)[1])}


def about(argument: str) -> Mapping[str, Any]:
    """Return the columns that the file decides, by the adapter of its kind."""
    path, _ = hub.fetch(hub.parse(argument))
    return methods.about(kind_of(path))(str(path))


@register_loader("hf", title="Model on the hub", argument="OWNER/NAME/FILE", expand=names, about=about)
def load(setup: Setup) -> Upscaler:
    """Return the upscaler of the file `setup.argument`."""
    path, _ = hub.fetch(hub.parse(setup.argument or ""))
    return methods.load(kind_of(path), replace(setup, argument=str(path)))
