"""FID and KID: distances between the patches of all results and those of all originals, not between single pictures.

FID is of M. Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", NeurIPS
2017; KID of M. Binkowski et al., "Demystifying MMD GANs", ICLR 2018; over patches, because a test set has far less
images than either needs, as F. Mentzer et al., "High-Fidelity Generative Image Compression", NeurIPS 2020, do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srbench.errors import MetricError, unknown
from srbench.images import Image, as_rgb
from srbench.metrics import downloads
from srbench.metrics.downloads import INCEPTION

Floats = NDArray[np.float64]
Features = Callable[[NDArray[np.uint8]], Floats]
"""From patches (N, P, P, 3) to their features (N, D)."""

PATCH = 128
_BATCH = 16
_FEW = 10_000


@dataclass(frozen=True, slots=True)
class SetScore:
    """One distance between two sets of pictures; lower is better.

    Attributes:
        metric: `fid` or `kid`.
        value: The distance.
        patches: How many patches each set has.
        settings: Network, patches and what a reader must know.
    """

    metric: str
    value: float
    patches: int
    settings: str


def set_scores(
    srs: Iterable[Image],
    hrs: Iterable[Image],
    *,
    names: Sequence[str] = ("fid", "kid"),
    patch: int = PATCH,
    features: str | Features = "inception",
) -> list[SetScore]:
    """Return distances between the patches of results and those of originals.

    Every picture is cut into patches side by side, from its upper left corner, and once more from half a patch further
    in. The order of the pictures does not matter.

    Args:
        srs: Results, uint8, (H, W) or (H, W, 3), without border.
        hrs: Originals.
        names: `fid`, `kid` or both.
        patch: Side of a patch in pixels.
        features: `inception`, `random` (a fixed random network, for tests: of no meaning for people), or a function.

    Raises:
        MetricError: A name is unknown, there are less than two patches, or weights cannot be had.
    """
    for name in names:
        if name not in _DISTANCES:
            raise MetricError(unknown("metric of sets", name, _DISTANCES))
    title, function = _features(features)
    found = [_all_features(images, patch, function) for images in (srs, hrs)]
    count = min(map(len, found))
    if count < 2:
        raise MetricError(
            f"FID and KID need two patches of {patch}x{patch} pixels or more after the border is removed; there are "
            f"{count}. Choose smaller patches."
        )
    about = f"{title}, {found[0].shape[1]} features; patches of {patch}, also shifted by {patch // 2}"
    scores = []
    for name in names:
        biased = "; of less than 10,000 patches: compare only equal numbers of them" if name == "fid" else ""
        few = biased if count < _FEW else ""
        scores.append(SetScore(name, _DISTANCES[name](*found), count, f"{about}{few}"))
    return scores


def frechet_distance(x: Floats, y: Floats) -> float:
    """Return the squared Frechet distance between the Gaussians of two sets of features (N, D): FID.

    |mx - my|^2 + tr(Cx + Cy - 2 (Cx Cy)^(1/2)), with the root taken of the symmetric Cx^(1/2) Cy Cx^(1/2).
    """
    away = x.mean(axis=0) - y.mean(axis=0)
    cx, cy = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (x, y))
    values, vectors = np.linalg.eigh(cx)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    both = np.linalg.eigvalsh(root @ cy @ root).clip(0)
    return max(0.0, float(away @ away + np.trace(cx) + np.trace(cy) - 2 * np.sqrt(both).sum()))


def kernel_distance(x: Floats, y: Floats) -> float:
    """Return the unbiased squared MMD of two sets of features (N, D) under (x.y / D + 1)^3: KID, of all at once.

    Being unbiased, it may be a little below 0. No random subsets are drawn: the value is always the same.
    """

    def kernel(a: Floats, b: Floats) -> Floats:
        return np.asarray((a @ b.T / a.shape[1] + 1) ** 3)

    within = sum(
        float((matrix.sum() - np.trace(matrix)) / (len(matrix) * (len(matrix) - 1)))
        for matrix in (kernel(x, x), kernel(y, y))
    )
    return within - 2 * float(kernel(x, y).mean())


_DISTANCES: dict[str, Callable[[Floats, Floats], float]] = {"fid": frechet_distance, "kid": kernel_distance}


def patches(image: Image, patch: int) -> NDArray[np.uint8]:
    """Return the patches (N, P, P, 3) of a picture: side by side, and again from half a patch further in."""
    rgb = as_rgb(image)
    found = []
    for start in (0, patch // 2) if patch > 1 else (0,):
        rows, columns = ((side - start) // patch for side in rgb.shape[:2])
        if rows < 1 or columns < 1:
            continue
        inner = rgb[start : start + rows * patch, start : start + columns * patch]
        found.append(inner.reshape(rows, patch, columns, patch, 3).swapaxes(1, 2).reshape(-1, patch, patch, 3))
    return np.concatenate(found) if found else np.empty((0, patch, patch, 3), np.uint8)


def _all_features(images: Iterable[Image], patch: int, function: Features) -> Floats:
    found = []
    for image in images:
        cut = patches(image, patch)
        found += [function(cut[at : at + _BATCH]) for at in range(0, len(cut), _BATCH)]
    return np.concatenate(found).astype(np.float64) if found else np.empty((0, 1))


def _features(features: str | Features) -> tuple[str, Features]:
    if callable(features):
        return getattr(features, "__name__", "own features"), features
    if features == "random":
        return "a random network (a test: says nothing of quality)", random_features()
    if features == "inception":
        return "Inception of 2015-12-05", _on_inception
    raise MetricError(f"Unknown features {features!r}; expected 'inception', 'random' or a function.")


@functools.lru_cache(maxsize=1)
def _inception() -> Any:
    from piq.feature_extractors import InceptionV3

    return downloads.loaded("The Inception network of FID and KID", lambda: InceptionV3().eval(), [INCEPTION])


def _on_inception(cut: NDArray[np.uint8]) -> Floats:
    import torch

    with torch.inference_mode():
        values = _inception()(torch.from_numpy(cut.transpose(0, 3, 1, 2).copy()).float() / 255.0)[0]
    return np.asarray(values.flatten(1).double().numpy())


def random_features(seed: int = 0, count: int = 64) -> Features:
    """Return features of a network of three convolutions with fixed random weights, for tests without downloads."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    sizes = [(16, 3), (32, 16), (count, 32)]
    kernels = [torch.randn(*size, 3, 3, generator=generator) / (9 * size[1]) ** 0.5 for size in sizes]

    def random_network(cut: NDArray[np.uint8]) -> Floats:
        values = torch.from_numpy(cut.transpose(0, 3, 1, 2).copy()).float() / 127.5 - 1
        with torch.inference_mode():
            for kernel in kernels:
                values = torch.relu(torch.nn.functional.conv2d(values, kernel, stride=2, padding=1))
        return np.asarray(values.mean(dim=(2, 3)).double().numpy())

    return random_network
