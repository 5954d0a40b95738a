"""Metrics of libraries: the same numbers as the libraries give, and clear words when something is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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


def test_lpips_without_a_network_says_which_files_it_needs_and_where(
    pair: tuple[Image, Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the discard port: nothing listens
    monkeypatch.setenv("no_proxy", "")
    libraries._lpips_network.cache_clear()
    for _ in range(2):
        with pytest.raises(MetricError, match="vgg16-397923af.pth.*lpips_weights.pt.*" + str(tmp_path)):
            metrics.evaluate(*pair, scale=4, names=["lpips"])
    assert libraries._lpips_network.cache_info().hits == 1, "it asked for the weights again"
    libraries._lpips_network.cache_clear()


def test_without_pyiqa_its_metrics_say_what_to_install(pair: tuple[Image, Image]) -> None:
    if libraries._pyiqa_missing() is None:
        pytest.skip("pyiqa is installed")
    assert metrics.why_not("pyiqa:niqe") == "pyiqa is not installed: pip install 'srbench[iqa]'"
    with pytest.raises(MetricError, match="pip install 'srbench"):
        metrics.evaluate(*pair, scale=4, names=["pyiqa:niqe"])


DIRECTIONS = """
import json
from srbench import metrics
names = ["niqe", "lpips", "musiq"]
print(json.dumps({name: metrics.find(f"pyiqa:{name}").better for name in names}))
"""


@pytest.mark.parametrize("installed", [True, False])
def test_which_direction_is_better_is_what_pyiqa_says_installed_or_not(tmp_path: Path, installed: bool) -> None:
    # A stand-in of the file that pyiqa keeps its table in, which says of `musiq` what the real one does not.
    package = tmp_path / "pyiqa"
    expected = {"niqe": "lower", "lpips": "lower", "musiq": "higher"}
    if installed:
        package.mkdir()
        (package / "__init__.py").write_text("raise RuntimeError('imported, which takes many seconds')")
        table = "{'niqe': {'lower_better': True}, 'lpips': {'lower_better': True}, 'musiq': {'lower_better': True}}"
        (package / "default_model_configs.py").write_text(f"DEFAULT_CONFIGS = {table}")
        (tmp_path / "pyiqa-9.dist-info").mkdir()
        (tmp_path / "pyiqa-9.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: pyiqa\nVersion: 9\n")
        expected["musiq"] = "lower"
    elif libraries._pyiqa_missing() is None:
        pytest.skip("pyiqa is installed")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", DIRECTIONS],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert json.loads(done.stdout or "null") == expected, done.stderr


@pytest.mark.filterwarnings("ignore")
def test_with_pyiqa_its_own_table_is_the_one_that_counts(pair: tuple[Image, Image]) -> None:
    if libraries._pyiqa_missing():
        pytest.skip("pyiqa, an optional dependency, is not installed")
    for name, about in libraries._pyiqa_table().items():
        assert metrics.find(f"pyiqa:{name}").higher_is_better != about.get("lower_better", False)
    with pytest.raises(MetricError, match="Did you mean 'niqe'"):
        metrics.find("pyiqa:niqee")
    assert 0.3 < metrics.evaluate(*pair, scale=4, names=["pyiqa:ssim"])["pyiqa:ssim"] < 1


def test_the_row_of_the_family_claims_no_direction() -> None:
    assert {metric.name: metric.better for metric in metrics.metrics()}["pyiqa:NAME"] == "depends"


def test_the_name_of_the_family_asks_for_a_member(pair: tuple[Image, Image]) -> None:
    with pytest.raises(MetricError, match="replace NAME"):
        metrics.evaluate(*pair, scale=4, names=["pyiqa:NAME"])


def test_listing_metrics_imports_no_library() -> None:
    code = (
        "import sys; from srbench import metrics; [metrics.why_not(m.name) for m in metrics.metrics()];"
        "print([n for n in ('torch', 'piq', 'pyiqa', 'numba') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
