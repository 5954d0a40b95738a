"""Reads NAME=VALUE settings from the command line."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from srbench.errors import TrainingError


def parse(pairs: Iterable[str]) -> dict[str, Any]:
    """Return settings as Python values; what is no Python literal is text.

    >>> parse(["ema=0.99", "kernels=9,5,5", "vgg=random"])
    {'ema': 0.99, 'kernels': (9, 5, 5), 'vgg': 'random'}

    Raises:
        TrainingError: A pair has no equals sign.
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise TrainingError(f"Expected --set NAME=VALUE, but got --set {pair}.")
        try:
            settings[name.strip()] = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError):
            settings[name.strip()] = value.strip()
    return settings
