"""The registry of methods: names, plugins that break or clash, and what counts for a fingerprint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from srbench import registry
from srbench.errors import MethodError, WeightsError
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
    with pytest.raises(MethodError, match="not x4") as refused:
        method.check(4)
    assert not isinstance(refused.value, WeightsError)


def test_missing_weights_are_a_reason_with_the_command_that_makes_them(tmp_path: Path) -> None:
    method = Method("m", "M", lambda _: lambda lr: lr, weights={4: tmp_path / "m.safetensors"})
    assert "srbench train m --scale 4" in (method.why_not(4) or "")
    with pytest.raises(WeightsError, match="m has no weights for x4"):
        method.check(4)
    (tmp_path / "m.safetensors").touch()
    assert method.why_not(4) is None


def test_weights_that_name_no_factor_are_answered_with_what_is_expected() -> None:
    with pytest.raises(MethodError, match=r"weights='mine\.pt': expected a file for each factor"):
        registry.register_loader("no-factor", title="No factor", weights="mine.pt")(lambda _: lambda lr: lr)
    assert "no-factor" not in {method.name for method in registry.methods()}


def test_a_plugin_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN)
    code = (
        "import numpy as np; from srbench import registry as r;"
        "print(r.create('mine', r.Setup(scale=3))(np.zeros((2, 2), np.uint8)).shape)"
    )
    assert python(code, tmp_path).stdout.strip() == "(6, 6)"


def test_a_method_of_a_broken_plugin_is_answered_with_what_broke(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import module_that_is_not_there")
    for name in ("broken", "other"):
        done = python(f"from srbench import registry as r; r.find('{name}')", tmp_path)
        assert str(tmp_path / "broken.py") in done.stderr
        assert "No module named 'module_that_is_not_there'" in done.stderr


def test_weights_of_a_plugin_are_relative_to_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = PLUGIN.replace('"Mine"', '"Mine", weights={2: "two.pt", 3: "~/three.pt", 4: "/four.pt"}')
    (tmp_path / "mine.py").write_text(declared)
    (tmp_path / "two.pt").touch()
    monkeypatch.setenv("HOME", "/home/me")
    code = (
        "from srbench import registry as r; m, _ = r.find('mine');"
        "print(*m.weights.values(), m.why_not(2), m.why_not(4), m.why_not(8), sep='|')"
    )
    two, three, four, *reasons = python(code, tmp_path).stdout.strip().split("|")
    assert (two, three, four) == (str(tmp_path / "two.pt"), "/home/me/three.pt", "/four.pt")
    assert reasons == [
        "None",
        "mine has no weights for x4. Its plugin declares /four.pt, which is not there.",
        "mine has no weights for x8. Its plugin declares them for x2, x3, x4.",
    ]


def test_a_file_read_while_a_plugin_is_imported_counts_in_its_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("DATA = open('data.bin').read()\n" + PLUGIN)
    code = "from srbench import registry as r; print(r.fingerprint('mine', r.Setup()))"
    prints = []
    for text in ("1", "2", "2"):
        (tmp_path / "data.bin").write_text(text)
        prints.append(python(code, tmp_path).stdout)
    assert prints[0] != prints[1] == prints[2] != ""


def test_the_table_has_a_row_for_every_method_and_every_broken_plugin(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(PLUGIN.replace('"Mine"', '"Bicubic"'))
    (tmp_path / "broken.py").write_text("1 / 0")
    code = "import json; from srbench import registry as r; print(json.dumps(r.table(2)))"
    rows = {row["name"]: row for row in json.loads(python(code, tmp_path).stdout)}
    assert rows["espcn"]["parameters"] == 21284
    assert rows["espcn"]["weights"].endswith("espcn-x2.safetensors")
    assert rows["espcn"]["available"] is True
    assert rows["srgan-vgg54"]["why_not"] == "srgan-vgg54 does x4, not x2."
    assert rows["results:DIR"]["scales"] is None
    assert rows[str(tmp_path / "broken.py")]["why_not"] == "ZeroDivisionError: division by zero"
    assert [rows[name]["title"] for name in ("bicubic", "mine")] == ["Bicubic (bicubic)", "Bicubic (mine)"]
    assert len({tuple(row) for row in rows.values()}) == 1


@pytest.mark.parametrize("name", ["a,b", "a/b", "..", "", "a b", "results:x", "-a"])
def test_a_name_that_is_no_name_of_a_folder_is_refused(name: str) -> None:
    with pytest.raises(MethodError, match="expected letters, digits"):
        registry.register(name, title="x")(lambda lr, scale: lr)


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
