"""Small runs to put on a board, made of the run that reports are tested with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from srbench.bench import results
from tests.reports.conftest import write_run

Change = Callable[[dict[str, Any], pd.DataFrame], pd.DataFrame]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four methods and the original on two sets, each method with a fingerprint, each image with its hash."""
    folder = write_run(tmp_path_factory.mktemp("board") / "first")
    info = json.loads((folder / "run.json").read_text())
    for name, about in info["methods"].items():
        about |= {"fingerprint": f"code of {name}", "parameters": {"srresnet-mse": 1_549_462, "bicubic": 12}.get(name)}
    for dataset, images in info["datasets"].items():
        for image, entry in images.items():
            entry["input_hash"] = f"{dataset} {image}"
    info["commands"] = [{"command": ["/somewhere/srbench", "run", "--out", "my runs"], "seconds": 1.0}]
    (folder / "run.json").write_text(json.dumps(info))
    return folder


@pytest.fixture
def variant(base: Path, tmp_path: Path) -> Callable[..., results.RunResults]:
    """A function that returns a copy of the run, changed."""

    def make(change: Change | None = None, name: str = "second") -> results.RunResults:
        folder = shutil.copytree(base, tmp_path / name)
        info = json.loads((folder / "run.json").read_text())
        scores = pd.read_csv(folder / "scores.csv", keep_default_na=False, na_values={"value": [""]})
        if change is not None:
            scores = change(info, scores)
        (folder / "run.json").write_text(json.dumps(info))
        scores.to_csv(folder / "scores.csv", index=False)
        return results.load(folder)

    return make
