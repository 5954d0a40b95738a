"""Metrics of pyiqa: its own directions, what to install, and the perceptual score of NTIRE."""

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
from srbench.metrics import pyiqa_metrics


@pytest.fixture(scope="module")
def pair() -> tuple[Image, Image]:
    hr = skimage.data.astronaut()[:200, 100:300]
    return resize.enlarge(resize.reduce(hr, 4), 4), np.ascontiguousarray(hr)


def test_without_pyiqa_its_metrics_say_what_to_install(pair: tuple[Image, Image]) -> None:
    if pyiqa_metrics.missing() is None:
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
    elif pyiqa_metrics.missing() is None:
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
    if pyiqa_metrics.missing():
        pytest.skip("pyiqa, an optional dependency, is not installed")
    for name, about in pyiqa_metrics.names().items():
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


STAND_IN = """
import torch

def create_metric(name, device):
    from pyiqa.utils import download_util
    known = {"lpips": 0.25, "dists": 0.125, "clipiqa": 0.5, "maniqa": 0.375, "musiq": 50.0, "niqe": 5.0}
    if name == "fails":
        raise OSError("no route to host")
    def call(*images):
        assert len(images) == (2 if name in ("lpips", "dists") else 1), name
        assert all(image.shape == (1, 3, 32, 40) and image.max() <= 1 for image in images)
        return torch.tensor([known[name]])
    return call
"""
SCORES = """
import json, numpy as np
from srbench import metrics
image = np.full((40, 48, 3), 90, np.uint8)
names = ["ntire", "pyiqa:musiq", "pyiqa:fails"]
print(json.dumps([metrics.evaluate_each(image, image, scale=4, names=names), metrics.find("ntire").versioned_settings]))
"""


def test_the_score_of_ntire_is_made_of_six_parts_each_with_the_images_it_wants(tmp_path: Path) -> None:
    package = tmp_path / "pyiqa"
    (package / "utils").mkdir(parents=True)
    (package / "__init__.py").write_text(STAND_IN)
    (package / "utils" / "__init__.py").touch()
    (package / "utils" / "download_util.py").write_text("DEFAULT_CACHE_DIR = ''")
    alone = {name: {"metric_mode": "NR"} for name in ("clipiqa", "maniqa", "musiq", "niqe")}
    table = {"lpips": {"lower_better": True}, "dists": {}, "fails": {}, **alone}
    (package / "default_model_configs.py").write_text(f"DEFAULT_CONFIGS = {table}")
    (tmp_path / "pyiqa-9.dist-info").mkdir()
    (tmp_path / "pyiqa-9.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: pyiqa\nVersion: 9\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", SCORES],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    scores, settings = json.loads(done.stdout or "null") or pytest.fail(done.stderr)
    assert scores["ntire"] == pytest.approx(0.75 + 0.875 + 0.5 + 0.375 + 0.5 + 0.5)
    assert scores["pyiqa:musiq"] == 50.0
    assert "no route to host" in scores["pyiqa:fails"]
    assert "SRBENCH_WEIGHTS" in scores["pyiqa:fails"]
    assert settings.endswith("of each image; pyiqa 9")


def test_a_niqe_above_ten_costs_no_more_than_ten() -> None:
    parts = {"lpips": 0.0, "dists": 0.0, "clipiqa": 1.0, "maniqa": 1.0, "musiq": 100.0}
    assert pyiqa_metrics.ntire_score(**parts, niqe=0.0) == 6.0
    assert pyiqa_metrics.ntire_score(**parts, niqe=12.0) == pyiqa_metrics.ntire_score(**parts, niqe=10.0) == 5.0
