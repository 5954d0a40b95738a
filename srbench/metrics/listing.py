"""What metrics and protocols there are, as rows for lists and tables."""

from __future__ import annotations

from typing import Any

from srbench.metrics.protocol import protocols
from srbench.metrics.table import metrics, why_not


def metric_rows() -> list[dict[str, Any]]:
    """Return one row per metric.

    Columns: name, title, better (`higher` or `lower`), range, unit, source, settings (with the version of the library),
    needs (what is fetched at first use), available, why_not.

    Raises:
        MetricError: Two plugins have one name.
    """
    return [
        {
            "name": metric.name,
            "title": metric.title,
            "better": metric.better,
            "range": metric.range,
            "unit": metric.unit,
            "source": metric.source,
            "settings": metric.versioned_settings,
            "needs": metric.needs,
            "available": why_not(metric.name) is None,
            "why_not": why_not(metric.name),
        }
        for metric in metrics()
    ]


def protocol_rows() -> list[dict[str, Any]]:
    """Return one row per protocol: name, version, title, description.

    Raises:
        MetricError: Two plugins have one name.
    """
    return [
        {"name": rule.name, "version": rule.version, "title": rule.title, "description": rule.description}
        for rule in protocols()
    ]
