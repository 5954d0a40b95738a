"""PSNR and SSIM of both protocols: golden values, and direct references on small images."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from srbench import images, metrics, resize
from srbench.errors import MetricError
from srbench.images import Image
from srbench.metrics import protocols


def direct_ssim(x: Image, y: Image) -> float:
    """Wang's SSIM from its definition: an 11x11 window at each place where it fits, in float64."""
    d = np.arange(-5.0, 6.0)
    window = np.exp(-(d[:, None] ** 2 + d**2) / (2 * 1.5**2))
    window /= window.sum()
    a, b = (np.lib.stride_tricks.sliding_window_view(p.astype(np.float64), (11, 11)) for p in (x, y))

    def mean(values: np.ndarray) -> np.ndarray:
        return (values * window).sum(axis=(2, 3))

    mx, my = mean(a), mean(b)
    vx = mean((a - mx[..., None, None]) ** 2)
    vy = mean((b - my[..., None, None]) ** 2)
    cxy = mean((a - mx[..., None, None]) * (b - my[..., None, None]))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(np.mean((2 * mx * my + c1) * (2 * cxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))))


sizes = st.tuples(st.integers(11, 26), st.integers(11, 26))
harsh = st.sampled_from([0, 1, 127, 254, 255])
pairs = sizes.flatmap(
    lambda s: st.tuples(
        arrays(np.uint8, s) | arrays(np.uint8, s, elements=harsh),
        arrays(np.uint8, s) | arrays(np.uint8, s, elements=harsh),
    )
)


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_ssim_equals_the_direct_sum_over_windows(pair: tuple[Image, Image]) -> None:
    assert protocols.matlab_ssim(*pair) == pytest.approx(direct_ssim(*pair), abs=1e-10, rel=0)


def test_ssim_of_flat_against_stripes_keeps_ten_digits() -> None:
    flat = np.full((40, 41), 255, np.uint8)
    stripes = flat.copy()
    stripes[:, ::2] = 254
    assert protocols.matlab_ssim(flat, stripes) == pytest.approx(direct_ssim(flat, stripes), abs=1e-10, rel=0)


@settings(max_examples=40, deadline=None)
@given(pairs, st.sampled_from(["matlab", "daala"]))
def test_psnr_and_ssim_do_not_depend_on_which_image_comes_first(pair: tuple[Image, Image], protocol: str) -> None:
    x, y = (np.pad(p, 4) for p in pair)
    there = metrics.evaluate(x, y, scale=4, protocol=protocol)
    back = metrics.evaluate(y, x, scale=4, protocol=protocol)
    assert there == pytest.approx(back, abs=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    arrays(np.uint8, st.tuples(st.integers(19, 30), st.integers(19, 30), st.just(3))),
    st.sampled_from(["matlab", "daala"]),
)
def test_an_image_compared_with_itself_is_perfect(image: Image, protocol: str) -> None:
    assert metrics.evaluate(image, image, scale=4, protocol=protocol) == {
        "psnr": math.inf,
        "ssim": pytest.approx(1.0, abs=1e-12),
    }


@settings(max_examples=100, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_compiled_luma_equals_the_plain_one(image: Image) -> None:
    np.testing.assert_array_equal(protocols.matlab_luma(image), images.luma(image))


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


def test_psnr_of_a_known_error() -> None:
    hr = np.full((32, 32), 100, np.uint8)
    scores = metrics.evaluate(hr + np.uint8(5), hr, scale=2, names=["psnr"])
    assert scores == {"psnr": pytest.approx(10 * math.log10(255**2 / 25), abs=1e-12)}


def test_the_border_is_four_pixels_for_daala_and_the_scale_for_matlab() -> None:
    hr = np.full((40, 40), 100, np.uint8)
    for scale, protocol, border in [
        (2, "matlab", 2),
        (3, "matlab", 3),
        (8, "matlab", 8),
        (2, "daala", 4),
        (8, "daala", 4),
    ]:
        inside, outside = hr.copy(), hr.copy()
        inside[border, border] = 120
        outside[border - 1, border - 1] = 120
        assert metrics.evaluate(inside, hr, scale=scale, protocol=protocol)["psnr"] < 100
        assert metrics.evaluate(outside, hr, scale=scale, protocol=protocol)["psnr"] == math.inf


def test_gray_is_compared_as_it_is_by_matlab_and_through_luma_by_daala() -> None:
    hr = np.random.default_rng(1).integers(0, 256, (60, 52), dtype=np.uint8)
    sr = np.roll(hr, 1)
    rgb = [np.repeat(p[..., None], 3, axis=2) for p in (sr, hr)]
    gray = {p: metrics.evaluate(sr, hr, scale=4, protocol=p) for p in metrics.PROTOCOLS}
    colour = {p: metrics.evaluate(*rgb, scale=4, protocol=p) for p in metrics.PROTOCOLS}
    assert gray["daala"] == colour["daala"]
    assert colour["matlab"]["psnr"] - gray["matlab"]["psnr"] == pytest.approx(20 * math.log10(255 / 219), abs=0.02)


@pytest.mark.parametrize(
    ("sr", "hr", "message"),
    [
        (np.zeros((20, 20), np.uint8), np.zeros((20, 21), np.uint8), "equal shapes"),
        (np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20), np.uint8), "equal shapes"),
        (np.zeros((20, 20)), np.zeros((20, 20)), "float64"),
        (np.zeros((20, 20, 4), np.uint8), np.zeros((20, 20, 4), np.uint8), "expected uint8"),
        (np.zeros((8, 40), np.uint8), np.zeros((8, 40), np.uint8), "too small for protocol 'matlab', which removes 4"),
        (np.zeros((18, 40), np.uint8), np.zeros((18, 40), np.uint8), "11x11 pixels after the border is removed; 32x10"),
    ],
)
def test_images_that_cannot_be_compared_are_refused(sr: Image, hr: Image, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        metrics.evaluate(sr, hr, scale=4)


def test_small_images_have_a_psnr_and_a_daala_ssim() -> None:
    x = np.arange(81, dtype=np.uint8).reshape(9, 9)
    assert metrics.evaluate(x, x, scale=4, names=["psnr"]) == {"psnr": math.inf}
    assert metrics.evaluate(x, x, scale=4, protocol="daala") == {"psnr": math.inf, "ssim": 1.0}


def test_an_unknown_protocol_is_answered_with_the_nearest() -> None:
    with pytest.raises(MetricError, match=r"Unknown protocol 'dala'\. Did you mean 'daala'?"):
        metrics.find_protocol("dala")


@pytest.mark.parametrize("dataset", ["Set5", "Set14", "BSD100"])
def test_every_golden_value_is_met(dataset: str, data_root: Path, golden: Path) -> None:
    rows = json.loads((golden / "protocol.json").read_text())["images"][dataset]
    assert rows
    for row in rows:
        hr = images.read(data_root / dataset.lower() / "HR" / f"{row['image']}.png")
        lr = images.read(data_root / dataset.lower() / "LR_bicubic_x4" / f"{row['image']}.png")
        made = {"nearest": lr.repeat(4, axis=0).repeat(4, axis=1), "bicubic": resize.enlarge(lr, 4)}
        for (method, sr), protocol in ((m, p) for m in made.items() for p in metrics.PROTOCOLS):
            got = metrics.evaluate(sr, hr, scale=4, protocol=protocol)
            assert got == pytest.approx(row[method][protocol], abs=1e-9, rel=0), (row["image"], method, protocol)


def test_published_outputs_have_the_golden_means(data_root: Path, shared: Path) -> None:
    means = json.loads((shared / "golden" / "results_set5.json").read_text())
    del means["about"]
    assert "ledig2017/SRGAN-VGG54" in means
    hrs = {path.name: images.read(path) for path in sorted((data_root / "set5" / "HR").glob("*.png"))}
    for method, by_protocol in means.items():
        folder = shared / "results" / method / "set5"
        for protocol, expected in by_protocol.items():
            scores = [
                list(metrics.evaluate(images.read(folder / name), hr, scale=4, protocol=protocol).values())
                for name, hr in hrs.items()
            ]
            assert np.mean(scores, axis=0).tolist() == pytest.approx(expected, abs=1e-6, rel=0), (method, protocol)
