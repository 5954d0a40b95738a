"""A user's own folder, with all that real folders hold."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from srbench import images
from srbench.datasets import load
from srbench.datasets.inspection import inspect
from srbench.errors import DatasetError, ImageError
from srbench.resize import blur_decimate, reduce

RNG = np.random.default_rng(3)
COLOUR = RNG.integers(0, 256, (30, 42, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one image."""
    images.write(tmp_path / "mine" / "a.png", COLOUR)
    return tmp_path / "mine"


def names(folder: Path, **options) -> list[str]:
    return [pair.name for pair in load(str(folder), **options)]


def test_images_come_in_natural_order_whatever_their_type(folder: Path):
    for name in ("img10.PNG", "img2.bmp", "img1.jpg", "b.tif"):
        PillowImage.fromarray(COLOUR).save(folder / name)
    (folder / "notes.txt").write_text("not an image")
    (folder / "._a.png").write_bytes(b"what macOS leaves behind")
    (folder / "sub.png").mkdir()
    assert names(folder) == ["a", "b", "img1", "img2", "img10"]
    assert names(folder, limit=2) == ["a", "b"]


def test_originals_are_cropped_and_lr_images_made(folder: Path):
    for scale, shape in ((4, (28, 40, 3)), (3, (30, 42, 3)), (8, (24, 40, 3))):
        pair = load(str(folder), scale)[0]
        assert np.array_equal(pair.hr(), COLOUR[: shape[0], : shape[1]])
        assert np.array_equal(pair.lr(), reduce(pair.hr(), scale))


def test_the_paper_s_blur_makes_other_lr_images_under_another_hash(folder: Path):
    bicubic, blurred = load(str(folder))[0], load(str(folder), degradation="gaussian")[0]
    assert np.array_equal(blurred.lr(), blur_decimate(blurred.hr(), 4))
    assert bicubic.input_hash != blurred.input_hash
    with pytest.raises(DatasetError, match=r"Unknown degradation 'gausian'\. Did you mean 'gaussian'"):
        load(str(folder), degradation="gausian")


def test_the_hash_follows_the_content_and_not_the_place(folder: Path, tmp_path: Path):
    before = load(str(folder))[0].input_hash
    (tmp_path / "moved").mkdir()
    (folder / "a.png").rename(tmp_path / "moved" / "a.png")
    assert load(str(tmp_path / "moved"))[0].input_hash == before
    images.write(tmp_path / "moved" / "a.png", COLOUR[::-1].copy())
    assert load(str(tmp_path / "moved"))[0].input_hash != before


def kinds(folder: Path) -> dict[str, PillowImage.Image]:
    colour = PillowImage.fromarray(COLOUR)
    return {
        "gray": colour.convert("L"),
        "palette": colour.quantize(200),
        "opaque": colour.convert("RGBA"),
        "bilevel": colour.convert("1"),
    }


def test_gray_palette_opaque_alpha_and_bilevel_images_keep_every_value(tmp_path: Path):
    for name, picture in kinds(tmp_path).items():
        picture.save(tmp_path / f"{name}.png")
    pairs = {pair.name: pair for pair in load(str(tmp_path))}
    assert pairs["gray"].hr().shape == (28, 40)
    assert pairs["bilevel"].hr().shape == (28, 40)
    assert np.array_equal(pairs["opaque"].hr(), COLOUR[:28, :40])
    palette = np.asarray(PillowImage.fromarray(COLOUR).quantize(200).convert("RGB"))
    assert np.array_equal(pairs["palette"].hr(), palette[:28, :40])


def bomb() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x55
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


BAD = {
    "truncated.png": lambda path: (PillowImage.fromarray(COLOUR).save(path), cut(path)),
    "truncated.jpg": lambda path: (PillowImage.fromarray(COLOUR).save(path), cut(path)),
    "flipped.png": lambda path: (PillowImage.fromarray(COLOUR).save(path), flipped(path)),
    "empty.png": lambda path: path.write_bytes(b""),
    "text.png": lambda path: path.write_text("this is no image"),
    "cmyk.jpg": lambda path: PillowImage.fromarray(COLOUR).convert("CMYK").save(path),
    "cmyk.tif": lambda path: PillowImage.fromarray(COLOUR).convert("CMYK").save(path),
    "deep.png": lambda path: PillowImage.fromarray(COLOUR[..., 0].astype(np.uint16) * 257).save(path),
    "float.tif": lambda path: PillowImage.fromarray(COLOUR[..., 0].astype(np.float32)).save(path),
    "clear.png": lambda path: PillowImage.fromarray(np.dstack([COLOUR, COLOUR[..., 0]])).save(path),
    "pixel.png": lambda path: PillowImage.fromarray(COLOUR[:1, :1]).save(path),
    "line.png": lambda path: PillowImage.fromarray(COLOUR[:3]).save(path),
    "bomb.png": lambda path: path.write_bytes(bomb()),
}


@pytest.mark.parametrize("name", BAD)
def test_an_image_that_cannot_be_used_is_named_before_anything_is_computed(folder: Path, name: str):
    BAD[name](folder / name)
    with pytest.raises(ImageError, match=name.replace(".", r"\.")) as caught:
        load(str(folder))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_quick_look_agrees_with_decoding_on_whole_images(tmp_path: Path):
    for extension in ("png", "jpg", "bmp", "webp", "tif", "ppm"):
        path = tmp_path / f"x.{extension}"
        PillowImage.fromarray(COLOUR).save(path)
        assert inspect(path, 30) == images.file_sha256(path)
        with pytest.raises(ImageError, match="42x30 pixels, too few for scale 31"):
            inspect(path, 31)


def test_two_images_of_one_name_are_refused(folder: Path):
    PillowImage.fromarray(COLOUR).save(folder / "a.jpg")
    with pytest.raises(DatasetError, match=r"two images called 'a': a\.jpg and a\.png"):
        load(str(folder))


def test_hr_and_lr_folders_are_understood(tmp_path: Path):
    small = COLOUR[:28:4, :40:4].copy()
    for name in ("p1", "p2"):
        images.write(tmp_path / "set" / "HR" / f"{name}.png", COLOUR)
    images.write(tmp_path / "set" / "LR_bicubic_x4" / "p1.png", small)
    images.write(tmp_path / "set" / "LR_bicubic_x4" / "p2x4.png", small)
    pairs = load(str(tmp_path / "set"))
    assert [pair.name for pair in pairs] == ["p1", "p2"]
    assert all(np.array_equal(pair.lr(), small) for pair in pairs)
    assert load(str(tmp_path / "set"), 2)[0].lr_path is None
    assert load(str(tmp_path / "set"), degradation="gaussian")[0].lr_path is None
    assert {pair.dataset for pair in load(str(tmp_path / "set" / "HR"))} == {"set"}
    (tmp_path / "set" / "LR_bicubic_x4" / "p2x4.png").unlink()
    with pytest.raises(DatasetError, match=r"LR_bicubic_x4 holds no image 'p2'"):
        load(str(tmp_path / "set"))


def test_an_lr_file_of_the_wrong_size_is_named_when_it_is_read(tmp_path: Path):
    images.write(tmp_path / "set" / "HR" / "p.png", COLOUR)
    images.write(tmp_path / "set" / "LR_bicubic_x4" / "p.png", COLOUR)
    with pytest.raises(ImageError, match=r"LR_bicubic_x4/p\.png has shape \(30, 42, 3\); expected \(7, 10, 3\)"):
        load(str(tmp_path / "set"))[0].lr()


def test_folders_without_images_say_where_there_might_be_some(tmp_path: Path):
    with pytest.raises(DatasetError, match="holds no images"):
        load(str(tmp_path))
    images.write(tmp_path / "inner" / "a.png", COLOUR)
    with pytest.raises(DatasetError, match=r"There are some in its folder 'inner'"):
        load(str(tmp_path))
    with pytest.raises(DatasetError, match="There is no folder"):
        load(str(tmp_path / "gone"))
    with pytest.raises(DatasetError, match="Cannot read folder"):
        load(str(tmp_path / "inner" / "a.png"))


def test_a_folder_never_takes_the_name_of_a_published_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    images.write(tmp_path / "set5" / "a.png", COLOUR)
    monkeypatch.chdir(tmp_path)
    assert {pair.dataset for pair in load("./set5")} == {"set5-folder"}
    assert {pair.dataset for pair in load("set5/")} == {"set5-folder"}


def test_a_folder_is_named_by_its_own_name_even_as_a_dot(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    pair = load(".")[0]
    assert pair.dataset == "mine"
    assert pair.hr_path.is_absolute()
