"""Which methods take part: the rest is named, and nothing is left out silently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srbench import bench, images
from srbench.bench.specs import find_methods
from srbench.errors import DatasetError, MethodError, MetricError


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of one small image."""
    images.write(tmp_path / "mine" / "p.png", np.random.default_rng(0).integers(0, 256, (48, 48, 3)).astype(np.uint8))
    return tmp_path / "mine"


def names(found: list[bench.MethodSpec]) -> list[str]:
    return [spec.name for spec in found]


def test_a_method_that_cannot_do_the_scale_is_left_out_and_named() -> None:
    found, left_out = find_methods(["bicubic", "srgan-vgg54"], 2)
    assert names(found) == ["bicubic"]
    assert left_out.keys() == {"srgan-vgg54"}
    assert "x2" in left_out["srgan-vgg54"]


def test_where_none_of_the_named_methods_can_run_the_reason_is_the_error() -> None:
    with pytest.raises(MethodError, match=r"srgan-vgg54 .*x2"):
        find_methods(["srgan-vgg54"], 2)


def test_without_names_all_that_can_run_take_part_and_the_others_are_named() -> None:
    found, left_out = find_methods(None, 2)
    assert {"nearest", "bicubic", "hr", "srcnn"} <= set(names(found))
    assert "srgan-vgg54" in left_out
    assert not set(names(found)) & set(left_out)


def test_an_unknown_name_stops_everything() -> None:
    with pytest.raises(MethodError, match="Did you mean 'bicubic'"):
        find_methods(["nearest", "bicubik"], 4)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"methods": []}, MethodError, "No method was named"),
        ({"datasets": []}, DatasetError, "No data set was named"),
        ({"metrics": []}, MetricError, "No metric was named"),
        ({"protocols": []}, MetricError, "No protocol was named"),
        ({"methods": [4]}, MethodError, "Expected the name of a method, a function or a class; got 4"),
    ],
)
def test_an_empty_or_meaningless_choice_is_one_clear_line(
    options: dict[str, Any], error: type[Exception], message: str, pictures: Path, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        bench.run(**{"methods": "nearest", "datasets": pictures, "out": tmp_path / "r", **options})


def test_a_run_says_what_it_left_out_in_few_lines(pictures: Path, tmp_path: Path) -> None:
    run = bench.run(["nearest", "srgan-vgg54"], pictures, scale=2, out=tmp_path / "r", jobs=1)
    assert set(run.scores["method"]) == {"nearest"}
    assert [note for note in run.notes if note.startswith("Left out: srgan-vgg54")]


def test_two_methods_with_one_title_are_told_apart_in_every_table(pictures: Path, tmp_path: Path) -> None:
    twin = bench.MethodSpec.of(lambda lr: lr.repeat(4, 0).repeat(4, 1), name="twin", title="Nearest")
    bench.run([twin, "nearest"], pictures, out=tmp_path / "r", jobs=1)
    run = bench.run("bicubic", pictures, out=tmp_path / "r", jobs=1)
    assert {name: about["title"] for name, about in run.info["methods"].items()} == {
        "twin": "Nearest (twin)",
        "nearest": "Nearest (nearest)",
        "bicubic": "Bicubic",
    }
