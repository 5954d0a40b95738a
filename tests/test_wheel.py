"""The wheel on its own: unpacked into an empty environment, and run from a folder that is no checkout."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

from .packages import BUILD, ROOT

CONTENT = ("_content/datasets/set5.toml", "_content/mos_app/main.py", "_content/reports/templates")


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


def test_only_one_import_package_is_installed(wheel: Path) -> None:
    tops = {path.name for path in wheel.iterdir()}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"srbench"}
    for place in CONTENT:
        assert (wheel / "srbench" / place).exists()
    assert (wheel / "srbench" / "py.typed").is_file()


def test_methods_are_modules_of_the_wheel_once_and_with_their_weights(wheel: Path) -> None:
    inside = {path.relative_to(wheel / "srbench" / "methods").as_posix() for path in wheel.rglob("methods/**/*.*")}
    shipped = subprocess.run(["git", "ls-files"], cwd=ROOT / "methods", capture_output=True, text=True, check=False)
    assert inside == set(shipped.stdout.split()) or shipped.returncode  # not when the sources are no checkout
    assert {"nearest.py", "srresnet/network.py", "srresnet/weights/srresnet-mse-x4.safetensors"} <= inside


def test_the_main_job_runs_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    code = "import srbench, srbench.methods.espcn.network as e; print(srbench.__file__, e.ESPCN.__module__)"
    where = python(wheel, "-c", code, cwd=tmp_path)
    assert where.stdout.startswith(str(wheel)), where.stderr
    assert where.stdout.endswith(" srbench.methods.espcn.network\n")
    arguments = ("-m", "srbench", "run", "--limit", "2", "--methods", "nearest,bicubic,hr")
    done = python(wheel, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Bicubic" in done.stdout
    assert (tmp_path / "runs" / "demo-x4" / "scores.csv").is_file()


def test_the_source_archive_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([*BUILD, "--sdist", "--outdir", tmp_path, ROOT], capture_output=True, check=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    source = next((tmp_path / "source").iterdir())
    subprocess.run([*BUILD, "--wheel", "--outdir", tmp_path, source], capture_output=True, check=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as again:
        files = {name for name in again.namelist() if ".dist-info/" not in name}
    installed = (path for path in (wheel / "srbench").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert files == {path.relative_to(wheel).as_posix() for path in installed}
