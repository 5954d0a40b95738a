"""The site builds without a complaint, and its pages agree with the code and with each other."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import itertools
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
WRITTEN = [
    *PAGES,
    *ROOT.glob("*.md"),
    *(page for name in ("methods", "reports") for page in (ROOT / name).rglob("*.md")),
]
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def test_the_site_builds_without_a_complaint(tmp_path: Path) -> None:
    for name in ("zensical", "mkdocstrings_handlers"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"needs {name}: pip install 'srbench[docs]'")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    shutil.copytree(DOCS, tmp_path / "docs")
    (tmp_path / "srbench").symlink_to(ROOT / "srbench")
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout + done.stderr
    api = (tmp_path / "site" / "api" / "srbench.html").read_text(encoding="utf-8")
    assert 'id="srbench.api.Run.table"' in api


def test_every_page_is_in_the_navigation_and_every_entry_is_a_page() -> None:
    def pages(entry: object) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        parts = entry.values() if isinstance(entry, dict) else entry
        return [page for part in parts for page in pages(part)]  # type: ignore[attr-defined]

    named = pages(tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]["nav"])
    assert sorted(named) == sorted(page.relative_to(DOCS).as_posix() for page in PAGES)


@pytest.mark.parametrize("page", [*PAGES, *ROOT.glob("*.md")], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    targets = [unquote(target) for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text)]
    local = [target for target in targets if not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (page.parent / target).exists()] == []
    if page.is_relative_to(DOCS):  # the site holds nothing from outside
        outside = [target for target in local if not (page.parent / target).resolve().is_relative_to(DOCS)]
        assert outside == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_row_of_a_table_stands_under_a_head(page: Path) -> None:
    """A blank line inside a table ends it: what follows is shown as text with bars."""
    lines = [*FENCED.sub("", page.read_text(encoding="utf-8")).splitlines(), ""]
    blocks = [
        list(block) for is_row, block in itertools.groupby(lines, lambda line: line.lstrip().startswith("|")) if is_row
    ]
    astray = [
        block[0] for block in blocks if len(block) < 3 or not re.fullmatch(r"\s*\|(\s*:?-+:?\s*\|)+\s*", block[1])
    ]
    assert astray == [], "each needs a head and a line such as |:--|--:| above it"
    widths = [{len(re.findall(r"(?<!\\)\|", re.sub(r"`[^`]*`", "", row))) for row in block} for block in blocks]
    assert [block[0] for block, width in zip(blocks, widths, strict=True) if len(width) > 1] == [], (
        "rows as wide as the head"
    )


def test_the_layers_are_those_of_the_test_of_layers() -> None:
    source = ast.parse((ROOT / "tests" / "test_layers.py").read_text(encoding="utf-8"))
    values = {
        target.id: node.value
        for node in source.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| (.*) \|$", page, re.MULTILINE)
    said = {name: int(layer) for layer, names in rows for name in re.findall(r"`([\w.]+)`", names)}
    table = ast.literal_eval(values["LAYERS"])
    assert said == {name.removeprefix("srbench."): layer for name, layer in table.items()}


def test_the_drawing_and_the_pages_name_files_and_modules_that_exist() -> None:
    drawing = (DOCS / "figures" / "architecture.svg").read_text(encoding="utf-8")
    drawn = [name.strip() for label in re.findall(r'class="m"[^>]*>([^<]+)<', drawing) for name in label.split("·")]
    assert len(drawn) > 12
    for name in drawn:
        assert importlib.util.find_spec(f"srbench.{name}"), name
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    files = re.findall(r"`((?:srbench|mos_app|tests|methods|datasets|reports)/[\w/.]*)`", page)
    assert len(files) > 8
    assert [name for name in files if "NAME" not in name and not (ROOT / name).exists()] == []


def test_the_glossary_names_classes_that_exist() -> None:
    for name in glossary():
        module, _, short = name.rpartition(".")
        assert inspect.isclass(getattr(importlib.import_module(module), short, None)), name


def test_a_class_name_that_two_modules_use_is_told_apart_in_the_glossary() -> None:
    """A second meaning should get another word; where there are two, the glossary must say which is which."""
    homes = defaultdict(set)
    for path in (ROOT / "srbench").rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].add(".".join([*parts, node.name]))
    twice = {name for name, places in homes.items() if len(places) > 1}
    # Each network's settings are its Config, a page further down says so.
    assert {name for short in twice - {"Config"} for name in homes[short]} <= glossary()


def glossary() -> set[str]:
    return set(re.findall(r"`(srbench(?:\.\w+)+\.[A-Z]\w*)`", (DOCS / "glossary.md").read_text(encoding="utf-8")))
