"""The shipped manifests: well-formed, complete, pinned; and manifests of one's own."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from srbench import images
from srbench.datasets import archives, broken, find, load, locate, manifests, verify
from srbench.errors import DatasetError

PINNED = {"demo": 6, "set5": 5, "set14": 14, "bsd100": 100, "general100": 100, "urban100": 100, "bsds300-train": 200}
COUNTS = {**PINNED, "div2k-valid": 100, "manga109": 109, "lsdir-valid": 250}
COMMITS = {
    "SelfExSR": "8f6dd8c1d20cb7e8792a7177b4f6fd677633f598",
    "BSDS500": "a04b7c6c3a9f0ace74bf205c72a43d32e1c72722",
    "ESPCN-Pytorch": "86370ec715d6e30c7915d4f4a7bb2e46cd56f4de",
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
    originals = {e.scale for e in m.entries if e.part == "hr"}
    parts = len(originals) + (1 + len(m.others) if m.scale else 0)
    assert len(paths) == parts * COUNTS[name]


@pytest.mark.parametrize("name", PINNED)
def test_every_file_has_a_checksum_of_its_own(name):
    sums = [entry.sha256 or "" for entry in find(name).entries]
    assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum in sums)
    # An original whose size is a multiple of several factors is one file under several names at the source.
    assert len({(entry.image, entry.sha256) for entry in find(name).files()}) == len(find(name).files())


@pytest.mark.parametrize(
    ("name", "others"), [("set5", (2, 3)), ("set14", (2, 3)), ("bsd100", (2, 3)), ("urban100", (2,))]
)
def test_published_sets_have_files_for_their_other_factors(name, others):
    m = find(name)
    assert m.others == others
    for scale in others:
        files = m.files(scale)
        assert len(files) == 2 * len(m.images)
        assert all(
            entry.address.endswith(f"/image_SRF_{scale}/{entry.image}_SRF_{scale}_{entry.part.upper()}.png")
            for entry in files
        )
    assert {entry.path.split("/")[0] for entry in m.files()} == {"HR", "LR_bicubic_x4"}
    assert {entry.path.split("/")[0] for entry in m.files(8)} == {"HR"}
    assert len(m.files(2, limit=3)) == 6


def test_the_checksums_of_urban100_are_those_taken_at_its_source(golden):
    expected = json.loads((golden / "urban100_sha256.json").read_text())["images"]
    assert {(e.image, e.part): e.sha256 for e in find("urban100").files()} == {
        (image, part): checksum for image, parts in expected.items() for part, checksum in parts.items()
    }


@pytest.mark.parametrize("name", [name for name in PINNED if name != "demo"])
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


def test_sets_of_archives_have_a_name_in_them_for_every_file():
    for name in ("div2k-valid", "lsdir-valid"):
        m = find(name)
        assert not m.is_pinned
        parts = [archives.split(entry.address) for entry in m.entries]
        assert all(address.startswith("https://data.vision.ee.ethz.ch/") and member for address, member in parts)
        assert len(set(parts)) == len(parts)
    assert {path.part for path in find("div2k-valid").files(2)} == {"hr", "lr"}
    assert [e.scale for e in find("div2k-valid").files(2, limit=1)] == [None, 2]


def test_a_set_that_is_given_to_people_only_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path))
    monkeypatch.delenv("SRBENCH_DATA", raising=False)
    monkeypatch.delenv("SRBENCH_MIRROR", raising=False)
    with pytest.raises(DatasetError, match=r"^Data set 'manga109' cannot be downloaded by a program\. .*manga109\.org"):
        load("manga109")


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


MINE = 'title = "T"\nabout = "A."\nlicence = "L"\ncitation = "C"\n[hr]\npath = "{name}.png"\n[images]\na = {}\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for manifests of one's own."""
    monkeypatch.setenv("SRBENCH_DATASETS_PATH", str(tmp_path))
    return tmp_path


def test_a_manifest_of_ones_own_is_one_more_set_and_never_shadows_another(folder):
    (folder / "mine.toml").write_text(MINE)
    (folder / "set5.toml").write_text(MINE)
    assert find("mine").images == ("a",)
    with pytest.raises(DatasetError, match=r"Two data sets are called 'set5': .*set5\.toml and .*set5\.toml"):
        find("set5")
    assert "set5" not in {m.name for m in manifests()}
    assert list(broken()) == [str(folder / "set5.toml")]


BROKEN = {
    "latin": (MINE.replace("A.", "caf\xe9").encode("latin-1"), "latin.toml: line 2 is not UTF-8. Save it as UTF-8"),
    "headless": (MINE.replace("[hr]", "[high]").encode(), "headless.toml lacks 'hr'"),
    "empty": (b"", "empty.toml lacks 'title'"),
    "list": (b'images = 3\ntitle = "T"', "list.toml lacks 'about'"),
    "unfinished": (b"title = ", "unfinished.toml: it is no TOML"),
    "nul": (b"\0", "nul.toml: it is no TOML"),
    "typed": (MINE.replace("a = {}", "a = 3").encode(), "typed.toml is not well-formed"),
    "braces": (MINE.replace("{name}", "{}").encode(), "braces.toml is not well-formed"),
    "sum": (MINE.replace("a = {}", 'a = { hr = "abc" }').encode(), "the SHA-256 of a.png is 'abc', expected 64"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_manifest_is_named_and_stops_no_other(folder, name):
    content, reason = BROKEN[name]
    (folder / f"{name}.toml").write_bytes(content)
    (folder / "mine.toml").write_text(MINE)
    assert find("mine").title == "T"
    assert find("set5").title == "Set5"
    (place, said), *more = broken().items()
    assert (place, more) == (str(folder / f"{name}.toml"), [])
    assert reason in said
    assert "\n" not in said
    with pytest.raises(DatasetError, match=rf"[Tt]he manifest .*{name}\.toml"):
        load(name)


def test_a_folder_of_manifests_that_is_not_there_is_named_and_stops_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("SRBENCH_DATASETS_PATH", str(tmp_path / "gone"))
    assert {m.name for m in manifests()} == set(COUNTS)
    assert broken() == {str(tmp_path / "gone"): "SRBENCH_DATASETS_PATH names it, but there is no such folder"}


def test_capitals_in_a_checksum_and_a_byte_order_mark_are_no_mistakes(folder, data_root):
    source = data_root / "set5" / "HR" / "img_001.png"
    (folder / "mine").mkdir()
    shutil.copy(source, folder / "mine" / "a.png")
    text = MINE.replace("a = {}", f'a = {{ hr = "{images.file_sha256(source).upper()}" }}')
    (folder / "mine.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert broken() == {}
    assert [(check.problem, check.is_known) for check in verify("mine", folder)] == [("", True)]
    assert len(load("mine", data_root=folder)) == 1


def test_the_images_own_names_are_those_of_the_pictures():
    assert [names[0] for names in find("set5").aliases.values()] == ["baby", "bird", "butterfly", "head", "woman"]
    assert find("set14").aliases["img_003"] == ("bridge",)
    assert find("set14").aliases["img_009"] == ("lenna", "lena")
    assert find("bsd100").also_called == ("B100", "BSDS100")
