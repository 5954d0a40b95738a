"""The table of metrics: a user's own metrics, broken ones, names and availability."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from srbench import metrics, plugins
from srbench.errors import MetricError
from srbench.metrics import table
from srbench.metrics.listing import metric_rows

OWN = '''
"""Largest difference."""
import numpy as np
from srbench.metrics import register_metric

@register_metric("max-error", title="Largest error", higher_is_better=False, on="{on}")
def largest(sr, hr):
    assert sr.dtype == hr.dtype == np.uint8
    return np.abs(sr.astype(int) - hr).max() + 1000 * sr.ndim + sr.shape[0]
'''
SCORE = """
import json, numpy as np
from srbench import metrics
hr = np.full((40, 50{channels}), 100, np.uint8)
sr = hr.copy(); sr[20, 20] = 107; sr[0, 0] = 255
print(json.dumps([metrics.evaluate(sr, hr, scale=4, names=["max-error"]), metrics.broken(),
                  metrics.why_not("max-error"), metrics.fingerprint("max-error")]))
"""


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )


@pytest.mark.parametrize(
    ("on", "channels", "expected"),
    [("rgb", ", 3", 3032 + 7), ("rgb", "", 3032 + 7), ("y", ", 3", 2032 + 6), ("y", "", 2032 + 7)],
)
def test_a_users_metric_is_one_function_and_gets_shaved_images(
    tmp_path: Path, on: str, channels: str, expected: int
) -> None:
    (tmp_path / "mine.py").write_text(OWN.format(on=on))
    (tmp_path / "broken.py").write_text("import nothing_of_this_name")
    done = python(SCORE.format(channels=channels), SRBENCH_METRICS_PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    scores, broken, why_not, _ = json.loads(done.stdout)
    assert scores == {"max-error": expected}
    assert why_not is None
    assert broken == {str(tmp_path / "broken.py"): "ModuleNotFoundError: No module named 'nothing_of_this_name'"}


def test_a_changed_metric_has_another_fingerprint(tmp_path: Path) -> None:
    marks = []
    for source in (OWN, OWN, OWN.replace("1000", "2000")):
        (tmp_path / "mine.py").write_text(source.format(on="y"))
        marks.append(json.loads(python(SCORE.format(channels=""), SRBENCH_METRICS_PATH=str(tmp_path)).stdout)[3])
    assert marks[0] == marks[1] != marks[2]


def test_a_metric_of_a_notebook_has_a_fingerprint_of_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_metrics", dict(table._metrics))
    monkeypatch.setattr(table, "_names", plugins.Names("metric", MetricError))

    def fingerprint(body: str) -> str:
        space: dict = {"__name__": "__main__"}
        exec(f"def own(sr, hr):\n    return {body}\n", space)  # a cell of a notebook, as Python sees it
        metrics.register_metric("cell", title="Cell", higher_is_better=True)(space["own"])
        return metrics.fingerprint("cell")

    assert fingerprint("1.0") == fingerprint("1.0")
    assert len({fingerprint("1.0"), fingerprint("2.0"), fingerprint("sr.mean()"), fingerprint("sr.max()")}) == 4


def test_parameters_that_a_metric_reads_beside_it_count_in_its_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("SCALE = int(open('scale.txt').read())\n" + OWN.format(on="y"))
    marks = []
    for text in ("1", "1", "2"):
        (tmp_path / "scale.txt").write_text(text)
        marks.append(json.loads(python(SCORE.format(channels=""), SRBENCH_METRICS_PATH=str(tmp_path)).stdout)[3])
    assert marks[0] == marks[1] != marks[2]


def test_two_metrics_of_one_name_are_an_error(tmp_path: Path) -> None:
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(OWN.format(on="y"))
    done = python("from srbench import metrics; metrics.metrics()", SRBENCH_METRICS_PATH=str(tmp_path))
    assert "Two plugins register the metric 'max-error'" in done.stderr


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    code = "from srbench import metrics; print(metrics.broken())"
    assert "there is no such folder" in python(code, SRBENCH_METRICS_PATH=str(tmp_path / "gone")).stdout


def test_an_installed_package_adds_metrics_through_its_entry_point(tmp_path: Path) -> None:
    (tmp_path / "other_package.py").write_text(OWN.format(on="y"))
    info = tmp_path / "other_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[srbench.metrics]\nmax-error = other_package\nbad = no_such_module\n")
    done = python(SCORE.format(channels=""), PYTHONPATH=os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    assert done.returncode == 0, done.stderr
    scores, broken, _, _ = json.loads(done.stdout)
    assert scores == {"max-error": 2039}
    assert broken == {"bad = no_such_module": "ModuleNotFoundError: No module named 'no_such_module'"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda sr, hr: 1 / 0, "Metric 'mine' failed: ZeroDivisionError"),
        (lambda sr, hr: float("nan"), "Metric 'mine' returned NaN"),
        (lambda sr, hr: "good", "Metric 'mine' failed: ValueError"),
    ],
)
@pytest.mark.usefixtures("own_tables")
def test_a_metric_that_breaks_is_named(body: table.Function, message: str) -> None:
    metrics.register_metric("mine", title="Mine", higher_is_better=True)(body)
    with pytest.raises(MetricError, match=message):
        metrics.evaluate(np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.uint8), scale=4, names=["mine"])


@pytest.mark.usefixtures("own_tables")
def test_a_metric_cannot_spoil_the_image_of_the_next_run() -> None:
    @metrics.register_metric("rude", title="Rude", higher_is_better=True)
    def rude(sr: np.ndarray, hr: np.ndarray) -> float:
        sr[:] = 0
        return 0.0

    hr = np.full((20, 20, 3), 9, np.uint8)
    metrics.evaluate(hr, hr, scale=4, names=["rude"])
    assert (hr == 9).all()


@pytest.mark.parametrize("name", ["PSNR", "a,b", "a b", "", "a/b"])
def test_names_that_cannot_be_typed_are_refused(name: str) -> None:
    with pytest.raises(MetricError, match="lower-case"):
        metrics.register_metric(name, title="x", higher_is_better=True)(lambda sr, hr: 0.0)


def test_an_unknown_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(MetricError, match=r"Unknown metric 'pnsr'\. Did you mean 'psnr'"):
        metrics.find("pnsr")
    with pytest.raises(MetricError, match="Unknown metric"):
        metrics.evaluate(np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.uint8), scale=4, names=["pnsr"])


def test_the_table_starts_with_the_protocols_own_measures() -> None:
    rows = metrics.metrics()
    assert [row.name for row in rows[:2]] == ["psnr", "ssim"]
    assert [row.on for row in rows[:2]] == ["protocol", "protocol"]
    assert {row.name: row.higher_is_better for row in rows if row.name in {"gmsd", "lpips-alex", "fsim"}} == {
        "gmsd": False,
        "lpips-alex": False,
        "fsim": True,
    }


def test_every_metric_says_its_direction_range_source_and_settings() -> None:
    for row in metric_rows():
        assert row["better"] in {"higher", "lower", "depends"}
        assert row["source"], row["name"]
        assert row["settings"], row["name"]
        assert row["range"] or row["better"] == "depends", row["name"]
    fetching = {row["name"] for row in metric_rows() if row["needs"]}
    assert fetching == {"lpips-alex", "lpips-vgg", "dists", "ntire", "piq:NAME", "pyiqa:NAME"}


def test_the_example_of_the_documentation_works_as_printed(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    source = text.partition("```python\n")[2].partition("```")[0]
    (tmp_path / "worst.py").write_text(source)
    done = python(SCORE.replace("max-error", "worst").format(channels=", 3"), SRBENCH_METRICS_PATH=str(tmp_path))
    assert json.loads(done.stdout)[0] == {"worst": 6}, done.stderr


def test_the_documentation_lists_every_metric() -> None:
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
    for row in metrics.metrics():
        assert f"| `{row.name}` | {row.better} |" in text
