"""The table of metrics: what a metric registers, and how it is found, a user's own ones included."""

from __future__ import annotations

import functools
import importlib.metadata
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from numpy.typing import NDArray

from srbench import plugins
from srbench.errors import MetricError, PluginError, unknown
from srbench.metrics import discovery
from srbench.metrics.comparison import ComparedImages
from srbench.metrics.marks import mark

Function = Callable[[NDArray[Any], NDArray[Any]], float]


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table of metrics.

    Attributes:
        name: What users type.
        title: What tables and figures print.
        higher_is_better: The direction.
        compute: From a comparison to the score.
        on: What it looks at: `y` (the protocol's luma), `rgb`, or `protocol` where the protocol also decides how.
        unit: `dB`, or nothing.
        order: Place in lists.
        range: Between which values scores lie, for lists.
        source: Where it is defined.
        settings: What it looks at and with what: network, crop, version.
        needs: What it fetches at first use; empty where it needs nothing.
        library: The distribution that computes it; its version is part of the fingerprint.
        why_not: Returns why it cannot be computed here, or None.
        files: Data that decide the score, such as parameters; their content is part of the fingerprint.
        module: The module that registered it.
    """

    name: str
    title: str
    higher_is_better: bool
    compute: Callable[[ComparedImages], float]
    on: Literal["y", "rgb", "protocol"] = "rgb"
    unit: str = ""
    order: int = 1000
    range: str = ""
    source: str = ""
    settings: str = ""
    needs: str = ""
    library: str = ""
    why_not: Callable[[], str | None] = field(default=lambda: None)
    files: tuple[Path, ...] = ()
    module: str = ""

    @property
    def versioned_settings(self) -> str:
        """The settings with the version of the library that computes it, as rows show them."""
        version = f"{self.library} {importlib.metadata.version(self.library)}" if self.library else ""
        return "; ".join(filter(None, (self.settings, version)))

    @property
    def better(self) -> str:
        """Which direction is better, for lists: `higher`, `lower`, or `depends` in the row of a family."""
        if self.name.endswith(":NAME"):
            return "depends"
        return "higher" if self.higher_is_better else "lower"

    def value(self, comparison: ComparedImages) -> float:
        """Return the score.

        Raises:
            MetricError: It cannot be computed for these images, or is no number.
        """
        try:
            value = float(self.compute(comparison))
        except MetricError:
            raise
        except PluginError as error:
            raise MetricError(str(error)) from error
        except (Exception, SystemExit) as error:  # a library's or a user's code: whatever it does, the metric is named
            reason = " ".join(str(error).split())
            raise MetricError(f"Metric '{self.name}' failed: {type(error).__name__}: {reason}") from error
        if math.isnan(value):
            raise MetricError(f"Metric '{self.name}' returned NaN; expected a number.")
        return value


_metrics: dict[str, Metric] = {}
_families: dict[str, Callable[[str], Metric]] = {}
_names = plugins.Names("metric", MetricError)


def register_metric(
    name: str, *, title: str, higher_is_better: bool, on: Literal["rgb", "y"] = "rgb", **columns: Any
) -> Callable[[Function], Function]:
    """Register a function `(sr, hr) -> float` as a metric.

    Both arrays are uint8 and already without the protocol's border: (H, W, 3) with `on="rgb"`, where gray images
    come as three equal channels; (H, W), the protocol's luma, with `on="y"`.

    Args:
        name: Lower-case letters, digits and hyphens.
        title: What tables print.
        higher_is_better: The direction.
        on: What the function looks at.
        **columns: Further fields of `Metric`, such as `unit`.

    Raises:
        MetricError: The name cannot be typed on the command line.
    """

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def compute(comparison: ComparedImages) -> float:
            # Copies: what one metric does to its images must not change what the next one sees.
            sr, hr = comparison.y if on == "y" else comparison.rgb
            with plugins.contained(f"Metric '{name}'"):
                return function(sr.copy(), hr.copy())

        add(Metric(name, title, higher_is_better, compute, on, module=function.__module__, **columns))
        return function

    return decorate


def add(metric: Metric) -> None:
    """Put a row into the table.

    Raises:
        MetricError: The name cannot be typed on the command line.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*(:[A-Za-z]+)?", metric.name):
        raise MetricError(f"Metric name {metric.name!r} is not made of lower-case letters, digits and hyphens.")
    if not _names.claim(metric.name, metric.module):
        return
    _metrics[metric.name] = metric
    fingerprint.cache_clear()  # a notebook's cell was run again, perhaps


def add_family(metric: Metric, make: Callable[[str], Metric]) -> None:
    """Add metrics called `family:NAME`: `metric` is the family's row in lists, `make` makes one from NAME."""
    add(metric)
    _families[metric.name.partition(":")[0]] = make


def _discover() -> None:
    discovery.discover()
    _names.check()


def metrics() -> list[Metric]:
    """Return all metrics in the order of tables.

    Raises:
        MetricError: Two plugins have one name.
    """
    _discover()
    return sorted(_metrics.values(), key=lambda m: (m.order, m.name))


def find(name: str) -> Metric:
    """Return the metric called `name`.

    Raises:
        MetricError: There is none, or its plugin is broken.
    """
    _discover()
    if name in _metrics:
        return _metrics[name]
    family, colon, member = name.partition(":")
    if colon and member and family in _families:
        return _families[family](member)
    raise MetricError(unknown("metric", name, _metrics) + discovery.hint())


def why_not(name: str) -> str | None:
    """Return why the metric `name` cannot be computed here, or None when it can.

    Raises:
        MetricError: There is no such metric.
    """
    return find(name).why_not()


@functools.cache
def fingerprint(name: str) -> str:
    """Return a hash of the metric's code and files and of its library's version: while it stays, so do scores."""
    metric = find(name)
    more = [name.encode(), *(path.read_bytes() for path in metric.files)]
    if metric.library:
        more.append(importlib.metadata.version(metric.library).encode())
    return mark(metric.module, metric.compute, more)
