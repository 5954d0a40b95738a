"""The published protocols: golden values of the original tools, borders, and what becomes of gray images."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from srbench import images, metrics, resize
from srbench.images import Image

ALL = ["daala", "matlab", "matlab-gray-rgb", "basicsr", "basicsr-rgb"]
small = st.tuples(st.integers(11, 26), st.integers(11, 26), st.just(3))


@settings(max_examples=40, deadline=None)
@given(small.flatmap(lambda s: st.tuples(arrays(np.uint8, s), arrays(np.uint8, s))), st.sampled_from(ALL))
def test_psnr_and_ssim_do_not_depend_on_which_image_comes_first(pair: tuple[Image, Image], protocol: str) -> None:
    x, y = (np.pad(p, ((4, 4), (4, 4), (0, 0))) for p in pair)
    there = metrics.evaluate(x, y, scale=4, protocol=protocol)
    back = metrics.evaluate(y, x, scale=4, protocol=protocol)
    assert there == pytest.approx(back, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(19, 30), st.integers(19, 30), st.just(3))),
    st.sampled_from(ALL),
)
def test_an_image_compared_with_itself_is_perfect(image: Image, protocol: str) -> None:
    assert metrics.evaluate(image, image, scale=4, protocol=protocol) == {
        "psnr": math.inf,
        "ssim": pytest.approx(1.0, abs=1e-12),
    }


def test_psnr_of_a_known_error() -> None:
    hr = np.full((32, 32), 100, np.uint8)
    scores = metrics.evaluate(hr + np.uint8(5), hr, scale=2, names=["psnr"])
    assert scores == {"psnr": pytest.approx(10 * math.log10(255**2 / 25), abs=1e-12)}


def test_luma_is_the_nearest_whole_number_of_the_exact_value_except_on_ties() -> None:
    image = np.random.default_rng(0).integers(0, 256, (400, 500, 3), dtype=np.uint8)
    r, g, b = (image[..., c].astype(np.int64) for c in range(3))
    exact = 65481 * r + 128553 * g + 24966 * b  # in 1/255000
    tie = exact % 255000 == 127500
    expected = (2 * exact + 255000) // 510000 + 16
    np.testing.assert_array_equal(images.luma(image)[~tie], expected[~tie])


def test_luma_decides_ties_as_matlab_does() -> None:
    # Exactly 139.5 and 185.5: rounding errors of MATLAB's order of summation send one up and one down.
    ties = [
        (r, g, b)
        for r in range(0, 256, 5)
        for g in range(0, 256, 5)
        for b in range(256)
        if (65481 * r + 128553 * g + 24966 * b) % 255000 == 127500
    ]
    image = np.array([ties], np.uint8)
    k = 1.0 / 255.0
    expected = [math.floor(((65.481 * k) * r + (128.553 * k) * g + (24.966 * k) * b + 16) + 0.5) for r, g, b in ties]
    assert images.luma(image)[0].tolist() == expected
    exact = [(65481 * r + 128553 * g + 24966 * b + 127500) // 255000 + 16 for r, g, b in ties]
    assert any(a != b for a, b in zip(expected, exact, strict=True)), "no tie falls down: this test shows nothing"


def test_the_border_is_four_pixels_for_daala_and_the_scale_for_all_others() -> None:
    hr = np.full((40, 40), 100, np.uint8)
    for scale, protocol, border in [
        *((scale, protocol, scale) for scale in (2, 3, 8) for protocol in ALL[1:]),
        (2, "daala", 4),
        (8, "daala", 4),
    ]:
        inside, outside = hr.copy(), hr.copy()
        inside[border, border] = 120
        outside[border - 1, border - 1] = 120
        assert metrics.evaluate(inside, hr, scale=scale, protocol=protocol)["psnr"] < 100
        assert metrics.evaluate(outside, hr, scale=scale, protocol=protocol)["psnr"] == math.inf


def test_gray_is_compared_as_it_is_by_matlab_and_as_colour_by_all_others() -> None:
    hr = np.random.default_rng(1).integers(0, 256, (60, 52), dtype=np.uint8)
    sr = np.roll(hr, 1)
    gray = {p: metrics.evaluate(sr, hr, scale=4, protocol=p) for p in ALL}
    colour = {p: metrics.evaluate(images.as_rgb(sr), images.as_rgb(hr), scale=4, protocol=p) for p in ALL}
    for protocol in set(ALL) - {"matlab"}:
        assert gray[protocol] == colour[protocol]
    assert colour["matlab"]["psnr"] - gray["matlab"]["psnr"] == pytest.approx(20 * math.log10(255 / 219), abs=0.02)
    assert gray["matlab-gray-rgb"] == colour["matlab"]


@pytest.fixture
def tinted() -> tuple[Image, Image]:
    """A colour SR image whose channels differ slightly, as networks return it, and the gray original."""
    hr = skimage.data.camera()[:60, :80].copy()
    noise = np.random.default_rng(2).integers(-3, 4, (60, 80, 3))
    return np.clip(hr[..., None] + noise, 0, 255).astype(np.uint8), hr


def test_colour_beside_a_gray_original_counts_as_the_mean_of_its_channels_under_matlab(tinted) -> None:
    sr, hr = tinted
    mean = np.rint(sr.astype(float).mean(axis=2)).astype(np.uint8)
    assert metrics.evaluate(sr, hr, scale=4) == metrics.evaluate(mean, hr, scale=4)


@pytest.mark.parametrize("protocol", ["daala", "matlab-gray-rgb", "basicsr", "basicsr-rgb"])
def test_colour_beside_a_gray_original_is_compared_with_a_colour_original_by_the_others(tinted, protocol: str) -> None:
    sr, hr = tinted
    expected = metrics.evaluate(sr, images.as_rgb(hr), scale=4, protocol=protocol)
    assert metrics.evaluate(sr, hr, scale=4, protocol=protocol) == expected


def test_every_metric_takes_colour_beside_a_gray_original(tinted) -> None:
    scores = metrics.evaluate_each(*tinted, scale=4, names=["psnr", "ssim", "gmsd", "fsim"])
    assert all(isinstance(value, float) for value in scores.values()), scores


def pairs(data_root: Path, dataset: str, image: str) -> Iterator[tuple[str, Image, Image]]:
    hr = images.read(data_root / dataset / "HR" / f"{image}.png")
    lr = images.read(data_root / dataset / "LR_bicubic_x4" / f"{image}.png")
    yield "nearest", lr.repeat(4, axis=0).repeat(4, axis=1), hr
    yield "bicubic", resize.enlarge(lr, 4), hr


@pytest.mark.parametrize("dataset", ["Set5", "Set14", "BSD100"])
def test_every_golden_value_of_daala_and_matlab_is_met(dataset: str, data_root: Path, golden: Path) -> None:
    rows = json.loads((golden / "protocol.json").read_text())["images"][dataset]
    assert rows
    for row in rows:
        for method, sr, hr in pairs(data_root, dataset.lower(), row["image"]):
            for protocol in ("daala", "matlab"):
                got = metrics.evaluate(sr, hr, scale=4, protocol=protocol)
                assert got == pytest.approx(row[method][protocol], abs=1e-9, rel=0), (row["image"], method, protocol)


@pytest.mark.parametrize("dataset", ["set5", "set14", "bsd100"])
def test_every_golden_value_of_basicsr_is_met(dataset: str, data_root: Path, golden: Path) -> None:
    rows = json.loads((golden / "basicsr.json").read_text())["images"][dataset]
    assert rows
    # BasicSR computes luma in float32: up to 8e-7 dB and 5e-8 of SSIM were measured. Its RGB is exact.
    for image, row in rows.items():
        for method, sr, hr in pairs(data_root, dataset, image):
            luma = metrics.evaluate(sr, hr, scale=4, protocol="basicsr")
            rgb = metrics.evaluate(sr, hr, scale=4, protocol="basicsr-rgb")
            assert luma["psnr"] == pytest.approx(row[method]["psnr_y"], abs=1e-6, rel=0), (image, method)
            assert luma["ssim"] == pytest.approx(row[method]["ssim_y"], abs=1e-7, rel=0), (image, method)
            assert rgb["psnr"] == pytest.approx(row[method]["psnr_rgb"], abs=1e-11, rel=0), (image, method)
            assert rgb["ssim"] == pytest.approx(row[method]["ssim_rgb"], abs=1e-11, rel=0), (image, method)


def means(folder: Path, data_root: Path, protocol: str) -> list[float]:
    hrs = {path.name: images.read(path) for path in sorted((data_root / "set5" / "HR").glob("*.png"))}
    scores = [
        list(metrics.evaluate(images.read(folder / name), hr, scale=4, protocol=protocol).values())
        for name, hr in hrs.items()
    ]
    return [float(value) for value in np.mean(scores, axis=0)]


def test_published_outputs_have_the_golden_means(data_root: Path, shared: Path) -> None:
    golden = json.loads((shared / "golden" / "results_set5.json").read_text())
    del golden["about"]
    assert "ledig2017/SRGAN-VGG54" in golden
    for method, by_protocol in golden.items():
        for protocol, expected in by_protocol.items():
            found = means(shared / "results" / method / "set5", data_root, protocol)
            assert found == pytest.approx(expected, abs=1e-6, rel=0), (method, protocol)


def test_pan_has_the_scores_of_its_authors_log_under_basicsr_and_others_under_matlab(
    data_root: Path, shared: Path
) -> None:
    folder = shared / "results" / "zhao2020" / "PAN" / "set5"
    assert [f"{value:.4f}" for value in means(folder, data_root, "basicsr")] == ["32.1311", "0.8948"]
    assert [f"{value:.4f}" for value in means(folder, data_root, "matlab")] == ["32.1097", "0.8937"]
