"""mypy and pyright see a user's script alike, with srbench installed from the wheel and as editable."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("user_script.py")
EXPECTED = [number for number, line in enumerate(SCRIPT.read_text().splitlines(), 1) if line.endswith("# expect")]


@pytest.fixture(scope="module", params=["wheel", "editable"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds srbench alone: checkers then take seconds, not a minute."""
    site: Path = request.getfixturevalue(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    venv.create(folder, symlinks=True)
    shutil.copytree(site, next(folder.glob("lib/python*/site-packages")), dirs_exist_ok=True)
    return folder / "bin" / "python"


def check(checker: str, *arguments: str, cwd: Path) -> str:
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"needs {checker}: pip install 'srbench[test]'")
    script = shutil.copy(SCRIPT, cwd)
    env = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "MYPYPATH"}}
    command = [sys.executable, "-m", checker, *arguments, script]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False).stdout


def test_mypy_sees_what_a_user_imports(python: Path, tmp_path: Path) -> None:
    output = check("mypy", "--strict", "--python-executable", str(python), "--cache-dir", "cache", cwd=tmp_path)
    assert sorted({int(line) for line in re.findall(r"^user_script\.py:(\d+): error", output, re.M)}) == EXPECTED, (
        output
    )


def test_pyright_sees_what_a_user_imports(python: Path, tmp_path: Path) -> None:
    output = check("pyright", "--outputjson", "--pythonpath", str(python), cwd=tmp_path)
    found = json.loads(output)["generalDiagnostics"]
    assert sorted({row["range"]["start"]["line"] + 1 for row in found}) == EXPECTED, output
