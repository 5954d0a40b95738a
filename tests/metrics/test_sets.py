"""FID and KID: against direct computations, and independent of order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from scipy.linalg import sqrtm

import srbench as sb
from srbench import images, metrics, resize
from srbench.errors import MetricError
from srbench.images import Image
from srbench.metrics import sets

rng = np.random.default_rng(3)


def test_fid_is_the_distance_of_two_gaussians() -> None:
    x, y = rng.normal(size=(300, 6)), rng.normal(0.4, 1.3, (250, 6)) @ rng.normal(size=(6, 6))
    cx, cy = np.cov(x.T), np.cov(y.T)
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(cx + cy - 2 * np.real(sqrtm(cx @ cy)))
    assert sets.frechet_distance(x, y) == pytest.approx(expected, rel=1e-9)
    assert sets.frechet_distance(x, x) == pytest.approx(0, abs=1e-9)


def test_fid_is_defined_for_less_patches_than_features() -> None:
    x, y = rng.normal(size=(5, 40)), rng.normal(size=(7, 40))
    assert sets.frechet_distance(x, y) == pytest.approx(sets.frechet_distance(y, x), rel=1e-7)
    assert sets.frechet_distance(x, y) > 0


def test_kid_is_the_unbiased_sum_over_all_pairs() -> None:
    x, y = rng.normal(size=(9, 4)), rng.normal(0.5, 1, (7, 4))

    def k(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 4 + 1) ** 3)

    within = [np.mean([k(a, b) for i, a in enumerate(s) for j, b in enumerate(s) if i != j]) for s in (x, y)]
    across = np.mean([k(a, b) for a in x for b in y])
    assert sets.kernel_distance(x, y) == pytest.approx(sum(within) - 2 * across, rel=1e-10)


def test_piq_gives_the_same_distances() -> None:
    piq = pytest.importorskip("piq")
    import torch

    x, y = rng.normal(size=(200, 8)), rng.normal(0.3, 1.2, (200, 8))
    fid = float(piq.FID()(torch.tensor(x), torch.tensor(y)))
    assert sets.frechet_distance(x, y) == pytest.approx(fid, rel=1e-4)
    assert sets.kernel_distance(x, y) == pytest.approx(float(piq.KID()(torch.tensor(x), torch.tensor(y))), rel=1e-4)


def test_patches_lie_side_by_side_and_again_from_half_a_patch_further() -> None:
    image = np.arange(6 * 9, dtype=np.uint8).reshape(6, 9)
    found = sets.patches(image, 4)[..., 0]
    corners = [(0, 0), (0, 4), (2, 2)]
    assert len(found) == 3
    for patch, (top, left) in zip(found, corners, strict=True):
        np.testing.assert_array_equal(patch, image[top : top + 4, left : left + 4])


@pytest.fixture(scope="module")
def pictures() -> tuple[list[Image], list[Image]]:
    hrs = [np.ascontiguousarray(p[:128, :160]) for p in (skimage.data.astronaut(), skimage.data.chelsea())]
    return [resize.enlarge(resize.reduce(hr, 4), 4) for hr in hrs], hrs


def test_the_order_of_pictures_does_not_matter(pictures: tuple[list[Image], list[Image]]) -> None:
    srs, hrs = pictures
    there = metrics.set_scores(srs, hrs, patch=32, features="random")
    back = metrics.set_scores(srs[::-1], hrs, patch=32, features="random")
    assert [s.value for s in there] == pytest.approx([s.value for s in back], rel=1e-6, abs=1e-9)
    assert [s.patches for s in there] == [64, 64]


def test_a_blurred_set_is_further_away_than_the_set_itself(pictures: tuple[list[Image], list[Image]]) -> None:
    srs, hrs = pictures
    same, blurred = (
        metrics.set_scores(s, hrs, patch=32, names=["fid"], features="random")[0].value for s in (hrs, srs)
    )
    assert same == pytest.approx(0, abs=1e-6)
    assert blurred > 100 * max(same, 1e-9)


def test_a_score_says_network_patches_and_that_few_are_not_comparable(
    pictures: tuple[list[Image], list[Image]],
) -> None:
    fid, kid = metrics.set_scores(*pictures, patch=32, features="random")
    assert fid.settings.startswith("a random network (a test: says nothing of quality), 64 features; patches of 32")
    assert "less than 10,000 patches" in fid.settings
    assert "less than 10,000" not in kid.settings, "KID is unbiased"


def test_own_features_are_a_function_of_patches(pictures: tuple[list[Image], list[Image]]) -> None:
    def means(cut: np.ndarray) -> np.ndarray:
        return cut.mean(axis=(1, 2))

    score = metrics.set_scores(*pictures, names=["fid"], patch=32, features=means)[0]
    assert score.settings.startswith("means, 3 features")


def test_what_cannot_be_computed_is_said(pictures: tuple[list[Image], list[Image]]) -> None:
    with pytest.raises(MetricError, match=r"Unknown metric of sets 'fit'\. Did you mean 'fid'"):
        metrics.set_scores(*pictures, names=["fit"], features="random")
    with pytest.raises(MetricError, match=r"two patches of 200x200 pixels or more .* there are 0"):
        metrics.set_scores(*pictures, patch=200, features="random")
    with pytest.raises(MetricError, match="expected 'inception', 'random' or a function"):
        metrics.set_scores(*pictures, features="vgg")


def test_the_inception_network_is_asked_for_by_name_checksum_and_address(
    pictures: tuple[list[Image], list[Image]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("SRBENCH_WEIGHTS", raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the discard port: nothing listens
    sets._inception.cache_clear()
    with pytest.raises(MetricError, match=r"pt_inception-2015-12-05-6726825d\.pth .*sha256 6726825d.*SRBENCH_WEIGHTS"):
        metrics.set_scores(*pictures, patch=32)


def test_folders_are_scored_without_their_border(tmp_path: Path, pictures: tuple[list[Image], list[Image]]) -> None:
    for folder, several in zip(("bicubic", "originals"), pictures, strict=True):
        for number, image in enumerate(several):
            images.write(tmp_path / folder / f"{number}.png", image)
    found = sb.set_scores(tmp_path / "bicubic", tmp_path / "originals", patch=32, features="random")
    inner = [[images.shave(image, 4) for image in several] for several in pictures]
    expected = metrics.set_scores(*inner, patch=32, features="random")
    assert found["value"].tolist() == pytest.approx([score.value for score in expected], rel=1e-6)
    assert found["images"].tolist() == [2, 2]
