"""What a state costs: the weighted difference of two patches after a bias, their scale, and their planes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srbench.methods.selfexsr.kernels.compiling import compiled
from srbench.methods.selfexsr.kernels.geometry import Transform, choose_level, reaches_outside
from srbench.methods.selfexsr.state import MARGIN, RADIUS, SIZE, Prior, Sources

BIAS_LIMIT = np.float32(0.25)
SCALE_WEIGHT = 1e-3
PLANE_WEIGHT = 1e-3

_square = np.arange(-RADIUS, RADIUS + 1, dtype=np.float64) ** 2
_gauss = np.exp(-(_square[:, None] + _square[None, :]) / (2 * 3.0**2))
WEIGHTS = (_gauss / _gauss.sum()).astype(np.float32)


@compiled
def evaluate(
    target: NDArray[np.float32],
    row: int,
    column: int,
    plane: int,
    t: Transform,
    limit: float,
    sources: Sources,
    prior: Prior,
) -> tuple[float, float, float, float]:
    """Return the cost of a patch and its bias per channel; the cost is infinite once it must exceed `limit`.

    The sum over pixels can only grow, and whatever the bias turns out to be, the weighted variance of the pixels
    seen so far is a lower bound of it.
    """
    nothing = (np.inf, 0.0, 0.0, 0.0)
    if not t.valid:
        return nothing
    height, width = target.shape[0], target.shape[1]
    h0, w0 = prior.cost.shape[1], prior.cost.shape[2]
    from_row, from_column = int(t.y / height * h0), int(t.x / width * w0)
    rest = SCALE_WEIGHT * max(0.0, 1.0 / sources.step - t.scale) + PLANE_WEIGHT * (
        prior.own[plane, row * h0 // height, column * w0 // width] + prior.cost[plane, from_row, from_column]
    )
    if rest >= limit:
        return nothing
    level = choose_level(t.scale, sources)
    if reaches_outside(t, level, sources):
        return nothing
    rx, ry = sources.ratio[level, 1], sources.ratio[level, 0]
    start, stride = sources.start[level], sources.stride[level]
    pixels = sources.blurred
    projective = t.g != 0.0 or t.h != 0.0
    room = np.float32(limit - rest)
    zero = np.float32(0.0)
    sr = sg = sb = wr = wg = wb = square = seen = zero
    for j in range(SIZE):
        oj = j - RADIUS
        for i in range(SIZE):
            oi = i - RADIUS
            x = t.x + t.a * oi + t.b * oj
            y = t.y + t.c * oi + t.d * oj
            if projective:
                w = 1.0 / (1.0 + t.g * oi + t.h * oj)
                x *= w
                y *= w
            x = x * rx + (MARGIN - 0.5)
            y = y * ry + (MARGIN - 0.5)
            xi, yi = int(x), int(y)
            fx, fy = np.float32(x - xi), np.float32(y - yi)
            n = start + yi * stride + xi
            m = n + stride
            w11 = fx * fy
            w10 = fy - w11
            w01 = fx - w11
            w00 = np.float32(1.0) - fx - w10
            weight = WEIGHTS[j, i]
            dr = target[row + oj, column + oi, 0] - (
                w00 * pixels[n, 0] + w01 * pixels[n + 1, 0] + w10 * pixels[m, 0] + w11 * pixels[m + 1, 0]
            )
            dg = target[row + oj, column + oi, 1] - (
                w00 * pixels[n, 1] + w01 * pixels[n + 1, 1] + w10 * pixels[m, 1] + w11 * pixels[m + 1, 1]
            )
            db = target[row + oj, column + oi, 2] - (
                w00 * pixels[n, 2] + w01 * pixels[n + 1, 2] + w10 * pixels[m, 2] + w11 * pixels[m + 1, 2]
            )
            sr += dr
            sg += dg
            sb += db
            wr += weight * dr
            wg += weight * dg
            wb += weight * db
            square += weight * (dr * dr + dg * dg + db * db)
            seen += weight
        if square - (wr * wr + wg * wg + wb * wb) / seen > room:
            return nothing
    count = np.float32(SIZE * SIZE)
    br = min(max(sr / count, -BIAS_LIMIT), BIAS_LIMIT)
    bg = min(max(sg / count, -BIAS_LIMIT), BIAS_LIMIT)
    bb = min(max(sb / count, -BIAS_LIMIT), BIAS_LIMIT)
    two = np.float32(2.0)
    data = square + br * (br - two * wr) + bg * (bg - two * wg) + bb * (bb - two * wb)
    return float(max(data, zero) + rest), float(br), float(bg), float(bb)
