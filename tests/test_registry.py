"""The registry of methods: names, plugins that break or clash, and what counts for a fingerprint."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from srbench import registry
from srbench.errors import MethodError
from srbench.registry import Method, Setup, to_8bit
from srbench.sources import closure


def python(code: str, plugins: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` in a process that looks for plugins in `plugins`, too."""
    env = {**os.environ, "SRBENCH_METHODS_PATH": str(plugins)}
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)


PLUGIN = """
from srbench.registry import register

@register("mine", title="Mine")
def mine(lr, scale):
    return lr.repeat(scale, 0).repeat(scale, 1)
"""


def test_a_misspelt_name_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(MethodError, match=r"Unknown method 'bicubik'\. Did you mean 'bicubic'\?"):
        registry.find("bicubik")


def test_an_argument_must_fit_the_method() -> None:
    with pytest.raises(MethodError, match="'results:DIR'"):
        registry.find("results")
    with pytest.raises(MethodError, match="takes no argument"):
        registry.find("nearest:5")


def test_a_scale_that_a_method_cannot_do_is_refused() -> None:
    method = Method("m", "M", lambda _: lambda lr: lr, scales=(2, 3))
    assert method.why_not(3) is None
    assert method.why_not(4) == "m does x2, x3, not x4."


def test_missing_weights_are_a_reason_with_the_command_that_makes_them(tmp_path: Path) -> None:
    method = Method("m", "M", lambda _: lambda lr: lr, weights={4: tmp_path / "m.safetensors"})
    assert "srbench train m --scale 4" in (method.why_not(4) or "")
    (tmp_path / "m.safetensors").touch()
    assert method.why_not(4) is None


def test_a_plugin_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    code = (
        "import numpy as np; from srbench import registry as r;"
        "print(r.create('mine', r.Setup(scale=3))(np.zeros((2, 2), np.uint8)).shape, r.find('mine')[0].module)"
    )
    assert python(code, tmp_path).stdout.strip() == "(6, 6) srbench.methods.mine"


def test_a_broken_plugin_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import module_that_is_not_there")
    (tmp_path / "mine.py").write_text(PLUGIN)
    code = (
        "from srbench import registry as r; print(len(r.methods()) > 3, r.find('mine')[0].name, r.broken());"
        "r.find('broken')"
    )
    done = python(code, tmp_path)
    assert "True mine {'broken': \"ModuleNotFoundError: No module named 'module_that_is_not_there'\"}" in done.stdout
    assert "The plugin 'broken' cannot be imported" in done.stderr


def test_two_plugins_with_one_name_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(PLUGIN)
    (tmp_path / "two.py").write_text(PLUGIN)
    done = python("from srbench import registry as r; r.methods()", tmp_path)
    assert "Two plugins register the method 'mine'" in done.stderr


def test_two_plugin_files_with_one_name_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "nearest.py").write_text(PLUGIN)
    done = python("from srbench import registry as r; r.methods()", tmp_path)
    assert "Two plugin files are called 'nearest'" in done.stderr


def test_a_fingerprint_follows_code_and_setup(tmp_path: Path) -> None:
    code = "from srbench import registry as r; print(r.fingerprint('mine', r.Setup()))"
    (tmp_path / "mine.py").write_text(PLUGIN)
    first = python(code, tmp_path).stdout
    assert len(first.strip()) == 16
    assert python(code, tmp_path).stdout == first
    (tmp_path / "mine.py").write_text(PLUGIN + "\n# changed\n")
    assert python(code, tmp_path).stdout != first
    assert registry.fingerprint("nearest", Setup(scale=2)) != registry.fingerprint("nearest", Setup(scale=4))


def test_a_fingerprint_follows_the_modules_a_plugin_imports() -> None:
    names = {path.name for path in closure("srbench.methods.bicubic")}
    assert {"bicubic.py", "images.py"} <= names
    assert any("resize" in str(path) for path in closure("srbench.methods.bicubic"))


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("text", "returned str"),
        (np.zeros((3, 4), np.uint8), r"shape \(3, 4\); expected \(4, 4\)"),
        (np.zeros((4, 4), np.int64), "returned int64"),
        (np.full((4, 4), np.nan, np.float32), "not finite"),
    ],
)
def test_what_is_no_image_is_refused(output: object, message: str) -> None:
    with pytest.raises(MethodError, match=f"Method 'm' returned .*{message}|{message}"):
        to_8bit("m", output, (4, 4))


def test_floats_are_rounded_half_up_and_clipped() -> None:
    values = np.array([[-3.0, 0.5], [1.5, 300.0]])
    np.testing.assert_array_equal(to_8bit("m", values, (2, 2)), [[0, 1], [2, 255]])
