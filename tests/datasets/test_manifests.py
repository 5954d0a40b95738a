"""The shipped manifests: well-formed, complete, pinned; and manifests of one's own."""

from __future__ import annotations

import re

import pytest

from srbench.datasets import find, load, locate, manifest, manifests, verify
from srbench.errors import DatasetError

COUNTS = {"demo": 6, "set5": 5, "set14": 14, "bsd100": 100, "urban100": 100, "bsds300-train": 200}
COMMITS = {
    "SelfExSR": "8f6dd8c1d20cb7e8792a7177b4f6fd677633f598",
    "BSDS500": "a04b7c6c3a9f0ace74bf205c72a43d32e1c72722",
}


def test_the_shipped_sets_are_all_there_with_their_images():
    assert {m.name: len(m.images) for m in manifests()} == COUNTS
    assert manifests()[0].name == "demo"


@pytest.mark.parametrize("name", COUNTS)
def test_a_manifest_says_all_that_a_user_needs_to_know(name):
    m = find(name)
    assert m.title
    assert m.about.endswith(".")
    assert m.licence
    assert re.match(r"@\w+\{\w+,", m.citation)
    assert m.citation.count("{") == m.citation.count("}")
    paths = [entry.path for entry in m.entries]
    assert len(set(paths)) == len(paths)
    parts = 2 if m.scale else 1
    assert len(paths) == parts * COUNTS[name]


@pytest.mark.parametrize("name", [name for name in COUNTS if name != "urban100"])
def test_every_file_has_a_checksum_of_its_own(name):
    sums = [entry.sha256 or "" for entry in find(name).entries]
    assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum in sums)
    assert len(set(sums)) == len(sums)


def test_the_checksums_of_urban100_are_left_to_the_first_fetch():
    assert not find("urban100").is_pinned
    assert all(entry.sha256 is None for entry in find("urban100").entries)


@pytest.mark.parametrize("name", [name for name in COUNTS if name != "demo"])
def test_every_address_is_pinned_to_a_commit_and_unique(name):
    addresses = [entry.address for entry in find(name).entries]
    assert len(set(addresses)) == len(addresses)
    for address in addresses:
        source = next(source for source in COMMITS if f"/{source}/" in address)
        assert address.startswith("https://raw.githubusercontent.com/")
        assert f"/{source}/{COMMITS[source]}/" in address


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("set5", "data/Set5/image_SRF_4/img_003_SRF_4_LR.png"),
        ("urban100", "data/Urban100/image_SRF_4/img_100_SRF_4_HR.png"),
        ("bsds300-train", "BSDS500/data/images/train/302003.jpg"),
    ],
)
def test_addresses_follow_the_names_at_the_source(name, expected):
    assert any(entry.address.endswith(f"/{expected}") for entry in find(name).entries)


def test_the_demo_set_comes_with_scikit_image(monkeypatch):
    monkeypatch.delenv("SRBENCH_DATA", raising=False)
    assert locate("demo") == ("part of skimage", True)
    assert [check.problem for check in verify("demo")] == [""] * 6
    pairs = load("demo")
    assert {pair.name for pair in pairs} >= {"astronaut", "camera", "chelsea", "coffee", "motorcycle_left", "rocket"}
    for pair in pairs:
        height, width = pair.hr().shape[:2]
        assert height % 4 == width % 4 == 0
        assert pair.lr().shape == (height // 4, width // 4, *pair.hr().shape[2:])
    assert next(pair for pair in pairs if pair.name == "camera").hr().ndim == 2


def test_an_unknown_set_is_answered_with_the_nearest_name():
    with pytest.raises(DatasetError, match=r"Unknown data set 'sett5'\. Did you mean 'set5'"):
        load("sett5")


def test_a_manifest_of_ones_own_is_one_more_set_and_never_shadows_another(tmp_path, monkeypatch):
    text = 'title = "T"\nabout = "A."\nlicence = "L"\ncitation = "C"\n[hr]\npath = "{name}.png"\n[images]\na = {}\n'
    (tmp_path / "mine.toml").write_text(text)
    monkeypatch.setenv("SRBENCH_DATASETS_PATH", str(tmp_path))
    assert find("mine").images == ("a",)
    (tmp_path / "set5.toml").write_text(text)
    manifest._read_all.cache_clear()
    with pytest.raises(DatasetError, match="Two data sets are called 'set5'"):
        find("mine")
    monkeypatch.setenv("SRBENCH_DATASETS_PATH", str(tmp_path / "gone"))
    with pytest.raises(DatasetError, match="not a folder"):
        manifests()


@pytest.mark.parametrize("text", ["title = ", 'title = "T"', 'images = 3\ntitle = "T"', "\x00"])
def test_a_manifest_that_is_not_well_formed_is_named(tmp_path, text):
    path = tmp_path / "broken.toml"
    path.write_text(text)
    with pytest.raises(DatasetError, match=r"broken\.toml is not well-formed"):
        manifest.parse(path)
