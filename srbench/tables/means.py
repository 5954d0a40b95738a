"""Means over images: of today's inputs, over how many of how many images, and which of them is the best."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from srbench.tables.names import Names, lines
from srbench.tables.numbers import DASH, count
from srbench.tables.published import published
from srbench.tables.table import ORIGINAL, Mean, TableCell


def current(scores: pd.DataFrame, info: Mapping[str, Any], names: Names) -> tuple[pd.DataFrame, list[str]]:
    """Return the scores of the images that run.json lists, and one sentence for what was left out.

    A data set that run.json does not list keeps all its scores.
    """
    listed: Mapping[str, Any] = info.get("datasets", {})
    here = np.array(
        [not listed.get(d) or i in listed[d] for d, i in zip(scores["dataset"], scores["image"], strict=True)],
        dtype=bool,
    )
    notes = []
    for dataset, part in scores[~here].groupby("dataset"):
        gone = part["image"].nunique()
        notes.append(
            f"{names.dataset(str(dataset))}: {count(gone, 'image')} with scores {'is' if gone == 1 else 'are'} no more "
            "part of it and left out."
        )
    return scores[here], notes


def sizes(scores: pd.DataFrame, info: Mapping[str, Any]) -> dict[str, int]:
    """Return how many images each data set has: as run.json lists them, else as many as there are scores of."""
    listed: Mapping[str, Any] = info.get("datasets", {})
    seen = scores.groupby("dataset")["image"].nunique()
    return {str(name): len(listed.get(str(name), ())) or int(images) for name, images in seen.items()}


def means(scores: pd.DataFrame, info: Mapping[str, Any]) -> list[Mean]:
    """Return the mean of every protocol, metric, data set and method.

    Args:
        scores: Rows as in `bench.rows.ImageScore`, see `current`.
        info: The content of run.json.
    """
    size = sizes(scores, info)
    keys = ["protocol", "protocol_version", "metric", "method", "dataset"]
    methods: Mapping[str, Any] = info.get("methods", {})
    made = []
    for key, part in scores.groupby(keys, sort=False):
        mean = _mean(tuple(map(str, key)), part, size)
        stated = methods.get(mean.method, {}).get("published")
        made.append(replace(mean, published=published(mean, int(part["scale"].iloc[0]), stated)))
    return made


def _mean(key: Sequence[str], part: pd.DataFrame, size: Mapping[str, int]) -> Mean:
    # A row without a value did not fail: it is missing, as a row that is not there.
    scored, failed = part[(part["status"] == "ok") & part["value"].notna()], part[part["status"] == "failed"]
    values = scored["value"].to_numpy(dtype=np.float64)
    protocol, version, metric, method, dataset = key
    return Mean(
        protocol=protocol,
        protocol_version=version,
        metric=metric,
        method=method,
        dataset=dataset,
        value=_plain_mean(values) if values.size and failed.empty else None,
        images=scored["image"].nunique() + failed["image"].nunique(),
        of=size[dataset],
        failed=failed["image"].nunique(),
        infinite=int(np.isinf(values).sum()),
    )


def _plain_mean(values: np.ndarray[Any, np.dtype[np.float64]]) -> float | None:
    with np.errstate(invalid="ignore"):  # infinite in both directions: there is no mean
        mean = float(values.mean())
    return None if np.isnan(mean) else mean


def opinion_means(mos: pd.DataFrame, scale: int, metric: str = "mos") -> list[Mean]:
    """Return mean opinion scores as means.

    Args:
        mos: From `stats.mean_opinion_scores`, by data set and method.
        scale: The upscaling factor of the run; 0 where published scores do not compare.
        metric: What they are called.
    """
    size = mos.groupby("dataset")["images"].max()
    made = [
        Mean("", "", metric, str(row.method), str(row.dataset), float(row.mos), int(row.images), int(size[row.dataset]))
        for row in lines(mos)
    ]
    return [replace(mean, published=published(mean, scale)) for mean in made]


def leaders(rivals: Iterable[Mean], names: Names) -> list[Mean]:
    """Return the best of means of one metric on one data set, as printed, all of them where several are equal.

    Only whole means compete, since they are over the same images; the original does not.
    """
    running = [mean for mean in rivals if mean.whole and mean.method != ORIGINAL]
    if not running:
        return []
    running.sort(key=lambda mean: names.methods.index(mean.method))
    metric = running[0].metric
    printed = [round(mean.value or 0.0, names.digits(metric)) for mean in running]
    best = max(printed) if names.higher_is_better(metric) else min(printed)
    return [mean for mean, value in zip(running, printed, strict=True) if value == best]


def mark_best(shown: Sequence[Mean], names: Names) -> list[Mean]:
    """Return the means of a table, the best of each metric and data set marked where there is a choice."""
    groups: dict[tuple[str, ...], list[Mean]] = defaultdict(list)
    for mean in shown:
        groups[mean.protocol, mean.protocol_version, mean.metric, mean.dataset].append(mean)
    best = set()
    for rivals in groups.values():
        if sum(mean.whole and mean.method != ORIGINAL for mean in rivals) > 1:
            best |= set(leaders(rivals, names))
    return [replace(mean, best=mean in best) for mean in shown]


def mean_cell(mean: Mean | None, names: Names, star: bool = False) -> TableCell:
    """Return the cell of a mean: the figure, how many of how many images it is over, or why there is none."""
    if mean is None:
        return TableCell(DASH)
    if mean.failed:
        return TableCell(f"failed ({mean.failed} of {mean.of})", mean=mean)
    if mean.value is None:
        return TableCell(DASH if mean.images == mean.of else f"{DASH} ({mean.images} of {mean.of})", mean=mean)
    text = names.number(mean.metric, mean.value)
    return TableCell(text if mean.whole else f"{text} ({mean.images} of {mean.of})", mean.best, star, mean=mean)


def mean_notes(shown: Iterable[Mean], names: Names) -> list[str]:
    """Return one sentence for every mean that is infinite because of some images."""
    return [
        f"{names.method(mean.method)}, {names.metric(mean.metric)} on {names.dataset(mean.dataset)}: {mean.note}."
        for mean in shown
        if mean.note
    ]
