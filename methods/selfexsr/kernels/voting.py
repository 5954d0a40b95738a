"""Voting: every pixel becomes what the patches over it say it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srbench.methods.selfexsr.kernels.compiling import compiled_with_memory
from srbench.methods.selfexsr.kernels.cost import WEIGHTS
from srbench.methods.selfexsr.kernels.geometry import choose_level, read, transform
from srbench.methods.selfexsr.state import MARGIN, RADIUS, Field, Prior, Sources


@compiled_with_memory
def vote(
    first: int,
    last: int,
    out: NDArray[np.float32],
    field: Field,
    sources: Sources,
    prior: Prior,
) -> None:
    """Write rows [first, last) of `out`: the mean, weighted by g, of what all patches over a pixel say it is."""
    height, width = field.cost.shape
    total = np.zeros((last - first, width), np.float32)
    out[first:last] = 0.0
    pixels = sources.sharp
    for row in range(max(first - RADIUS, RADIUS), min(last + RADIUS, height - RADIUS)):
        for column in range(RADIUS, width - RADIUS):
            plane = field.plane[row, column]
            x, y = field.source[row, column, 0], field.source[row, column, 1]
            h7, h8 = prior.lines[plane, 0], prior.lines[plane, 1]
            t = transform(h7, h8, column + 0.5, row + 0.5, x, y, read(field.matrix, row, column))
            level = choose_level(t.scale, sources)
            rx, ry = sources.ratio[level, 1], sources.ratio[level, 0]
            start, stride = sources.start[level], sources.stride[level]
            br, bg, bb = field.bias[row, column, 0], field.bias[row, column, 1], field.bias[row, column, 2]
            for j in range(max(first - row, -RADIUS), min(last - row, RADIUS + 1)):
                for i in range(-RADIUS, RADIUS + 1):
                    w = 1.0 / (1.0 + t.g * i + t.h * j)
                    sx = (t.x + t.a * i + t.b * j) * w * rx + (MARGIN - 0.5)
                    sy = (t.y + t.c * i + t.d * j) * w * ry + (MARGIN - 0.5)
                    xi, yi = int(sx), int(sy)
                    fx, fy = np.float32(sx - xi), np.float32(sy - yi)
                    n = start + yi * stride + xi
                    m = n + stride
                    w11 = fx * fy
                    w10 = fy - w11
                    w01 = fx - w11
                    w00 = np.float32(1.0) - fx - w10
                    weight = WEIGHTS[j + RADIUS, i + RADIUS]
                    total[row + j - first, column + i] += weight
                    out[row + j, column + i, 0] += weight * (
                        w00 * pixels[n, 0] + w01 * pixels[n + 1, 0] + w10 * pixels[m, 0] + w11 * pixels[m + 1, 0] + br
                    )
                    out[row + j, column + i, 1] += weight * (
                        w00 * pixels[n, 1] + w01 * pixels[n + 1, 1] + w10 * pixels[m, 1] + w11 * pixels[m + 1, 1] + bg
                    )
                    out[row + j, column + i, 2] += weight * (
                        w00 * pixels[n, 2] + w01 * pixels[n + 1, 2] + w10 * pixels[m, 2] + w11 * pixels[m + 1, 2] + bb
                    )
    for row in range(first, last):
        for column in range(width):
            for channel in range(3):
                out[row, column, channel] /= total[row - first, column]
