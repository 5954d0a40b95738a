"""PSNR and SSIM are the protocol's own, of the planes that it compares."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import srbench.metrics as metrics
from srbench import images
from srbench.metrics.comparison import compare
from srbench.metrics.structural import psnr, ssim


def test_under_matlab_they_are_scikit_images_of_rounded_luma_without_the_border() -> None:
    hr = np.ascontiguousarray(skimage.data.chelsea()[50:150, 100:220])
    sr = np.clip(hr + np.random.default_rng(0).normal(0, 6, hr.shape), 0, 255).astype(np.uint8)
    compared = compare(sr, hr, 4, metrics.find_protocol("matlab"))
    x, y = (images.luma(image)[4:-4, 4:-4] for image in (sr, hr))
    assert psnr(compared) == pytest.approx(peak_signal_noise_ratio(y, x, data_range=255), abs=1e-9)
    expected = structural_similarity(
        x, y, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim(compared) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("protocol", ["daala", "matlab", "basicsr", "basicsr-rgb", "matlab-gray-rgb"])
def test_equal_images_have_no_error_under_any_protocol(protocol: str) -> None:
    hr = np.ascontiguousarray(skimage.data.chelsea()[50:150, 100:220])
    compared = compare(hr, hr.copy(), 4, metrics.find_protocol(protocol))
    assert psnr(compared) == float("inf")
    assert ssim(compared) == pytest.approx(1, abs=1e-12)
