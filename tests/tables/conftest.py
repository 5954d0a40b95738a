"""Scores as a run has them, written down by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import pytest

Values = Mapping[str, Sequence[float | None]]
Scores = Callable[..., pd.DataFrame]


def make_scores(values: Values, **columns: Any) -> pd.DataFrame:
    """Return rows of `{method: values}`, one image i0, i1, ... per value; None stands for a failed one."""
    fixed = {"dataset": "set5", "scale": 4, "protocol": "daala", "protocol_version": "2", "metric": "psnr"} | columns
    rows = [
        {
            **fixed,
            "image": f"i{number}",
            "method": method,
            "value": float("nan") if value is None else value,
            "seconds": 0.1,
            "peak_mb": 90.0,
            "path": "",
            "status": "failed" if value is None else "ok",
            "message": "broke" if value is None else "",
        }
        for method, given in values.items()
        for number, value in enumerate(given)
    ]
    return pd.DataFrame(rows)


def make_info(images: int = 5, dataset: str = "set5", **methods: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a run.json with that many images."""
    return {"datasets": {dataset: {f"i{number}": {} for number in range(images)}}, "methods": methods}


@pytest.fixture
def scores() -> Scores:
    return make_scores


@pytest.fixture
def info() -> Callable[..., dict[str, Any]]:
    return make_info
