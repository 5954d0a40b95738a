"""Listings: all methods, metrics, protocols and data sets, one row each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench import registry
from srbench.metrics import listing

if TYPE_CHECKING:
    import pandas as pd


def methods(scale: int = 4) -> pd.DataFrame:
    """Return all methods, one row each; see `srbench.registry.table`."""
    return _frame(registry.table(scale))


def metrics() -> pd.DataFrame:
    """Return all metrics, one row each; see `srbench.metrics.listing.metric_rows`."""
    return _frame(listing.metric_rows())


def protocols() -> pd.DataFrame:
    """Return all protocols, one row each; see `srbench.metrics.listing.protocol_rows`."""
    return _frame(listing.protocol_rows())


def datasets(data_root: str | Path | None = None) -> pd.DataFrame:
    """Return all data sets with a manifest, one row each; see `srbench.datasets.table`.

    Raises:
        DatasetError: The data root is no folder.
    """
    from srbench.datasets import table

    return _frame(table(Path(data_root) if data_root is not None else None))


def _frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows)
