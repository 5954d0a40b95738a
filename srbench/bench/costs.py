"""What a network costs apart from this machine: its multiply-accumulates for an image of a stated size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from srbench import registry
from srbench.bench.specs import MethodSpec
from srbench.registry import Setup


def operations(spec: MethodSpec, setup: Setup, fingerprint: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what run.json says of a method's multiply-accumulates; nothing for a method that is no network.

    Args:
        spec: The method.
        setup: What it runs with; it is counted as published, whatever the precision.
        fingerprint: Of the method now.
        before: What run.json says of the method so far: it is counted again only where the method changed.

    Returns:
        `multiply_accumulates` (None where nobody can say) and `counted_for`, height and width of the LR image.
    """
    learned = spec.method.parameters.get(setup.scale) is not None or setup.scale in spec.method.weights
    if not learned or spec.by_value:
        return {}
    if before.get("fingerprint") == fingerprint and "counted_for" in before:
        return {name: before[name] for name in ("multiply_accumulates", "counted_for")}
    from srbench.inference.operations import lr_size  # here: torch takes seconds to import

    size = lr_size(setup.scale)
    return {"multiply_accumulates": _counted(spec, setup, size), "counted_for": list(size)}


def _counted(spec: MethodSpec, setup: Setup, size: tuple[int, int]) -> int | None:
    try:
        upscaler = registry.create(spec.spec, replace(setup, device="cpu", precision="exact"))
        counted: int | None = upscaler.multiply_accumulates(*size)
    except Exception:  # what is wrong with a method its own rows say; one of another kind has no such function
        return None
    return counted
