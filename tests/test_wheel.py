"""The wheel on its own: built, unpacked into an empty environment, and run from a folder that is no checkout."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel; its dependencies come from the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def python(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # On PYTHONPATH the .pth files in site-packages are not read, so the editable checkout is out of sight.
    packages = [
        str(installed),
        sysconfig.get_path("purelib"),
        *([] if sys.prefix != sys.base_prefix else site.getsitepackages()),
    ]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(packages), "PYTHONNOUSERSITE": "1"}
    env.pop("SRBENCH_DATA", None)
    return subprocess.run(
        [sys.executable, "-S", *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


def test_only_one_import_package_is_installed(installed: Path) -> None:
    tops = {path.name for path in installed.iterdir()}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"srbench"}
    assert (installed / "srbench" / "_content" / "methods" / "nearest.py").is_file()
    assert (installed / "srbench" / "_content" / "datasets" / "set5.toml").is_file()
    assert (installed / "srbench" / "py.typed").is_file()


def test_the_main_job_runs_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    where = python(installed, "-c", "import srbench; print(srbench.__file__)", cwd=tmp_path)
    assert where.stdout.startswith(str(installed)), where.stderr
    arguments = ("-m", "srbench", "run", "--limit", "2", "--methods", "nearest,bicubic,hr")
    done = python(installed, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Bicubic" in done.stdout
    assert (tmp_path / "runs" / "demo-x4" / "scores.csv").is_file()
