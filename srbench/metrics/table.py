"""The table of metrics: what a metric registers, and how it is found, a user's own ones included."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import math
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from srbench import images
from srbench.errors import MetricError, unknown
from srbench.images import Image
from srbench.metrics.protocols import Protocol
from srbench.sources import closure

Function = Callable[[NDArray[Any], NDArray[Any]], float]


@dataclass(frozen=True)
class Comparison:
    """An SR and an HR image under one protocol, with each form of them made once, when it is asked for.

    Attributes:
        sr: Shaved, shape (H, W) or (H, W, 3).
        hr: Shaved, of the same shape.
        protocol: The protocol that shaved them.
    """

    sr: Image
    hr: Image
    protocol: Protocol

    @functools.cached_property
    def y(self) -> tuple[Image, Image]:
        """The protocol's luma of SR and HR, shape (H, W)."""
        return self.protocol.luma(self.sr), self.protocol.luma(self.hr)

    @functools.cached_property
    def rgb(self) -> tuple[Image, Image]:
        """SR and HR as (H, W, 3); a gray image as three equal channels."""
        return _as_rgb(self.sr), _as_rgb(self.hr)


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
        library: The distribution that computes it; its version is part of the fingerprint.
        why_not: Returns why it cannot be computed here, or None.
        files: Data that decide the score, such as parameters; their content is part of the fingerprint.
        module: The module that registered it.
    """

    name: str
    title: str
    higher_is_better: bool
    compute: Callable[[Comparison], float]
    on: Literal["y", "rgb", "protocol"] = "rgb"
    unit: str = ""
    order: int = 1000
    library: str = ""
    why_not: Callable[[], str | None] = field(default=lambda: None)
    files: tuple[Path, ...] = ()
    module: str = ""

    def value(self, comparison: Comparison) -> float:
        """Return the score.

        Raises:
            MetricError: It cannot be computed for these images, or is no number.
        """
        try:
            value = float(self.compute(comparison))
        except MetricError:
            raise
        except (Exception, SystemExit) as error:  # a library's or a user's code: whatever it does, the metric is named
            reason = " ".join(str(error).split())
            raise MetricError(f"Metric '{self.name}' failed: {type(error).__name__}: {reason}") from error
        if math.isnan(value):
            raise MetricError(f"Metric '{self.name}' returned NaN; expected a number.")
        return value


_metrics: dict[str, Metric] = {}
_families: dict[str, Callable[[str], Metric]] = {}
_conflicts: list[str] = []
_broken: dict[str, str] = {}
_discovered = False


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
        def compute(comparison: Comparison) -> float:
            # Copies: what one metric does to its images must not change what the next one sees.
            sr, hr = comparison.y if on == "y" else comparison.rgb
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
    other = _metrics.get(metric.name)
    if other is not None and other.module != metric.module:
        _conflicts.append(
            f"Two plugins register the metric '{metric.name}': {other.module} and {metric.module}. Rename one of them."
        )
        return
    _metrics[metric.name] = metric


def add_family(metric: Metric, make: Callable[[str], Metric]) -> None:
    """Add metrics called `family:NAME`: `metric` is the family's row in lists, `make` makes one from NAME."""
    add(metric)
    _families[metric.name.partition(":")[0]] = make


def discover() -> None:
    """Load the plugins once: Python files in the folders of SRBENCH_METRICS_PATH, and entry points.

    Raises:
        MetricError: Two plugins have one name.
    """
    global _discovered
    if not _discovered:
        _discovered = True
        for folder in filter(None, os.environ.get("SRBENCH_METRICS_PATH", "").split(os.pathsep)):
            if not Path(folder).is_dir():
                _broken[folder] = "SRBENCH_METRICS_PATH names it, but there is no such folder"
            for path in sorted(Path(folder).glob("[!_.]*.py")):
                _try(str(path), functools.partial(_load, path))
        for entry in importlib.metadata.entry_points(group="srbench.metrics"):
            _try(entry.name, entry.load)
    if _conflicts:
        raise MetricError(_conflicts[0])


def _load(path: Path) -> None:
    mark = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    name = f"srbench_metric_{path.stem}_{mark}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise MetricError(f"{path} cannot be loaded as Python.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def _try(name: str, action: Callable[[], object]) -> None:
    try:
        action()
    except (Exception, SystemExit) as error:  # a broken plugin, whatever it does, must not stop the others
        _broken[name] = f"{type(error).__name__}: {error}".splitlines()[0]


def metrics() -> list[Metric]:
    """Return all metrics in the order of tables."""
    discover()
    return sorted(_metrics.values(), key=lambda m: (m.order, m.name))


def broken() -> dict[str, str]:
    """Return the plugins that could not be loaded, with the reason."""
    discover()
    return dict(_broken)


def find(name: str) -> Metric:
    """Return the metric called `name`.

    Raises:
        MetricError: There is none, or its plugin is broken.
    """
    discover()
    if name in _metrics:
        return _metrics[name]
    family, colon, member = name.partition(":")
    if colon and member and family in _families:
        return _families[family](member)
    message = unknown("metric", name, _metrics)
    if _broken:
        message += f" Broken plugins: {'; '.join(f'{plugin}: {reason}' for plugin, reason in _broken.items())}."
    raise MetricError(message)


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
    digest = hashlib.sha256(name.encode())
    for path in (*closure(metric.module), *metric.files):
        digest.update(path.read_bytes())
    if metric.library:
        digest.update(importlib.metadata.version(metric.library).encode())
    return digest.hexdigest()[:16]


def compare(sr: Image, hr: Image, scale: int, protocol: Protocol) -> Comparison:
    """Check two images and remove the protocol's border.

    Raises:
        MetricError: They are no 8-bit images of one shape, or nothing would be left.
    """
    for name, image in (("SR", sr), ("HR", hr)):
        if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
            raise MetricError(
                f"The {name} image is {image.dtype} of shape {image.shape}; expected uint8 (H, W) or (H, W, 3)."
            )
    if sr.shape != hr.shape:
        raise MetricError(f"The SR image has shape {sr.shape}, the HR image {hr.shape}; expected equal shapes.")
    border = protocol.shave(scale)
    if min(hr.shape[:2]) <= 2 * border:
        raise MetricError(
            f"A {hr.shape[1]}x{hr.shape[0]} image is too small for protocol '{protocol.name}', which removes "
            f"{border} pixels from each side at x{scale}."
        )
    # Copies, for a plugin's own sake and because numba compiles anew for each memory layout.
    return Comparison(images.shave(sr, border).copy(), images.shave(hr, border).copy(), protocol)


def _as_rgb(image: Image) -> Image:
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
