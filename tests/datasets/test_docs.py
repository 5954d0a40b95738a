"""docs/datasets.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from srbench.datasets import download, manifest, manifests

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "datasets.md").read_text(encoding="utf-8")


def test_the_table_of_sets_is_that_of_the_manifests():
    rows = re.findall(r"^\| `([\w-]+)` \| (\d+)[^|]*\| ([^|]*) \|", TEXT, re.MULTILINE)
    scales = {m.name: sorted({*m.others, *([m.scale] if m.scale else [])}) for m in manifests()}
    said = {name: f"published for {', '.join(f'x{s}' for s in own)}" if own else "made" for name, own in scales.items()}
    assert set(rows) == {(m.name, str(len(m.images)), said[m.name]) for m in manifests()}


def test_the_manifest_that_is_shown_is_well_formed(tmp_path: Path):
    (tmp_path / "mine.toml").write_text(re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)[0], encoding="utf-8")
    mine = manifest.parse(tmp_path / "mine.toml")
    assert mine.images == ("first", "second")
    assert (mine.scale, mine.others) == (4, (2,))
    assert mine.aliases["first"] == ("lighthouse",)
    assert not mine.is_pinned


def test_every_variable_that_the_code_reads_is_explained():
    package = Path(download.__file__).parent
    used = {name for path in package.glob("*.py") for name in re.findall(r"SRBENCH_[A-Z_]+", path.read_text())}
    assert used == set(re.findall(r"^\| `(SRBENCH_[A-Z_]+)`", TEXT, re.MULTILINE))


def test_retries_and_connections_are_as_documented():
    words = {4: "four", 8: "Eight"}
    assert f"asked for again, {words[download.RETRIES]} times" in TEXT
    assert f"{words[download.CONNECTIONS]} files come at a time" in TEXT
