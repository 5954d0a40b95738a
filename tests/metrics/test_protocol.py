"""The table of protocols: a user's own ones, broken ones, and the rule for gray images."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from srbench import metrics
from srbench.errors import MetricError
from srbench.metrics import protocol as table

HR = np.random.default_rng(5).integers(0, 256, (32, 36, 3), dtype=np.uint8)
SR = np.roll(HR, 1, axis=0)


def test_an_unknown_protocol_is_answered_with_the_nearest() -> None:
    with pytest.raises(MetricError, match=r"Unknown protocol 'dala'\. Did you mean 'daala'?"):
        metrics.find_protocol("dala")


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )


OWN = '''
from srbench.metrics import register_protocol

@register_protocol("green", title="Green alone", border=lambda scale: scale + 6)
def green(sr, hr):
    """The green channel, ten pixels in at x4."""
    return sr[..., 1], hr[..., 1]
'''
USE = """
import json, numpy as np
from srbench import metrics
hr = np.full((60, 60, 3), 100, np.uint8)
sr = hr.copy(); sr[..., 0] = 0; sr[9, 9, 1] = 0; sr[10, 10, 1] = 110
found = metrics.find_protocol("green")
print(json.dumps([metrics.evaluate(sr, hr, scale=4, protocol="green"), found.version, found.description,
                  [p.name for p in metrics.protocols()], metrics.broken()]))
"""


@pytest.mark.parametrize("variable", ["SRBENCH_PROTOCOLS_PATH", "SRBENCH_METRICS_PATH"])
def test_a_users_protocol_is_one_function_in_one_file(tmp_path: Path, variable: str) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    (tmp_path / "broken.py").write_text("import sys, srbench; sys.exit(4)")
    done = python(USE, **{variable: str(tmp_path)})
    assert done.returncode == 0, done.stderr
    scores, _, description, names, broken = json.loads(done.stdout)
    assert scores["psnr"] == pytest.approx(10 * math.log10(255**2 / (100 / 1600)), abs=1e-9)
    assert 0.5 < scores["ssim"] < 1
    assert description == "The green channel, ten pixels in at x4."
    assert names[-1] == "green"
    assert list(broken) == [str(tmp_path / "broken.py")]
    assert broken[str(tmp_path / "broken.py")].startswith("importing it ends the program with 4.")


def test_a_changed_protocol_has_another_version(tmp_path: Path) -> None:
    versions = []
    for source in (OWN, OWN, OWN.replace("1]", "2]")):
        (tmp_path / "mine.py").write_text(source)
        versions.append(json.loads(python(USE, SRBENCH_PROTOCOLS_PATH=str(tmp_path)).stdout)[1])
    assert versions[0] == versions[1] != versions[2]


@pytest.mark.usefixtures("own_tables")
def test_a_protocol_of_a_notebook_has_a_version_of_its_code() -> None:
    def version(channel: int) -> str:
        source = f"def own(sr, hr):\n    return sr[..., {channel}], hr[..., {channel}]\n"
        space: dict = {"__name__": "__main__"}
        exec(source, space)
        metrics.register_protocol("cell", title="Cell")(space["own"])
        return metrics.find_protocol("cell").version

    assert version(0) == version(0) != version(2)


def test_two_protocols_of_one_name_are_an_error(tmp_path: Path) -> None:
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text(OWN)
    done = python("from srbench import metrics; metrics.protocols()", SRBENCH_PROTOCOLS_PATH=str(tmp_path))
    assert "Two plugins register the protocol 'green'" in done.stderr


def test_a_shipped_protocol_cannot_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN.replace('"green"', '"matlab"'))
    done = python("from srbench import metrics; metrics.find_protocol('daala')", SRBENCH_PROTOCOLS_PATH=str(tmp_path))
    assert "Two plugins register the protocol 'matlab'" in done.stderr


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda sr, hr: 1 / 0, "Protocol 'own' failed: ZeroDivisionError: division by zero"),
        (lambda sr, hr: sys.exit(2), "Protocol 'own' ends the program with 2"),
        (lambda sr, hr: sr, "Protocol 'own' failed: ValueError"),
        (lambda sr, hr: (sr, hr[:-1]), r"Protocol 'own' made arrays of the shapes \(24, 28, 3\) and \(23, 28, 3\)"),
        (
            lambda sr, hr: (sr[0, 0], hr[0, 0]),
            r"Protocol 'own': expected arrays \(H, W\) or \(H, W, C\); one has",
        ),
        (lambda sr, hr: (sr / 0.0, hr), "Protocol 'own': expected finite values"),
    ],
)
@pytest.mark.usefixtures("own_tables")
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_a_protocol_that_breaks_is_named(function: table.Compared, message: str) -> None:
    metrics.register_protocol("own", title="Own", version="1")(function)
    with pytest.raises(MetricError, match=message):
        metrics.evaluate(SR, HR, scale=4, protocol="own")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
@pytest.mark.usefixtures("own_tables")
def test_arrays_of_any_type_and_layout_are_compared(dtype: type) -> None:
    @metrics.register_protocol("own", title="Own", version="1")
    def transposed(sr: np.ndarray, hr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return sr[..., 0].T.astype(dtype), np.broadcast_to(hr[..., 0].T, hr.shape[1::-1])

    green = metrics.evaluate(SR[..., :1].repeat(3, 2), HR[..., :1].repeat(3, 2), scale=4, protocol="basicsr-rgb")
    assert metrics.evaluate(SR, HR, scale=4, protocol="own") == pytest.approx(green, abs=1e-10)


def test_the_rule_for_gray_images_is_another_protocol_so_that_scores_never_mix() -> None:
    assert metrics.find_protocol("matlab", gray="mean").name == "matlab"
    assert metrics.find_protocol("matlab", gray="rgb").name == "matlab-gray-rgb"
    for name in ("daala", "basicsr", "basicsr-rgb", "matlab-gray-rgb"):
        assert metrics.find_protocol(name, gray="rgb").name == name
    with pytest.raises(MetricError, match="expected 'mean' or 'rgb'"):
        metrics.find_protocol("matlab", gray="luma")


@pytest.mark.parametrize("name", ["Mine", "a,b", "a b", "", "a/b", "a:b"])
def test_names_that_cannot_be_typed_are_refused(name: str) -> None:
    with pytest.raises(MetricError, match="lower-case"):
        metrics.register_protocol(name, title="x")(lambda sr, hr: (sr, hr))


def test_the_documentation_describes_every_protocol() -> None:
    text = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    for one in metrics.protocols():
        if one.module.startswith("srbench."):
            assert f"`{one.name}`" in text


def test_the_example_of_the_documentation_works_as_printed(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    (tmp_path / "green.py").write_text(text.partition("```python\n")[2].partition("```")[0])
    done = python(USE, SRBENCH_PROTOCOLS_PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    scores, _, description, _, _ = json.loads(done.stdout)
    # Six pixels in: the pixel at (9, 9) counts here as well.
    assert scores["psnr"] == pytest.approx(10 * math.log10(255**2 / ((100**2 + 100) / 48**2)), abs=1e-9)
    assert description == "The green channel, six pixels in."
