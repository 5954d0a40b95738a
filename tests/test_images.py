"""Reading and writing images: every value as stored, and one clear sentence for what cannot be used."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from srbench import images
from srbench.errors import ImageError

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (7, 5, 3), dtype=np.uint8)
GRAY = RNG.integers(0, 256, (7, 5), dtype=np.uint8)


def save(path: Path, array: np.ndarray, mode: str | None = None, **options: object) -> Path:
    picture = PillowImage.fromarray(array)
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


@pytest.mark.parametrize("image", [RGB, GRAY, RGB[:1, :1], GRAY[:1, :1]])
def test_what_is_written_is_read_back(tmp_path: Path, image: np.ndarray) -> None:
    sha256 = images.write(tmp_path / "deep" / "a.png", image)
    back = images.read(tmp_path / "deep" / "a.png")
    assert back.dtype == np.uint8
    np.testing.assert_array_equal(back, image)
    assert sha256 == images.file_sha256(tmp_path / "deep" / "a.png")
    assert list((tmp_path / "deep").iterdir()) == [tmp_path / "deep" / "a.png"]


def test_a_palette_image_is_expanded_exactly(tmp_path: Path) -> None:
    few = (RGB // 128) * 255
    np.testing.assert_array_equal(images.read(save(tmp_path / "p.png", few, "P")), few)


def test_a_bilevel_image_becomes_black_and_white(tmp_path: Path) -> None:
    bits = np.where(GRAY > 127, 255, 0).astype(np.uint8)
    np.testing.assert_array_equal(images.read(save(tmp_path / "b.png", bits, "1")), bits)


def test_opaque_alpha_is_dropped_and_transparency_refused(tmp_path: Path) -> None:
    opaque = np.dstack([RGB, np.full((7, 5), 255, np.uint8)])
    np.testing.assert_array_equal(images.read(save(tmp_path / "o.png", opaque)), RGB)
    opaque[3, 2, 3] = 254
    with pytest.raises(ImageError, match="partly transparent"):
        images.read(save(tmp_path / "t.png", opaque))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("cmyk.jpg", lambda path: save(path, RGB, "CMYK")),
        ("sixteen.png", lambda path: save(path, GRAY.astype(np.uint16) * 257)),
        ("float.tif", lambda path: save(path, GRAY.astype(np.float32))),
    ],
)
def test_other_modes_are_refused_by_name(tmp_path: Path, name: str, make: object) -> None:
    path = make(tmp_path / name)  # type: ignore[operator]
    with pytest.raises(ImageError, match=rf"{name} has mode .*expected|expects 8-bit gray or RGB"):
        images.read(path)


def test_a_truncated_image_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ImageError, match=r"a\.png"):
        images.read(path)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ImageError, match="damaged or is not an image"):
        images.read(tmp_path / "x.png")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No such file"):
        images.read(tmp_path / "nothing.png")


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    buffer = io.BytesIO()
    PillowImage.new("1", (20_000, 20_000)).save(buffer, "PNG")
    with pytest.raises(ImageError, match="more"):
        images.decode(buffer.getvalue(), "bomb.png")


def test_shaving_removes_the_border_and_refuses_to_leave_nothing() -> None:
    np.testing.assert_array_equal(images.shave(GRAY, 2), GRAY[2:-2, 2:-2])
    np.testing.assert_array_equal(images.shave(GRAY, 0), GRAY)
    with pytest.raises(ImageError, match="5x7"):
        images.shave(GRAY, 3)


def test_cropping_to_a_multiple_keeps_the_upper_left_part() -> None:
    np.testing.assert_array_equal(images.crop_to_multiple(RGB, 2), RGB[:6, :4])
    with pytest.raises(ImageError, match="too small for scale 8"):
        images.crop_to_multiple(RGB, 8)


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.txt"
    images.write_atomically(target, b"old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        images.write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
