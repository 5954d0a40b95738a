"""The rows of metrics and protocols say what the objects say."""

from __future__ import annotations

import srbench.metrics as metrics
from srbench.metrics import listing


def test_every_metric_has_a_row_in_the_order_of_tables() -> None:
    rows = listing.metric_rows()
    assert [row["name"] for row in rows] == [metric.name for metric in metrics.metrics()]
    for row in rows:
        metric = metrics.find(row["name"])
        assert row["better"] == metric.better
        assert row["better"] in {"higher", "lower", "depends"}
        assert (row["title"], row["range"], row["unit"]) == (metric.title, metric.range, metric.unit)
        assert row["available"] == (row["why_not"] is None)


def test_a_metric_of_a_library_says_which_version_computes_it() -> None:
    import piq

    rows = {row["name"]: row for row in listing.metric_rows()}
    assert piq.__version__ in rows["gmsd"]["settings"]
    assert "MB" in rows["lpips-alex"]["needs"]
    assert not rows["psnr"]["needs"]


def test_every_protocol_has_a_row_with_its_version() -> None:
    rows = listing.protocol_rows()
    assert {"daala", "matlab", "basicsr", "basicsr-rgb", "matlab-gray-rgb"} <= {row["name"] for row in rows}
    for row in rows:
        assert row["version"] == metrics.find_protocol(row["name"]).version
        assert row["title"]
        assert row["description"]
