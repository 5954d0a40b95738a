"""A folder of plugins of one's own, and a process that looks into it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

METHOD = """
from srbench.registry import register

@register("{name}", title="Mine")
def mine(lr, scale):
    return lr.repeat(scale, 0).repeat(scale, 1)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder that `run` looks for methods in."""
    folder = tmp_path / "own methods"
    folder.mkdir()
    return folder


@pytest.fixture
def run(folder: Path, tmp_path: Path) -> Run:
    """Run Python code in a new process and in an empty working directory; fail when it takes a minute."""
    work = tmp_path / "work"
    work.mkdir()

    def run(code: str, *arguments: str, methods: str = str(folder), **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, "SRBENCH_METHODS_PATH": methods, **env},
            cwd=work,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run
