"""Builds what users install: the wheel, and the entry that an editable install makes."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = (sys.executable, "-m", "build", "--no-isolation")


def wheel(folder: Path) -> Path:
    """Return a folder that holds what the wheel puts into site-packages."""
    done = subprocess.run([*BUILD, "--wheel", "--outdir", folder, ROOT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return _unpacked(folder)


def editable(folder: Path) -> Path:
    """Return a folder that holds what `pip install -e .` puts into site-packages."""
    code = "import sys; from hatchling.build import build_editable; build_editable(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, folder], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return _unpacked(folder)


def _unpacked(folder: Path) -> Path:
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        archive.extractall(folder / "site")
    return folder / "site"
