"""A level of a small picture with planes, and slow plain references of what the kernels do on it."""

from __future__ import annotations

import math

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from srbench.methods.selfexsr import kernels
from srbench.methods.selfexsr.planes import Planes
from srbench.methods.selfexsr.pyramid import Pyramid, scale_step
from srbench.methods.selfexsr.state import Field, Prior, Sources, blank_field
from srbench.methods.selfexsr.synthesis import make_prior

Array = NDArray[np.float64]
GAUSS = np.exp(-np.add.outer(np.arange(-2.0, 3) ** 2, np.arange(-2.0, 3) ** 2) / 18)
GAUSS /= GAUSS.sum()


def photograph(shape: tuple[int, int], seed: int = 0) -> NDArray[np.float32]:
    """Edges, gradients and a little noise, RGB in 0..1."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: shape[0], : shape[1]] / 10.0
    waves = np.stack([np.sin(x + y), np.sign(np.sin(2 * x - y)), np.cos(1.5 * y)], axis=-1)
    return np.clip(0.5 + 0.3 * waves + rng.normal(0, 0.02, (*shape, 3)), 0, 1).astype(np.float32)


class Scene:
    """One level of a small picture with three planes, and everything the kernels need to work on it."""

    def __init__(
        self,
        shape: tuple[int, int] = (24, 30),
        seed: int = 0,
        probability: tuple[float, float, float] | None = None,
        as_authors: bool = False,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.lr = photograph(shape, seed)
        self.pyramid = Pyramid(self.lr, scale_step(4)[0])
        self.target = self.pyramid.target(-1)
        self.shape = self.target.shape[:2]
        self.sources: Sources = self.pyramid.sources(-1)
        given = rng.uniform(0.1, 1, (*shape, 3)) if probability is None else np.broadcast_to(probability, (*shape, 3))
        shares = given / given.sum(axis=2, keepdims=True)
        lines = np.array([[0, 0], [0.004, -0.002], [-0.05, 0.001]])
        planes = Planes(lines, shares, np.empty((0, 4)), np.empty((0, 3)), np.empty(0, np.int64))
        self.prior: Prior = make_prior(planes, self.shape, as_authors)
        self.field: Field = blank_field(self.shape)

    def begin(self) -> None:
        kernels.begin(0, self.shape[0], self.target, self.field, self.sources, self.prior)

    def search(self, rounds: int) -> None:
        for number in range(rounds):
            kernels.search(0, self.shape[0], self.target, np.uint64(number), self.field, self.sources, self.prior)


def matrix_transform(h7: float, h8: float, p: Array, t: Array, a: Array) -> Array:
    """T as the paper writes it: rectify, move, go back."""
    rectify = np.array([[1, 0, 0], [0, 1, 0], [h7, h8, 1]])

    def rectified(point: Array) -> Array:
        moved = rectify @ [*point, 1]
        return np.asarray(moved[:2] / moved[2])

    def translation(x: float, y: float) -> Array:
        return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])

    affine = np.eye(3)
    affine[:2, :2] = a
    d = rectified(t) - rectified(p)
    whole = np.linalg.inv(rectify) @ translation(*d) @ rectify @ translation(*p) @ affine
    return np.asarray(whole / whole[2, 2])


def plain_scale(whole: Array) -> float:
    affine = whole[:2, :2] - np.outer(whole[:2, 2], whole[2, :2])
    return math.sqrt(abs(np.linalg.det(affine)))


def plain_level(scale: float, alpha: float) -> int:
    return int(np.clip(math.floor(-math.log(scale) / math.log(alpha) + 0.5), 1, 9))


def plain_samples(image: NDArray[np.float32], whole: Array, ratio: Array) -> Array | None:
    """The 5x5 patch T cuts out of a level, bilinear with replicated edges; None when it reaches out by over 6 px."""
    j, i = np.mgrid[-2:3, -2:3]
    places = np.einsum("rc,chw->rhw", whole, np.stack([i, j, np.ones((5, 5))]))
    if places[2].min() < 0.1:
        return None
    x, y = places[0] / places[2] * ratio[1] - 0.5, places[1] / places[2] * ratio[0] - 0.5
    height, width = image.shape[:2]
    if min(x.min(), y.min()) <= -6 or x.max() >= width + 4.5 or y.max() >= height + 4.5:
        return None
    padded = np.pad(image.astype(np.float64), ((6, 6), (6, 6), (0, 0)), mode="edge")
    return np.stack([scipy.ndimage.map_coordinates(padded[..., c], [y + 6, x + 6], order=1) for c in range(3)], axis=-1)


def plain_cost(
    scene: Scene, row: int, column: int, plane: int, source: Array, a: Array
) -> tuple[float, NDArray[np.float64]]:
    """Cost and bias of one state, written from the formula; infinite where there is none."""
    nothing = math.inf, np.zeros(3)
    h7, h8 = scene.prior.lines[plane]
    p = np.array([column + 0.5, row + 0.5])
    lp, lt = np.array([h7, h8]) @ p + 1, np.array([h7, h8]) @ source + 1
    if min(abs(lp), abs(lt)) < 1e-3 or lp * lt < 0:
        return nothing
    whole = matrix_transform(h7, h8, p, source, a)
    scale = plain_scale(whole)
    k = plain_level(scale, scene.pyramid.alpha)
    patch = plain_samples(scene.pyramid.blurred[-1 + k], whole, scene.sources.ratio[k - 1])
    if patch is None:
        return nothing
    difference = scene.target[row - 2 : row + 3, column - 2 : column + 3] - patch
    bias = np.clip(difference.mean(axis=(0, 1)), -0.25, 0.25)
    h, w = scene.prior.cost.shape[1:]
    height, width = scene.shape
    log_here = scene.prior.cost[plane, row * h // height, column * w // width]
    log_there = scene.prior.cost[plane, int(source[1] / height * h), int(source[0] / width * w)]
    cost = (GAUSS[..., None] * (difference - bias) ** 2).sum()
    cost += 1e-3 * max(0.0, 1 / scene.pyramid.alpha - scale) + 1e-3 * (log_here + log_there)
    return float(cost), bias
