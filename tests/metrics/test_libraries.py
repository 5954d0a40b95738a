"""Metrics of libraries: the same numbers as the libraries give, and clear words when something is missing."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from srbench import metrics, resize
from srbench.errors import MetricError
from srbench.images import Image
from srbench.metrics import libraries


@pytest.fixture(scope="module")
def pair() -> tuple[Image, Image]:
    hr = skimage.data.astronaut()[:200, 100:300]
    return resize.enlarge(resize.reduce(hr, 4), 4), np.ascontiguousarray(hr)


@pytest.mark.parametrize(
    ("name", "function"), [("ms-ssim", "multi_scale_ssim"), ("fsim", "fsim"), ("vifp", "vif_p"), ("gmsd", "gmsd")]
)
@pytest.mark.filterwarnings("ignore")
def test_scores_are_those_of_piq_on_the_shaved_image(name: str, function: str, pair: tuple[Image, Image]) -> None:
    import piq
    import torch

    x, y = (torch.tensor(p[4:-4, 4:-4].copy()).permute(2, 0, 1)[None] / 255 for p in pair)
    expected = float(getattr(piq, function)(x, y, data_range=1.0))
    threads = torch.get_num_threads()
    assert metrics.evaluate(*pair, scale=4, names=[name]) == {name: pytest.approx(expected, rel=1e-6)}
    assert torch.get_num_threads() == threads
    best = 0.0 if name == "gmsd" else 1.0
    assert metrics.evaluate(pair[1], pair[1], scale=4, names=[name])[name] == pytest.approx(best, abs=1e-4)


def test_ms_ssim_of_a_small_image_says_what_it_needs() -> None:
    x = np.zeros((100, 300, 3), np.uint8)
    with pytest.raises(MetricError, match="needs 161 pixels each way after the border is removed; 292x92"):
        metrics.evaluate(x, x, scale=4, names=["ms-ssim"])


@pytest.mark.parametrize("name", ["vsi", "haarpsi", "mdsi", "srsim", "dss", "multi_scale_gmsd", "psnr", "ssim"])
@pytest.mark.filterwarnings("ignore")
def test_other_functions_of_piq_are_metrics_by_their_names(name: str, pair: tuple[Image, Image]) -> None:
    import piq
    import torch

    x, y = (torch.tensor(p[4:-4, 4:-4].copy()).permute(2, 0, 1)[None] / 255 for p in pair)
    expected = float(getattr(piq, name)(x, y, data_range=1.0))
    assert metrics.evaluate(*pair, scale=4, names=[f"piq:{name}"]) == {f"piq:{name}": pytest.approx(expected, rel=1e-6)}


def test_the_directions_of_piqs_functions_are_those_of_their_values(pair: tuple[Image, Image]) -> None:
    for name, known in libraries._FUNCTIONS.items():
        metric = metrics.find(f"piq:{name}")
        assert metric.range
        assert metric.source
        assert metric.versioned_settings.endswith(f"piq {importlib.metadata.version('piq')}")
        if known.needs:
            continue
        worse, better = (metrics.evaluate(sr, pair[1], scale=4, names=[metric.name])[metric.name] for sr in pair)
        assert (better > worse) == metric.higher_is_better, name


def test_a_function_that_piq_does_not_have_is_answered_with_the_nearest() -> None:
    with pytest.raises(MetricError, match=r"Unknown piq metric 'vis'\. Did you mean 'vsi'"):
        metrics.find("piq:vis")
    with pytest.raises(MetricError, match="replace NAME by one of brisque, dss"):
        metrics.evaluate(np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8), scale=4, names=["piq:NAME"])


def test_brisque_takes_its_model_from_the_users_folder(
    pair: tuple[Image, Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("SRBENCH_WEIGHTS", str(tmp_path))
    # One support vector of zeros: 2 exp(-0.05 |features|^2) + 153.591 must come out.
    torch.save((torch.tensor([2.0]), torch.zeros(1, 36)), tmp_path / "brisque_svm_weights.pt")
    value = metrics.evaluate(*pair, scale=4, names=["piq:brisque"])["piq:brisque"]
    assert 153.591 < value < 155.591
    (tmp_path / "brisque_svm_weights.pt").unlink()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the discard port: nothing listens
    with pytest.raises(MetricError, match=r"brisque_svm_weights\.pt .*releases/download.*name it in SRBENCH_WEIGHTS"):
        metrics.evaluate(*pair, scale=4, names=["piq:brisque"])


@pytest.mark.parametrize("name", ["ms-ssim", "fsim", "vifp", "gmsd", "piq:vsi", "niqe", "ssim"])
def test_a_score_does_not_depend_on_what_was_scored_before(name: str) -> None:
    hrs = [np.ascontiguousarray(skimage.data.astronaut()[top : top + 208, 100:308]) for top in (0, 80, 200)]
    pairs = [(resize.enlarge(resize.reduce(hr, 4), 4), hr) for hr in hrs]
    there = [metrics.evaluate(*pair, scale=4, names=[name])[name] for pair in pairs]
    back = [metrics.evaluate(*pair, scale=4, names=[name])[name] for pair in pairs[::-1]][::-1]
    assert there == back
    assert len(set(there)) == 3
