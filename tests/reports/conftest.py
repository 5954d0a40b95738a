"""A small run with pictures and a small study of it, drawn from a fixed seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from srbench import images, reports
from srbench.bench import results
from srbench.reports import figures
from srbench.reports.page import Report

TITLES = {
    "nearest": "Nearest",
    "bicubic": "Bicubic",
    "srresnet-mse": "SRResNet-MSE",
    "srresnet-vgg22": "SRResNet-VGG22",
    "hr": "Original",
}
QUALITY = {"nearest": 1.3, "bicubic": 2.0, "srresnet-mse": 3.2, "srresnet-vgg22": 3.3, "hr": 4.6}
SETS = {"set5": 5, "odd name": 9}


def picture(seed: int, blur: float) -> images.Image:
    """Return 72x64 pixels of noise, the smoother the larger `blur`."""
    from scipy import ndimage

    noise = np.random.default_rng(seed).normal(0, 1, (64, 72, 3))
    smooth = ndimage.gaussian_filter(noise, (1 + blur, 1 + blur, 0))
    return np.clip(128 + 60 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def write_run(folder: Path) -> Path:
    """Write a run as the bench does: scores, provenance, pictures."""
    source = np.random.default_rng(0)
    rows = []
    hashes = {}
    for dataset, count in SETS.items():
        for number in range(count):
            name = f"img_{number + 1:03d}"
            for method, quality in QUALITY.items():
                pixels = picture(number, 5 - quality)
                path = results.image_path(folder, method, dataset, name)
                hashes[f"{method}/{dataset}/{name}"] = images.write(path, pixels)
                psnr = np.inf if method == "hr" else 22 + 2 * quality + source.normal(0, 0.3) + number / 5
                ssim = 1.0 if method == "hr" else 0.5 + 0.09 * quality + source.normal(0, 0.01)
                for metric, value in (("psnr", psnr), ("ssim", ssim)):
                    row = (dataset, name, method, 4, "daala", "1", metric, value, 0.1 * quality, 90.0, "", "ok", "")
                    rows.append(row)
    info = {
        "schema_version": 1,
        "srbench": "0.1.0",
        "scale": 4,
        "protocols": {"daala": "1"},
        "metrics": ["psnr", "ssim"],
        "methods": {
            name: {"title": title, "note": "features: a substitute" if "vgg" in name else "", "order": 10 * k}
            for k, (name, title) in enumerate(TITLES.items())
        },
        "datasets": {name: {f"img_{k + 1:03d}": {} for k in range(count)} for name, count in SETS.items()},
        "images_sha256": hashes,
        "versions": {"python": "3.11"},
    }
    pd.DataFrame(rows, columns=results.COLUMNS).to_csv(folder / "scores.csv", index=False)
    (folder / "run.json").write_text(json.dumps(info))
    return folder


def draw_ratings(raters: int = 16, seed: int = 0) -> pd.DataFrame:
    """Return whole scores of every picture of the run, the `srresnet-mse` ones of the larger set twice."""
    source = np.random.default_rng(seed)
    rows = []
    for rater in range(raters):
        bias = source.normal(0, 0.2)
        for dataset, count in SETS.items():
            for number in range(count):
                for method, quality in QUALITY.items():
                    for repeat in range(2 if dataset != "set5" and method == "srresnet-mse" else 1):
                        score = int(np.clip(np.rint(quality + bias + source.normal(0, 0.6)), 1, 5))
                        name = f"img_{number + 1:03d}"
                        rows.append((f"r{rater:02d}", len(rows), dataset, name, method, repeat, score, 2.0))
    columns = ["rater", "trial", "dataset", "image", "method", "repeat", "score", "seconds"]
    # Every rater has an order of their own, as in a study.
    trials = np.random.default_rng([seed, 1]).permutation(len(rows))
    return pd.DataFrame(rows, columns=columns).assign(trial=trials)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> results.RunResults:
    return results.load(write_run(tmp_path_factory.mktemp("runs") / "small"))


@pytest.fixture
def ratings() -> pd.DataFrame:
    return draw_ratings()


@pytest.fixture(scope="session")
def study() -> reports.StudyRatings:
    calibration = pd.DataFrame({"rater": ["r00"], "attempt": [1], "right": [38], "asked": [40], "passed": ["yes"]})
    return reports.StudyRatings("synthetic-small", draw_ratings(), "synthetic", calibration, "acr")


@contextmanager
def undrawn() -> Iterator[None]:
    """Let figures have names and captions only: for tests of words and tables, of whose time drawing is most."""
    known = figures.all_figures
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "all_figures", lambda found: [replace(each, draw=lambda: None) for each in known(found)])
        patch.setattr(figures.style, "save", lambda picture, form: b"")
        yield


@contextmanager
def laid_out() -> Iterator[None]:
    """Let figures be drawn and laid out as for a file, so that what breaks one is found, without a file being made."""

    def lay_out(figure: Figure, form: str) -> bytes:
        if form == figures.style.FORMATS[0]:
            figure.draw_without_rendering()
        return b""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures.style, "save", lay_out)
        yield


@pytest.fixture(scope="session")
def worded(run: results.RunResults, study: reports.StudyRatings) -> Report:
    """The report, without its figures."""
    with undrawn():
        return reports.build(run, study, reports.Choices(slider=1))


@pytest.fixture(scope="session")
def report(run: results.RunResults, study: reports.StudyRatings) -> Report:
    return reports.build(run, study, reports.Choices(slider=1))


@pytest.fixture(scope="session")
def written(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    reports.save(report, out)
    return out


Fresh = Callable[[], Path]


@pytest.fixture
def fresh_run(tmp_path: Path) -> Path:
    """A run folder that a test may damage."""
    return write_run(tmp_path / "damaged")
