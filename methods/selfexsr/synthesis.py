"""SelfExSR: makes an image larger, level by level, out of transformed pieces of its own smaller copies."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from srbench.methods.selfexsr import kernels
from srbench.methods.selfexsr.backprojection import back_project
from srbench.methods.selfexsr.planes import Planes, find_planes, frontal
from srbench.methods.selfexsr.pyramid import Pyramid, scale_step
from srbench.methods.selfexsr.state import SIZE, Field, Prior, Sources, blank_field

Progress = Callable[[int, int], None]
"""Called after each iteration with the patches visited so far and the patches to visit in all."""

Run = Callable[..., None]

ITERATIONS = (12, 9, 6, 3)
"""Of the first levels; all later ones take as many as the last."""


@dataclass(frozen=True)
class Level:
    """A finished level.

    Attributes:
        number: -1 for the first above the LR image.
        target: (H, W, 3) the blurred guess it began with, 0..1.
        image: (H, W, 3) what was made of it.
        field: The nearest-neighbour field, or None where the level is smaller than one patch.
    """

    number: int
    target: NDArray[np.float32]
    image: NDArray[np.float32]
    field: Field | None


def upscale(
    lr: NDArray[np.uint8],
    scale: int,
    *,
    seed: int = 0,
    threads: int | None = None,
    planar: bool = True,
    as_authors: bool = False,
    progress: Progress | None = None,
) -> NDArray[np.float32]:
    """Return `lr` enlarged by 2, 3, 4 or 8, on the scale 0..255; gray (H, W) stays gray.

    Args:
        lr: (H, W) or (H, W, 3).
        scale: The factor.
        seed: Of all random draws. One seed gives one image, whatever the number of threads.
        threads: How many to use within the image; numba's setting (`NUMBA_NUM_THREADS`) when None.
        planar: Whether to look for planes. Without, all patches are taken as fronto-parallel.
        as_authors: Whether planes are drawn and charged as in the authors' program, which finds less; see `make_prior`.
        progress: Told how far the work is.
    """
    image = (np.asarray(lr, np.float32) / np.float32(255)).reshape(*lr.shape[:2], -1)
    color = np.ascontiguousarray(np.broadcast_to(image, (*lr.shape[:2], 3)))
    planes = find_planes(color, seed) if planar else frontal(lr.shape[:2])
    for level in levels(color, scale, planes, seed=seed, threads=threads, as_authors=as_authors, progress=progress):
        result = level.image
    return (result if lr.ndim == 3 else result[:, :, 0]) * np.float32(255)


def levels(
    lr: NDArray[np.float32],
    scale: int,
    planes: Planes,
    *,
    seed: int = 0,
    threads: int | None = None,
    as_authors: bool = False,
    progress: Progress | None = None,
) -> Iterator[Level]:
    """Yield the levels of an RGB image in 0..1 as they are made; the last has `scale` times its size."""
    alpha, count = scale_step(scale)
    pyramid = Pyramid(lr, alpha)
    rounds = [ITERATIONS[min(n, len(ITERATIONS) - 1)] for n in range(count)]
    total = sum(n * np.prod(pyramid.shape(-1 - k)) for k, n in enumerate(rounds))
    done = 0
    field: Field | None = None
    with ThreadPoolExecutor(threads or numba.get_num_threads()) as pool:
        run = strips(pool, threads or numba.get_num_threads())
        for index in range(count):
            level = -1 - index
            target = pyramid.target(level)
            shape = target.shape[:2]
            image = target
            if min(shape) >= SIZE:
                sources, prior = pyramid.sources(level), make_prior(planes, shape, as_authors)
                old, field = field, blank_field(shape)
                if old is not None:
                    lines = make_prior(planes, old.cost.shape).lines
                    run(shape[0], kernels.inherit, field, old, lines)
                run(shape[0], kernels.begin, target, field, sources, prior)
                for iteration in range(rounds[index]):
                    improve(run, target, field, sources, prior, draw_seed(seed, index, iteration))
                    done += shape[0] * shape[1]
                    if progress is not None:
                        progress(done, int(total))
                image = np.empty_like(target)
                run(shape[0], kernels.vote, image, field, sources, prior)
            image = back_project(image, lr)
            pyramid.add(level, image)
            yield Level(level, target, image, field)


def improve(
    run: Run, target: NDArray[np.float32], field: Field, sources: Sources, prior: Prior, seed: np.uint64
) -> None:
    """Do one iteration on a level: random search everywhere, then propagation to the right, left, down and up."""
    height, width = target.shape[:2]
    field.fresh[:] = False
    run(height, kernels.search, target, seed, field, sources, prior)
    for direction in range(4):
        run(height if direction < 2 else width, kernels.propagate, target, direction, field, sources, prior)


def strips(pool: ThreadPoolExecutor, threads: int) -> Run:
    """Return a function that runs a kernel `(first, last, ...)` on all of range(n), one strip for each thread."""

    def run(n: int, kernel: Callable[..., None], *arguments: object) -> None:
        if threads == 1:
            kernel(0, n, *arguments)
            return
        bounds = itertools.pairwise(n * k // threads for k in range(threads + 1))
        for strip in [pool.submit(kernel, first, last, *arguments) for first, last in bounds]:
            strip.result()

    return run


def make_prior(planes: Planes, shape: tuple[int, int], as_authors: bool = False) -> Prior:
    """Return the planes as the kernels want them, for a level of that shape.

    In the authors' program every random draw draws a plane and keeps the matrix, and what a plane costs where the
    patch itself lies is that of one plane for all.
    """
    h, w = planes.probability.shape[:2]
    cost = np.ascontiguousarray(-np.log(planes.probability).transpose(2, 0, 1)).astype(np.float32)
    return Prior(
        planes.lines * np.array([w / shape[1], h / shape[0]]),
        cost,
        np.zeros_like(cost) if as_authors else cost,
        planes.probability.cumsum(axis=-1).astype(np.float32),
        1.0 if as_authors else 0.5,
    )


def draw_seed(seed: int, level: int, iteration: int) -> np.uint64:
    """Return the seed of one iteration."""
    return np.uint64(np.random.SeedSequence([seed, level, iteration]).generate_state(1, np.uint64)[0])
