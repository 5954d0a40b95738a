"""Compiled kernels are kept, and made anew when any file that they are made of changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from srbench import content
from srbench.methods.selfexsr.kernels.compiling import DIGEST, compiled, digest_of

PROGRAM = """
import sys
# A package of the name that the copied files import one another by.
for name, places in (("srbench", []), ("srbench.methods", [sys.argv[1]])):
    sys.modules[name] = type(sys)(name)
    sys.modules[name].__path__ = places
from srbench.methods.selfexsr.kernels import states
print(states.within(3.0, 3.0, 20, 20), sum(states.within.stats.cache_hits.values()))
"""


def within(folder: Path) -> list[str]:
    """Call a kernel of the copy in `folder` in a new process: its answer, and how often compiled code was found."""
    env = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_kernels_are_kept_between_processes_until_a_file_that_they_import_changes(tmp_path: Path) -> None:
    shutil.copytree(
        content.folder("methods") / "selfexsr", tmp_path / "selfexsr", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "selfexsr" / "__init__.py").write_text("")
    assert within(tmp_path) == ["True", "0"]
    assert within(tmp_path) == ["True", "1"]
    # The kernel's own file stays as it is: what changes is a constant that it imports.
    constants = tmp_path / "selfexsr" / "state.py"
    constants.write_text(constants.read_text().replace("\nRADIUS = 2\n", "\nRADIUS = 3\n"))
    assert within(tmp_path) == ["False", "0"]


@pytest.mark.parametrize("changed", [0, 1])
def test_a_digest_changes_with_every_file_and_with_nothing_else(tmp_path: Path, changed: int) -> None:
    files = [tmp_path / "a.py", tmp_path / "b.py"]
    for file in files:
        file.write_text("A = 1\n")
    before = digest_of(files)
    assert digest_of(files[::-1]) == before
    files[changed].touch()
    assert digest_of(files) == before
    files[changed].write_text("A = 2\n")
    assert digest_of(files) != before


def test_a_compiled_function_carries_the_digest_and_computes_what_it_says() -> None:
    @compiled
    def twice(value: float) -> float:
        return 2.0 * value

    assert twice(1.5) == 3.0
    assert twice.__qualname__.endswith(DIGEST)
