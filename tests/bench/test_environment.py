"""What decides the scores of a machine is told, compared, and asked of a fresh process."""

from __future__ import annotations

import io
import json
import platform
from pathlib import Path

import numpy as np
import pytest

from srbench import registry
from srbench.bench import environment
from srbench.bench.environment import Asked
from srbench.registry import Setup

ASKED = Asked(("bicubic", "espcn"), ("psnr",), ("daala", "matlab"), 4, "cpu", "fast")


def test_a_machine_tells_its_packages_and_what_its_methods_metrics_and_protocols_are() -> None:
    told = environment.describe(ASKED)
    assert told["numpy"] == np.__version__
    assert told["python"] == platform.python_version()
    assert told["method 'espcn'"] == registry.fingerprint("espcn", Setup(4))
    assert told["method 'bicubic'"] != told["method 'espcn'"]
    assert {"srbench", "metric 'psnr'", "protocol 'daala'", "protocol 'matlab'"} <= told.keys()


def test_another_precision_is_another_method() -> None:
    bf16 = Asked(("espcn",), (), (), 4, "cpu", "bf16")
    assert environment.describe(bf16)["method 'espcn'"] != environment.describe(ASKED)["method 'espcn'"]


def test_what_is_not_here_is_answered_by_the_sentence_that_says_so() -> None:
    told = environment.describe(Asked(("bicubik",), ("psrn",), ("dala",), 4, "cpu", "fast"))
    assert "Did you mean 'bicubic'" in told["method 'bicubik'"]
    assert "'psrn'" in told["metric 'psrn'"]
    assert "'dala'" in told["protocol 'dala'"]


def test_a_change_of_any_module_is_a_change_of_srbench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bench").mkdir()
    for place in ("__init__.py", "bench/worker.py", "methods.py"):
        (tmp_path / place).write_text("one = 1\n")
    monkeypatch.setattr(environment.srbench, "__file__", str(tmp_path / "__init__.py"))
    hashes = []
    for text in ("one = 1\n", "one = 2\n", "one = 1\n"):
        (tmp_path / "bench" / "worker.py").write_text(text)
        environment._sources.cache_clear()
        hashes.append(environment.describe(Asked((), (), (), 4, "cpu", "fast"))["srbench"])
    environment._sources.cache_clear()
    assert hashes[0] == hashes[2] != hashes[1]


def test_differences_are_named_with_both_sides() -> None:
    expected = {"numpy": "2.4.6", "torch": "2.14.1", "method 'mine'": "abc"}
    assert environment.differences(expected, expected) == []
    assert environment.differences(expected, {"numpy": "2.4.5", "torch": "2.14.1"}) == [
        "numpy (2.4.5, not 2.4.6)",
        "method 'mine' (none, not abc)",
    ]


def test_a_question_asked_as_text_is_answered_as_if_it_was_asked_here(capsys: pytest.CaptureFixture[str]) -> None:
    environment.main(io.StringIO(environment.question(ASKED)))
    assert json.loads(capsys.readouterr().out) == environment.describe(ASKED)
