"""Methods, metrics, protocols and data sets as tables, by functions that share their names with packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import srbench as sb
from srbench.errors import DatasetError


def test_methods_have_a_row_each_and_say_what_they_lack() -> None:
    frame = sb.methods(4).set_index("name")
    assert frame.loc["bicubic", "title"] == "Bicubic"
    assert bool(frame.loc["bicubic", "available"])
    assert not bool(sb.methods(7).set_index("name").loc["srresnet-mse", "available"])


def test_metrics_say_their_direction_and_protocols_their_version() -> None:
    metrics = sb.metrics().set_index("name")
    assert metrics.loc[["psnr", "gmsd", "niqe"], "better"].tolist() == ["higher", "lower", "lower"]
    assert {"daala", "matlab", "basicsr"} <= set(sb.protocols()["name"])
    assert sb.protocols()["version"].notna().all()


def test_data_sets_are_looked_for_where_they_are_said_to_be(tmp_path: Path) -> None:
    assert {"set5", "set14", "urban100", "demo"} <= set(sb.datasets(tmp_path)["name"])
    with pytest.raises(DatasetError, match="nowhere"):
        sb.datasets(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["methods", "metrics", "datasets"])
def test_a_listing_can_be_called_whoever_has_imported_the_package_of_its_name(name: str) -> None:
    program = f"""
import importlib
importlib.import_module("srbench.{name}")
import srbench as sb
assert len(sb.{name}()) > 3
from srbench import {name}
assert {name} is sb.{name} and {name}.__path__
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
