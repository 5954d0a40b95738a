"""A file of a user's own may register metrics and protocols; one that cannot be loaded is named and stops nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BOTH = """
from srbench.metrics import register_metric, register_protocol

@register_metric("worst", title="Largest error", higher_is_better=False)
def worst(sr, hr):
    return abs(sr.astype(int) - hr).max()

@register_protocol("plain", title="Red alone", border=0)
def plain(sr, hr):
    return sr[..., 0], hr[..., 0]
"""


def python(code: str, **variables: str) -> str:
    env = {**os.environ, **variables}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_file_in_either_folder_registers_both_kinds(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(BOTH)
    code = "from srbench import metrics; print(metrics.find('worst').title, metrics.find_protocol('plain').name)"
    for variable in ("SRBENCH_METRICS_PATH", "SRBENCH_PROTOCOLS_PATH"):
        assert python(code, **{variable: str(tmp_path)}) == "Largest error plain\n"


def test_a_file_that_breaks_is_named_with_its_reason_and_the_others_are_there(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(BOTH)
    (tmp_path / "bad.py").write_text("import numpyy\n")
    code = """
from srbench import metrics
from srbench.metrics import discovery
print(list(metrics.broken()), metrics.find("worst").name)
print(discovery.hint())
try:
    metrics.find("wurst")
except Exception as error:
    print(error)
"""
    broken, hint, message = python(code, SRBENCH_METRICS_PATH=str(tmp_path)).splitlines()
    assert broken == f"['{tmp_path / 'bad.py'}'] worst"
    assert hint.startswith(f" Broken plugins: {tmp_path / 'bad.py'}: ")
    assert "numpyy" in hint
    assert "worst" in message
    assert hint.strip() in message


def test_where_nothing_is_broken_there_is_nothing_to_say() -> None:
    code = "from srbench.metrics import discovery; print(discovery.broken(), repr(discovery.hint()))"
    assert python(code, SRBENCH_METRICS_PATH="", SRBENCH_PROTOCOLS_PATH="") == "{} ''\n"
