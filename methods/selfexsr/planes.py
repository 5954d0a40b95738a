"""Planes of a scene from one photograph: line segments, their vanishing points, and who belongs to which plane."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import cv2
import numpy as np
import scipy.ndimage
import scipy.stats
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST_SEGMENTS = 8
MOST_POINTS = 3
DRAWS = 500
TOLERANCE = float(np.deg2rad(2.0))
BLUR = 50.0
PASSES = 5
FRONTAL_WEIGHT = 1e-4
EVENNESS = 0.1
FALSE_ALARMS = 0.1
"""Expected number of vanishing points seen where there are none; see `false_alarms`."""


@dataclass(frozen=True)
class Planes:
    """The planes of a picture; the first is fronto-parallel and always there.

    Attributes:
        lines: (M, 2) h7 and h8 of the vanishing line (h7, h8, 1), for positions of the picture's own pixels.
        probability: (h, w, M), summing to 1 over the planes.
        segments: (S, 4) ends (x1, y1, x2, y2) of the line segments found.
        points: (V, 3) vanishing points, homogeneous.
        members: (S,) the vanishing point of each segment, -1 for none.
    """

    lines: Array
    probability: Array
    segments: Array
    points: Array
    members: NDArray[np.int64]


def frontal(shape: tuple[int, int]) -> Planes:
    """Return the description of a picture in which no planes are seen."""
    return Planes(np.zeros((1, 2)), np.ones((*shape, 1)), np.empty((0, 4)), np.empty((0, 3)), np.empty(0, np.int64))


def find_planes(image: NDArray[np.float32], seed: int = 0) -> Planes:
    """Find up to three vanishing points in an RGB image in 0..1, and a plane for every two of them.

    Source: Huang, Singh, Ahuja, CVPR 2015, section 3.3; the line segments are those of OpenCV's detector.
    """
    shape = image.shape[:2]
    segments = find_segments(image)
    if len(segments) < FEWEST_SEGMENTS:
        return frontal(shape)
    points, members = vanishing_points(segments, np.random.default_rng(seed))
    densities = [density(segments[members == n], shape) for n in range(len(points))]
    lines, weights = [np.zeros(2)], [np.full(shape, FRONTAL_WEIGHT)]
    for m, n in itertools.combinations(range(len(points)), 2):
        line = np.cross(points[m], points[n])
        # A vanishing line at infinity is the fronto-parallel plane again; one through the corner has no (h7, h8, 1).
        if np.hypot(line[0], line[1]) * max(shape) < 1e-3 * abs(line[2]) or abs(line[2]) < 1e-9:
            continue
        lines.append(line[:2] / line[2])
        weights.append(densities[m] * densities[n])
    probability = np.stack(weights, axis=-1)
    probability /= probability.sum(axis=-1, keepdims=True)
    probability += EVENNESS
    probability /= probability.sum(axis=-1, keepdims=True)
    return Planes(np.array(lines), probability, segments, points, members)


def find_segments(image: NDArray[np.float32]) -> Array:
    """Return the ends (x1, y1, x2, y2) of the straight edges, (S, 4), as positions: pixel centres at halves.

    The detector sees the picture at twice its size: in LR images most windows and bricks are too small for it, and
    a facade of 80 px has 25 segments where 280 can be found.
    """
    gray = np.clip(image @ np.array([0.299, 0.587, 0.114], np.float32) * 255.0 + 0.5, 0, 255).astype(np.uint8)
    larger = cv2.resize(gray, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    found = cv2.createLineSegmentDetector().detect(larger)[0]
    if found is None:
        return np.empty((0, 4))
    ends: Array = (found.reshape(-1, 4).astype(np.float64) + 0.5) / 2
    return ends


def vanishing_points(segments: Array, random: np.random.Generator) -> tuple[Array, NDArray[np.int64]]:
    """Return up to three vanishing points (V, 3), unit vectors, and the point (or -1) each segment runs to.

    Sequential RANSAC: two segments drawn by length make a hypothesis, all that point to it within two degrees
    vote for it with their length, and the winner, unless chance explains it, takes all within four degrees out of
    the game: what only just missed it would make a twin of it.
    """
    members = np.full(len(segments), -1, np.int64)
    free = np.ones(len(segments), np.bool_)
    lengths = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    points: list[Array] = []
    for number in range(MOST_POINTS):
        if free.sum() < 3:
            break
        some, weight = segments[free], lengths[free]
        first, second = (random.choice(len(some), DRAWS, p=weight / weight.sum()) for _ in range(2))
        candidates = meet(some[first], some[second])
        votes = (towards(candidates, some) * weight).sum(axis=1)
        best = refine(candidates[votes.argmax()], some, weight)
        inliers = towards(best[None], segments)[0] & free
        if false_alarms(len(some), int(inliers.sum())) > FALSE_ALARMS:
            break
        points.append(best)
        members[inliers] = number
        free &= ~towards(best[None], segments, 2 * TOLERANCE)[0]
    return np.array(points).reshape(-1, 3), members


def false_alarms(segments: int, inliers: int) -> float:
    """Return how many points with that many inliers to expect among segments that point anywhere.

    A random segment runs to a given point within two degrees with probability 4/180; each of the points where two
    segments meet is a test in which those two fit by construction. Without this photographs of leaves or fur get
    vanishing points too, and lose 0.1 to 0.2 dB by planes that are not there. Source: the a-contrario method of
    Desolneux, Moisan, Morel, IJCV 2000.
    """
    tests = segments * (segments - 1) / 2
    return float(tests * scipy.stats.binom.sf(inliers - 3, segments - 2, 2 * TOLERANCE / np.pi))


def lines_through(segments: Array) -> Array:
    """Return the homogeneous lines (S, 3) through the ends of segments."""
    ones = np.ones((len(segments), 1))
    return np.cross(np.hstack([segments[:, :2], ones]), np.hstack([segments[:, 2:], ones]))


def meet(first: Array, second: Array) -> Array:
    """Return the points (N, 3) where the lines of two lists of segments meet; zero for a segment with itself."""
    points = np.cross(lines_through(first), lines_through(second))
    length: Array = np.linalg.norm(points, axis=1, keepdims=True)
    return np.asarray(points / np.maximum(length, 1e-12))


def towards(points: Array, segments: Array, tolerance: float = TOLERANCE) -> NDArray[np.bool_]:
    """Return for each point and segment (N, S) whether the segment, seen from its middle, runs to the point."""
    middle = (segments[:, :2] + segments[:, 2:]) / 2
    along = segments[:, 2:] - segments[:, :2]
    x = points[:, None, 0] - points[:, None, 2] * middle[:, 0]
    y = points[:, None, 1] - points[:, None, 2] * middle[:, 1]
    cross = np.abs(x * along[:, 1] - y * along[:, 0])
    dot = np.abs(x * along[:, 0] + y * along[:, 1])
    return np.asarray((cross <= np.tan(tolerance) * dot) & (dot > 0))


def refine(point: Array, segments: Array, weight: Array) -> Array:
    """Return the point nearest, in weighted least squares, to the lines of all segments that run to `point`."""
    inliers = towards(point[None], segments)[0]
    if inliers.sum() < 2:
        return point
    lines = lines_through(segments[inliers])
    # Pixels are large against the unit of homogeneous coordinates: bring both to one order first.
    size = float(np.abs(segments).max())
    lines = lines * np.array([1.0, 1.0, 1.0 / size])
    lines *= (weight[inliers] / np.linalg.norm(lines, axis=1))[:, None]
    answer = np.linalg.svd(lines, full_matrices=False)[2][-1] * np.array([1.0, 1.0, 1.0 / size])
    answer /= np.linalg.norm(answer)
    better = towards(answer[None], segments)[0] @ weight >= inliers @ weight
    return np.asarray(answer if better else point)


def density(segments: Array, shape: tuple[int, int]) -> Array:
    """Return how many of these segments lie around each pixel: drawn, then blurred to sigma 50 px."""
    drawn = np.zeros(shape, np.float32)
    for x1, y1, x2, y2 in segments - 0.5:
        cv2.line(drawn, (round(x1), round(y1)), (round(x2), round(y2)), 1.0)
    width = round(np.sqrt(12 * BLUR**2 / PASSES + 1))
    blurred = drawn.astype(np.float64)
    for _ in range(PASSES):
        blurred = scipy.ndimage.uniform_filter(blurred, width, mode="nearest")
    return blurred
