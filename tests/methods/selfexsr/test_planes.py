"""SelfExSR sees the vanishing points and planes of facades whose camera is known, and none in noise."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

from srbench import resize
from srbench.methods.selfexsr import planes as module
from srbench.methods.selfexsr.planes import Planes, find_planes, towards, vanishing_points
from srbench.methods.selfexsr.synthesis import levels, upscale

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    """benchmarks/selfexsr.py, which draws the facades."""
    spec = importlib.util.spec_from_file_location("selfexsr_benchmark", ROOT / "benchmarks" / "selfexsr.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded  # dataclasses look their module up
    spec.loader.exec_module(loaded)
    return loaded


def direction(point: np.ndarray, center: np.ndarray, focal: float) -> np.ndarray:
    """The unit vector from the camera towards a vanishing point."""
    ray = np.array([*(point[:2] - point[2] * center), point[2] * focal])
    return ray / np.linalg.norm(ray)


@pytest.mark.parametrize(
    ("turns", "tilt"), [((60.0,), 8.0), ((50.0,), 4.0), ((35.0, 152.0), 8.0), ((20.0, 164.0), 8.0)]
)
def test_the_vanishing_points_of_a_facade_are_those_of_its_camera(
    benchmark: ModuleType, turns: tuple[float, ...], tilt: float
) -> None:
    truth = benchmark.facade(512, turns, tilt, over=2)
    lr = resize.reduce(truth.image, 4).astype(np.float32) / np.float32(255)
    found = find_planes(lr)
    center, focal = np.array([64.0, 64.0]), 128.0
    seen = [direction(point, center, focal) for point in found.points]
    for point in truth.points:
        expected = direction(point * np.array([0.25, 0.25, 1.0]), center, focal)
        assert max(abs(ray @ expected) for ray in seen) > np.cos(np.deg2rad(4.0))


def planes_of_walls(truth: Any, found: Planes) -> list[int]:
    """Which of the planes found is each wall's: the one with the nearest vanishing line, in LR coordinates."""
    chosen = []
    for number in (0, 1):
        line = np.cross(truth.points[number] * [0.25, 0.25, 1], truth.points[2] * [0.25, 0.25, 1])
        chosen.append(int(np.abs(found.lines - line[:2] / line[2]).sum(axis=1).argmin()))
    return chosen


def test_patches_find_their_sources_on_the_wall_they_belong_to(benchmark: ModuleType) -> None:
    truth = benchmark.facade(320, (35.0, 152.0), over=2)
    lr = resize.reduce(truth.image, 4).astype(np.float32) / np.float32(255)
    found = find_planes(lr)
    chosen = planes_of_walls(truth, found)
    field = list(levels(lr, 4, found))[-1].field
    assert field is not None
    for number in (0, 1):
        mine = field.plane[truth.wall == number]
        assert (mine == chosen[number]).mean() > 0.6
        assert (mine == chosen[1 - number]).mean() < 0.2


def test_each_wall_of_a_corner_prefers_its_own_plane(benchmark: ModuleType) -> None:
    truth = benchmark.facade(512, (35.0, 152.0), over=2)
    found = find_planes(resize.reduce(truth.image, 4).astype(np.float32) / np.float32(255))
    wall = truth.wall[2::4, 2::4]
    chosen = planes_of_walls(truth, found)
    assert len(set(chosen)) == 2
    assert 0 not in chosen
    for number in (0, 1):
        mine = found.probability[wall == number].mean(axis=0)
        assert mine[chosen[number]] > mine[chosen[1 - number]]


def test_segments_of_known_vanishing_points_are_told_apart_in_spite_of_noise() -> None:
    rng = np.random.default_rng(1)
    truth = np.array([[400.0, 60.0], [-300.0, 40.0], [70.0, 2000.0]])
    segments = []
    for point in truth:
        middle = rng.uniform(0, 128, (30, 2))
        along = point - middle
        along *= rng.uniform(4, 12, (30, 1)) / np.linalg.norm(along, axis=1, keepdims=True)
        segments.append(np.hstack([middle - along, middle + along]) + rng.normal(0, 0.05, (30, 4)))
    clutter = rng.uniform(0, 128, (20, 4))
    points, members = vanishing_points(np.vstack([*segments, clutter]), np.random.default_rng(0))
    assert len(points) == 3
    for number, point in enumerate(truth):
        mine = members[30 * number : 30 * number + 30]
        label = np.bincount(mine[mine >= 0]).argmax()
        assert (mine == label).mean() > 0.8
        seen, expected = points[label], np.array([*point, 1.0])
        middle = np.array([64.0, 64.0])
        a, b = seen[:2] - seen[2] * middle, expected[:2] - middle
        assert abs(a @ b) / np.linalg.norm(a) / np.linalg.norm(b) > np.cos(np.deg2rad(2))


def test_segments_in_all_directions_have_no_vanishing_point() -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        middle, angle = rng.uniform(0, 120, (100, 2)), rng.uniform(0, np.pi, 100)
        along = 4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        points, members = vanishing_points(np.hstack([middle - along, middle + along]), np.random.default_rng(0))
        assert len(points) == 0
        assert (members == -1).all()


def test_a_segment_runs_to_a_point_within_two_degrees_seen_from_its_middle() -> None:
    for degrees, expected in ((0.0, True), (1.9, True), (2.1, False), (90.0, False), (181.9, True)):
        angle = np.deg2rad(degrees)
        segment = np.array([[10, 20, 10 + 5 * np.cos(angle), 20 + 5 * np.sin(angle)]])
        middle = (segment[0, :2] + segment[0, 2:]) / 2
        assert towards(np.array([[middle[0] + 300, middle[1], 1.0]]), segment)[0, 0] == expected
        assert towards(np.array([[1.0, 0.0, 0.0]]), segment)[0, 0] == expected


def test_fewer_than_eight_segments_mean_no_planes_but_the_frontal_one() -> None:
    image = np.zeros((60, 60, 3), np.float32)
    image[20:40, 20:40] = 1
    assert 0 < len(module.find_segments(image)) < 8
    found = find_planes(image)
    assert found.lines.tolist() == [[0.0, 0.0]]
    assert (found.probability == 1).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (3, 50)])
def test_tiny_and_flat_pictures_have_the_frontal_plane_only(shape: tuple[int, int]) -> None:
    assert len(find_planes(np.full((*shape, 3), 0.5, np.float32)).lines) == 1


def test_probabilities_sum_to_one_and_leave_every_plane_a_chance(benchmark: ModuleType) -> None:
    lr = resize.reduce(benchmark.facade(320).image, 4).astype(np.float32) / np.float32(255)
    found = find_planes(lr)
    assert len(found.lines) == found.probability.shape[2] > 1
    assert found.probability.sum(axis=2) == pytest.approx(1)
    assert found.probability.min() >= 0.1 / (1 + 0.1 * len(found.lines)) - 1e-12


def test_a_density_keeps_the_number_of_drawn_pixels_and_is_as_wide_as_it_says() -> None:
    blurred = module.density(np.array([[400.5, 400.5, 400.5, 400.5]]), (801, 801))
    assert blurred.sum() == pytest.approx(1, rel=1e-6)
    columns = np.arange(801) - 400
    sigma = np.sqrt((blurred.sum(axis=0) * columns**2).sum())
    assert sigma == pytest.approx(50, rel=0.02)


def test_planes_make_an_oblique_facade_better(benchmark: ModuleType) -> None:
    hr = benchmark.facade(240, (50.0,), 4.0).image
    lr = resize.reduce(hr, 4)
    bicubic = benchmark.psnr(resize.enlarge(lr.astype(np.float32), 4), hr)
    without, planar = (benchmark.psnr(upscale(lr, 4, planar=planar), hr) for planar in (False, True))
    assert without > bicubic + 1
    assert planar > without + 0.1


def test_a_photograph_without_straight_edges_gets_no_planes() -> None:
    blob = scipy.ndimage.gaussian_filter(np.random.default_rng(0).normal(0.5, 3, (90, 90, 3)), (3, 3, 0))
    assert len(find_planes(np.clip(blob, 0, 1).astype(np.float32)).lines) == 1
