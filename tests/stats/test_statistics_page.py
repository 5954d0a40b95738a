"""The tables of the page on statistics are those that the benchmarks print."""

from __future__ import annotations

import importlib.util
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def loaded(name: str) -> ModuleType:
    """Load a benchmark as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page() -> ModuleType:
    return loaded("statistics_page")


def test_tables_are_found_by_their_heads_and_replaced_whole(page: ModuleType) -> None:
    text = "one\n\n| a, 9 studies | b |\n|--|--|\n| 1 | 2 |\n| 3 | 4 |\n\ntwo\n\n| c |\n|--|\n| 5 |\n"
    assert page.tables(text) == {
        "| a, N studies | b |": ["| a, 9 studies | b |", "|--|--|", "| 1 | 2 |", "| 3 | 4 |"],
        "| c |": ["| c |", "|--|", "| 5 |"],
    }
    new = page.tables("400 studies\n\n| a, 400 studies | b |\n|--|--|\n| 6 | 7 |\n\n9 s")
    changed = "one\n\n| a, 400 studies | b |\n|--|--|\n| 6 | 7 |\n\ntwo\n\n| c |\n|--|\n| 5 |\n"
    assert page.replaced(text, new) == changed


def test_a_table_that_the_page_does_not_have_is_an_error(page: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"no table that begins with '\| x \|'"):
        page.replaced("| a |\n|--|\n| 1 |", page.tables("| x |\n|--|\n| 1 |"))
    with pytest.raises(ValueError, match="Two tables begin with"):
        page.tables("| a |\n|--|\n\n| a |\n|--|")


def test_the_page_has_every_table_of_the_benchmarks(
    page: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    significance = loaded("significance")
    true = {"good": (0.8, 0.8, 0.6), "noisy": (0.6, 0.61, 0.4)}  # nearly, and sooner found
    monkeypatch.setattr(significance, "true_correlations", lambda metric, _: true[metric])
    # What is found does not matter here.
    monkeypatch.setattr(significance, "measure", lambda *_: significance.Shares(*[0.0] * 7))
    monkeypatch.setattr(significance, "tastes_found", lambda *_: np.zeros(2))
    monkeypatch.setattr(significance, "correlations_covered", lambda *_: np.zeros(3))
    with ThreadPoolExecutor(1) as pool:
        significance.print_decisions(1, 0, pool)
        significance.print_tastes(1, 0, pool)
        significance.print_correlations(1, 0, pool)
    printed = page.tables(capsys.readouterr().out)
    text = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    assert len(printed) == 3
    for head, lines in printed.items():
        ours = page.tables(text)[head]
        assert [line.split("|")[1] for line in ours[1:]] == [line.split("|")[1] for line in lines[1:]]
