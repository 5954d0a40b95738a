"""The compiled inner part: patch transforms, their cost, random search, propagation and voting.

Positions are continuous: the centre of the pixel in column j is j + 0.5, so that a position in one level becomes
the same place in another by a mere product with the ratio of their sizes. Every kernel works on the rows or columns
[first, last) of its level and writes nothing outside them, hence strips may run in threads and give the same bits.

All compiled functions share this file because numba's cache looks at the date of a kernel's own file only: a change
to a function it calls elsewhere would go unnoticed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba as nb
import numpy as np
from numpy.typing import NDArray

from srbench.methods.selfexsr.state import MARGIN, RADIUS, SIZE, Field, Prior, Sources

IDENTITY = (1.0, 0.0, 0.0, 1.0)
BIAS_LIMIT = np.float32(0.25)
SMALLEST_DENOMINATOR = 0.1
LARGEST_SCALE = 8.0
SCALE_WEIGHT = 1e-3
PLANE_WEIGHT = 1e-3

_square = np.arange(-RADIUS, RADIUS + 1, dtype=np.float64) ** 2
_gauss = np.exp(-(_square[:, None] + _square[None, :]) / (2 * 3.0**2))
WEIGHTS = (_gauss / _gauss.sum()).astype(np.float32)


Matrix = tuple[float, float, float, float]
"""A, row by row."""

_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F) -> _F:
    """Compile a kernel that allocates nothing and returns no arrays, hence needs no reference counts.

    With them (numba's default, `_nrt`) dozens of atomic increments for every state that is tried took almost half of
    the time.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}  # numba's own types leave `_nrt` out
    kernel: _F = nb.njit(**options)(function)
    return kernel


class Transform(NamedTuple):
    """Maps an offset (i, j) to ((x + a i + b j), (y + c i + d j)) / (1 + g i + h j); `valid` is False for none."""

    valid: bool
    scale: float
    x: float
    y: float
    a: float
    b: float
    c: float
    d: float
    g: float
    h: float


@compiled
def transform(h7: float, h8: float, px: float, py: float, tx: float, ty: float, matrix: Matrix) -> Transform:
    """Return T = R^-1 Trans(d) R Trans(p) diag(A, 1), divided by its last entry, in closed form.

    R^-1 Trans(d) R leaves every point of the line l = (h7, h8, 1) where it is and moves p to t, hence equals
    I + w l' with w = (u t - p) / (l.p), u = (l.p) / (l.t). The determinant of T's first-order part is det(A) / u^3.
    """
    lp = h7 * px + h8 * py + 1.0
    lt = h7 * tx + h8 * ty + 1.0
    # A point on or beyond the vanishing line is not on the visible side of the plane.
    if abs(lp) < 1e-3 or abs(lt) < 1e-3 or (lp > 0.0) != (lt > 0.0):
        return Transform(False, 0.0, tx, ty, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    a, b, c, d = matrix
    inverse = lt / lp
    scale = math.sqrt(abs(a * d - b * c) * inverse * inverse * inverse)
    if h7 == 0.0 and h8 == 0.0:
        return Transform(True, scale, tx, ty, a, b, c, d, 0.0, 0.0)
    u = lp / lt
    wx, wy, w1 = (u * tx - px) / lp, (u * ty - py) / lp, (u - 1.0) / lp
    first, second = h7 * a + h8 * c, h7 * b + h8 * d
    return Transform(
        True,
        scale,
        tx,
        ty,
        (a + wx * first) * inverse,
        (b + wx * second) * inverse,
        (c + wy * first) * inverse,
        (d + wy * second) * inverse,
        w1 * first * inverse,
        w1 * second * inverse,
    )


@compiled
def read(matrices: NDArray[np.float64], row: int, column: int) -> Matrix:
    """Return one matrix of a field."""
    return matrices[row, column, 0], matrices[row, column, 1], matrices[row, column, 2], matrices[row, column, 3]


@compiled
def apply(t: Transform, i: float, j: float) -> tuple[float, float]:
    """Return where T takes the offset (i, j)."""
    w = 1.0 + t.g * i + t.h * j
    return (t.x + t.a * i + t.b * j) / w, (t.y + t.c * i + t.d * j) / w


@compiled
def choose_level(scale: float, sources: Sources) -> int:
    """Return k - 1, where level k = clip(round(-ln s / ln alpha), 1, K) makes the patch about life-size."""
    if scale <= 0.0:
        return 0
    k = math.floor(-math.log(scale) / math.log(sources.step) + 0.5)
    return min(max(k, 1), len(sources.start)) - 1


@compiled
def reaches_outside(t: Transform, level: int, sources: Sources) -> bool:
    """Tell whether the patch leaves the level with its margin, or folds over; corners are extreme in a homography."""
    right = sources.size[level, 1] + MARGIN - 1.5
    bottom = sources.size[level, 0] + MARGIN - 1.5
    for j in (-RADIUS, RADIUS):
        for i in (-RADIUS, RADIUS):
            w = 1.0 + t.g * i + t.h * j
            if w < SMALLEST_DENOMINATOR:
                return True
            x, y = apply(t, i, j)
            x, y = x * sources.ratio[level, 1] - 0.5, y * sources.ratio[level, 0] - 0.5
            if not (-MARGIN < x < right and -MARGIN < y < bottom):
                return True
    return False


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
        prior.cost[plane, row * h0 // height, column * w0 // width] + prior.cost[plane, from_row, from_column]
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


@compiled
def within(x: float, y: float, height: int, width: int) -> bool:
    """Tell whether a position is the centre of a patch that lies inside a level of that size."""
    return RADIUS + 0.5 <= x <= width - RADIUS - 0.5 and RADIUS + 0.5 <= y <= height - RADIUS - 0.5


@compiled
def attempt(
    target: NDArray[np.float32],
    row: int,
    column: int,
    plane: int,
    x: float,
    y: float,
    matrix: Matrix,
    smallest: float,
    largest: float,
    field: Field,
    sources: Sources,
    prior: Prior,
) -> bool:
    """Give the patch at (row, column) this state if it is valid, of a scale in the range, and cheaper."""
    if not within(x, y, target.shape[0], target.shape[1]):
        return False
    t = transform(prior.lines[plane, 0], prior.lines[plane, 1], column + 0.5, row + 0.5, x, y, matrix)
    if not smallest <= t.scale <= largest:
        return False
    cost, br, bg, bb = evaluate(target, row, column, plane, t, field.cost[row, column], sources, prior)
    if not cost < field.cost[row, column]:
        return False
    field.plane[row, column] = plane
    field.source[row, column, 0] = x
    field.source[row, column, 1] = y
    for n in range(4):
        field.matrix[row, column, n] = matrix[n]
    field.bias[row, column, 0] = br
    field.bias[row, column, 1] = bg
    field.bias[row, column, 2] = bb
    field.cost[row, column] = cost
    field.fresh[row, column] = True
    return True


@compiled
def begin(first: int, last: int, target: NDArray[np.float32], field: Field, sources: Sources, prior: Prior) -> None:
    """Compute cost and bias of the states that rows [first, last) of `field` start from.

    A state that cannot be evaluated here is replaced by the simplest: twice the step, at the same place, no plane.
    """
    width = target.shape[1]
    for row in range(max(first, RADIUS), min(last, target.shape[0] - RADIUS)):
        for column in range(RADIUS, width - RADIUS):
            matrix = read(field.matrix, row, column)
            x, y = field.source[row, column, 0], field.source[row, column, 1]
            field.cost[row, column] = np.inf
            if not attempt(
                target, row, column, field.plane[row, column], x, y, matrix, 0.0, np.inf, field, sources, prior
            ):
                matrix = (2.0, 0.0, 0.0, 2.0)
                attempt(target, row, column, 0, column + 0.5, row + 0.5, matrix, 0.0, np.inf, field, sources, prior)


@compiled
def inherit(first: int, last: int, field: Field, old: Field, lines: NDArray[np.float64]) -> None:
    """Give the patches of rows [first, last) the state of the nearest patch of the level below.

    Plane and matrix stay; the source moves on by T times the distance to the old centre, then to the same place of
    the larger level. `lines` are the planes' h7 and h8 in the old level's coordinates.
    """
    height, width = field.cost.shape
    h, w = old.cost.shape
    for row in range(first, last):
        for column in range(width):
            x, y = (column + 0.5) * w / width, (row + 0.5) * h / height
            r, c = min(max(int(y), RADIUS), h - RADIUS - 1), min(max(int(x), RADIUS), w - RADIUS - 1)
            plane = old.plane[r, c]
            from_x, from_y = old.source[r, c, 0], old.source[r, c, 1]
            t = transform(lines[plane, 0], lines[plane, 1], c + 0.5, r + 0.5, from_x, from_y, read(old.matrix, r, c))
            x, y = apply(t, x - (c + 0.5), y - (r + 0.5))
            field.plane[row, column] = plane
            field.source[row, column, 0] = min(max(x * width / w, RADIUS + 0.5), width - RADIUS - 0.5)
            field.source[row, column, 1] = min(max(y * height / h, RADIUS + 0.5), height - RADIUS - 0.5)
            for n in range(4):
                field.matrix[row, column, n] = old.matrix[r, c, n]


@compiled
def scramble(state: np.uint64) -> np.uint64:
    """Return the output of SplitMix64 for a counter: 64 well-mixed bits (Steele, Lea, Flood, OOPSLA 2014)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@compiled
def halves(bits: np.uint64) -> tuple[float, float]:
    """Return two uniform numbers in [0, 1) made of the upper and the lower half of 64 bits."""
    return (
        float(bits >> np.uint64(32)) * 2.0**-32,
        float(bits & np.uint64(0xFFFFFFFF)) * 2.0**-32,
    )


@compiled
def draw_plane(pick: float, row: int, column: int, prior: Prior) -> int:
    """Return the plane that a uniform number picks at a pixel of the LR image."""
    plane = 0
    while plane < prior.cumulative.shape[2] - 1 and pick >= prior.cumulative[row, column, plane]:
        plane += 1
    return plane


@compiled
def search(
    first: int,
    last: int,
    target: NDArray[np.float32],
    seed: np.uint64,
    field: Field,
    sources: Sources,
    prior: Prior,
) -> None:
    """Try random states around the present one, ever nearer, for the patches of rows [first, last).

    The random numbers of a patch depend on `seed` and its place alone.
    """
    height, width = target.shape[0], target.shape[1]
    h0, w0 = prior.cumulative.shape[0], prior.cumulative.shape[1]
    for row in range(max(first, RADIUS), min(last, height - RADIUS)):
        for column in range(RADIUS, width - RADIUS):
            state = scramble(seed ^ scramble(np.uint64(row * width + column)))
            radius, i = max(height, width) / 4.0, 1
            while radius > 1.0:
                i += 1
                radius /= 2.0
                state = scramble(state)
                right, down = halves(state)
                state = scramble(state)
                grow, turn = halves(state)
                state = scramble(state)
                shear_x, shear_y = halves(state)
                state = scramble(state)
                pick, renew = halves(state)
                x = field.source[row, column, 0] + (2.0 * right - 1.0) * radius
                y = field.source[row, column, 1] + (2.0 * down - 1.0) * radius
                plane = field.plane[row, column]
                matrix = read(field.matrix, row, column)
                if renew < 0.5:
                    plane = draw_plane(pick, row * h0 // height, column * w0 // width, prior)
                    if plane > 0:
                        matrix = IDENTITY
                matrix = distort(matrix, grow - 0.5, turn - 0.5, shear_x - 0.5, shear_y - 0.5, i)
                attempt(
                    target,
                    row,
                    column,
                    plane,
                    x,
                    y,
                    matrix,
                    1.0 / sources.step,
                    LARGEST_SCALE,
                    field,
                    sources,
                    prior,
                )


@compiled
def distort(matrix: Matrix, grow: float, turn: float, shear_x: float, shear_y: float, i: int) -> Matrix:
    """Return D A: scale 1 + grow/i, angle (pi/4) turn/i and shears 0.05 shear/i, each draw in +-0.5."""
    scale, angle = 1.0 + grow / i, math.pi / 4.0 * turn / i
    sx, sy = 0.05 * shear_x / i, 0.05 * shear_y / i
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    a, b = c - s * sy, c * sx - s
    e, f = s + c * sy, s * sx + c
    m0, m1, m2, m3 = matrix
    return a * m0 + b * m2, a * m1 + b * m3, e * m0 + f * m2, e * m1 + f * m3


@compiled
def propagate(
    first: int,
    last: int,
    target: NDArray[np.float32],
    direction: int,
    field: Field,
    sources: Sources,
    prior: Prior,
) -> None:
    """Offer every patch the state of its neighbour, shifted by one pixel, where that is new in this iteration.

    Directions 0 and 1 go right and left within the rows [first, last); 2 and 3 go down and up within the columns
    [first, last), so that no strip reads what another writes.
    """
    height, width = target.shape[0], target.shape[1]
    step = 1 if direction % 2 == 0 else -1
    across = direction < 2
    top, bottom = (first, last) if across else (RADIUS + (step > 0), height - RADIUS - (step < 0))
    left, right = (RADIUS + (step > 0), width - RADIUS - (step < 0)) if across else (first, last)
    top, bottom = max(top, RADIUS), min(bottom, height - RADIUS)
    left, right = max(left, RADIUS), min(right, width - RADIUS)
    dx, dy = (step, 0) if across else (0, step)
    for n in range(bottom - top):
        row = top + n if step > 0 else bottom - 1 - n
        for k in range(right - left):
            column = left + k if step > 0 else right - 1 - k
            r, c = row - dy, column - dx
            if not field.fresh[r, c]:
                continue
            plane = field.plane[r, c]
            matrix = read(field.matrix, r, c)
            old_x, old_y = field.source[r, c, 0], field.source[r, c, 1]
            h7, h8 = prior.lines[plane, 0], prior.lines[plane, 1]
            t = transform(h7, h8, c + 0.5, r + 0.5, old_x, old_y, matrix)
            x, y = apply(t, dx, dy)
            if abs(x - field.source[row, column, 0]) < 1.0 and abs(y - field.source[row, column, 1]) < 1.0:
                continue
            attempt(target, row, column, plane, x, y, matrix, 0.0, np.inf, field, sources, prior)


@nb.njit(cache=True, nogil=True)
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
