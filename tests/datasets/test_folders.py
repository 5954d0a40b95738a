"""A user's own folder, with all that real folders hold."""

from __future__ import annotations

import os
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as PillowImage

from srbench import images
from srbench.datasets import Dataset, describe_left_out, load
from srbench.datasets.inspection import Look, inspect
from srbench.errors import DatasetError, DegradationError, ImageError
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
    with pytest.raises(DegradationError, match=r"Unknown degradation 'gausian'\. Did you mean 'gaussian'"):
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
        assert inspect(path, 30) == Look(images.file_sha256(path), 30, 42)
        with pytest.raises(ImageError, match="42x30 pixels, too few for scale 31"):
            inspect(path, 31)


def test_two_images_of_one_name_are_refused(folder: Path):
    PillowImage.fromarray(COLOUR).save(folder / "a.jpg")
    with pytest.raises(DatasetError, match=r"two images called 'a': a\.jpg and a\.png"):
        load(str(folder))


@pytest.mark.parametrize("other", ["a_x4.png", "ax4.png", "a_SRF_4.png"])
def test_an_image_beside_itself_with_a_factor_is_refused_and_not_taken_for_two_originals(folder: Path, other: str):
    images.write(folder / "a.png", np.zeros((16, 16), np.uint8))
    for path in folder.glob("a.[!p]*"):
        path.unlink()
    images.write(folder / other, np.zeros((4, 4), np.uint8))
    with pytest.raises(
        DatasetError, match=rf"holds a\.png and {re.escape(other)}: is the latter the LR image, a result"
    ):
        load(str(folder))


def test_16_bit_originals_are_rounded_gray_and_colour_alike(tmp_path: Path):
    gray, colour = COLOUR[..., 0], COLOUR
    for name, values in (("gray", gray), ("colour", colour)):
        deep = values.astype(np.uint16) * 257
        tifffile.imwrite(tmp_path / f"{name}.tif", deep, photometric="rgb" if deep.ndim == 3 else "minisblack")
    pairs = {pair.name: pair for pair in load(str(tmp_path))}
    assert np.array_equal(pairs["gray"].hr(), gray[:28, :40])
    assert np.array_equal(pairs["colour"].hr(), colour[:28, :40])


def test_a_photograph_held_upright_is_upright(folder: Path):
    tag = PillowImage.Exif()
    tag[274] = 6
    PillowImage.fromarray(COLOUR).save(folder / "b.png", exif=tag)
    PillowImage.fromarray(COLOUR).save(folder / "c.jpg", exif=tag)
    _, png, jpeg = load(str(folder))
    assert np.array_equal(png.hr(), np.rot90(COLOUR, -1)[:40, :28])
    assert jpeg.hr().shape == (40, 28, 3)
    assert inspect(folder / "c.jpg").height == 42
    with pytest.raises(ImageError, match="30x42 pixels, too few for scale 31"):
        inspect(folder / "c.jpg", 31)


def test_what_is_left_out_is_named_with_the_reason(folder: Path):
    first, second = PillowImage.fromarray(COLOUR), PillowImage.fromarray(COLOUR[::-1])
    first.save(folder / "b.gif", save_all=True, append_images=[second])
    first.save(folder / "c.png", save_all=True, append_images=[second])
    first.save(folder / "d.webp", save_all=True, append_images=[second])
    (folder / "e.jp2").write_bytes(b"JPEG 2000")
    (folder / "notes.txt").write_text("not an image")
    (folder / "._a.png").write_bytes(b"what macOS leaves behind")
    (folder / "old").mkdir()
    dataset = load(str(folder))
    assert [pair.name for pair in dataset] == ["a"]
    assert {item.name: item.reason for item in dataset.left_out} == {
        "b.gif": "a format that srbench does not read",
        "c.png": "several frames in one file",
        "d.webp": "several frames in one file",
        "e.jp2": "a format that srbench does not read",
        "notes.txt": "no image",
        "old": "a folder",
    }
    line = describe_left_out(dataset.left_out)
    assert line.startswith("6 left out: ")
    assert line.endswith("; and 1 more")


def test_only_animations_are_no_data_set(tmp_path: Path):
    first, second = PillowImage.fromarray(COLOUR), PillowImage.fromarray(COLOUR[::-1])
    first.save(tmp_path / "c.png", save_all=True, append_images=[second])
    with pytest.raises(DatasetError, match=r"no single images. 1 left out: c\.png \(several frames"):
        load(str(tmp_path))


def test_a_name_that_is_not_utf8_is_written_so_that_every_file_takes_it(folder: Path):
    images.write(folder / "x.png", COLOUR)
    (folder / "x.png").rename(folder / os.fsdecode(b"caf\xe9.png"))
    dataset = load(str(folder.rename(folder.parent / os.fsdecode(b"f\xfcr"))))
    assert [(pair.dataset, pair.name) for pair in dataset] == [("f\\xfcr", "a"), ("f\\xfcr", "caf\\xe9")]
    assert np.array_equal(dataset[1].hr(), COLOUR[:28, :40])
    f"{dataset[1].dataset}/{dataset[1].name}".encode()


def test_a_name_that_is_part_of_another_is_told_from_it(tmp_path: Path):
    for name in ("photo", "photo_2", "boat"):
        images.write(tmp_path / f"{name}.png", COLOUR)
    assert {pair.name: pair.longer for pair in load(str(tmp_path), limit=2)} == {"boat": (), "photo": ("photo_2",)}


def test_a_data_set_is_a_sequence_of_its_pairs(folder: Path):
    dataset = load(str(folder))
    assert isinstance(dataset, Dataset)
    assert (len(dataset), dataset[0], dataset[:1]) == (1, dataset.pairs[0], dataset.pairs)
    assert [*dataset] == list(dataset.pairs)
    assert dataset.name == "mine"
    assert dataset.lr_origin == "made from HR by MATLAB's bicubic reduction"
    assert load(str(folder), degradation="gaussian").lr_origin.startswith("made from HR by a Gaussian filter")


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
