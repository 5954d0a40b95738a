"""Reading and writing images: every value as stored, and one clear sentence for what cannot be used."""

from __future__ import annotations

import io
import resource
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as PillowImage
from PIL import ImageCms, ImageOps

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
        ("float.tif", lambda path: save(path, GRAY.astype(np.float32))),
    ],
)
def test_other_modes_are_refused_by_name(tmp_path: Path, name: str, make: object) -> None:
    path = make(tmp_path / name)  # type: ignore[operator]
    with pytest.raises(ImageError, match=rf"{name} has mode .*expected|expects gray or RGB"):
        images.read(path)


def deep_png(values: np.ndarray, key: tuple[int, ...] = ()) -> bytes:
    """A 16-bit PNG, made by hand from the specification: no library decides here what the right values are."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = values.shape[:2]
    colour = {(): 0, (2,): 4, (3,): 2, (4,): 6}[values.shape[2:]]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    transparent = chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)) if key else b""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + transparent + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


ALL = np.arange(65536, dtype=np.uint16).reshape(256, 256)
ROUNDED = np.floor(np.arange(65536) * 255 / 65535 + 0.5).astype(np.uint8).reshape(256, 256)


def test_every_16_bit_value_is_rounded_alike_in_gray_and_in_colour() -> None:
    colour = np.dstack([ALL, ALL[::-1], ALL.T])
    expected = np.dstack([ROUNDED, ROUNDED[::-1], ROUNDED.T])
    opaque = np.full_like(ALL, 65535)
    np.testing.assert_array_equal(images.decode(deep_png(ALL)), ROUNDED)
    np.testing.assert_array_equal(images.decode(deep_png(colour)), expected)
    np.testing.assert_array_equal(images.decode(deep_png(np.dstack([colour, opaque]))), expected)
    assert np.array_equal(images.decode(deep_png(np.dstack([ALL, opaque])))[..., 1], ROUNDED)


@pytest.mark.parametrize("image", [RGB, GRAY])
def test_an_8_bit_image_comes_back_from_16_bits_as_it_was(tmp_path: Path, image: np.ndarray) -> None:
    deep = image.astype(np.uint16) * 257
    photometric = "rgb" if image.ndim == 3 else "minisblack"
    for place, options in enumerate(({}, {"compression": "deflate"}, {"byteorder": ">"})):
        tifffile.imwrite(tmp_path / f"{place}.tif", deep, photometric=photometric, **options)
        np.testing.assert_array_equal(images.read(tmp_path / f"{place}.tif"), image)
    kind = b"P6" if image.ndim == 3 else b"P5"
    for largest in (65535, 1023):
        values = np.floor(image / 255 * largest + 0.5).astype(">u2")
        (tmp_path / "x.ppm").write_bytes(b"%s\n5 7\n%d\n" % (kind, largest) + values.tobytes())
        np.testing.assert_array_equal(images.read(tmp_path / "x.ppm"), image)
    np.testing.assert_array_equal(images.decode(deep_png(deep)), image)


def test_16_bit_transparency_is_seen_down_to_the_last_bit() -> None:
    deep = np.dstack([RGB.astype(np.uint16) * 257, np.full((7, 5), 65535, np.uint16)])
    deep[3, 2, 3] = 65534
    with pytest.raises(ImageError, match="partly transparent"):
        images.decode(deep_png(deep))
    for values, key in ((deep[..., :3], deep[0, 0, :3]), (deep[..., 0], deep[0, 0, :1])):
        with pytest.raises(ImageError, match="partly transparent"):
            images.decode(deep_png(values, tuple(map(int, key))))
        other = tuple(int(part) ^ 1 for part in key)
        assert images.decode(deep_png(values, other)).shape[:2] == (7, 5)


def test_16_bit_kinds_that_no_library_reads_rightly_are_refused(tmp_path: Path) -> None:
    deep = RGB.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "planes.tif", np.moveaxis(deep, 2, 0), photometric="rgb", planarconfig="separate")
    tifffile.imwrite(tmp_path / "white.tif", deep[..., 0], photometric="miniswhite")
    tifffile.imwrite(tmp_path / "signed.tif", deep[..., 0].astype(np.int16), photometric="minisblack")
    for name in ("planes", "white", "signed"):
        with pytest.raises(ImageError, match=rf"{name}\.tif"):
            images.read(tmp_path / f"{name}.tif")


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_a_truncated_16_bit_image_is_refused(tmp_path: Path, name: str) -> None:
    deep = RNG.integers(0, 65536, (64, 64, 3), dtype=np.uint16)
    if name.endswith("png"):
        (tmp_path / name).write_bytes(deep_png(deep))
    else:
        tifffile.imwrite(tmp_path / name, deep, photometric="rgb")
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-2000])
    with pytest.raises(ImageError, match="deep"):
        images.read(tmp_path / name)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("extension", ["jpg", "png", "tif", "webp"])
def test_a_picture_is_read_the_way_up_that_viewers_show_it(tmp_path: Path, orientation: int, extension: str) -> None:
    tag = PillowImage.Exif()
    tag[274] = orientation
    options = {"lossless": True} if extension == "webp" else {}
    path = save(tmp_path / f"a.{extension}", np.kron(RGB, np.ones((8, 8, 1), np.uint8)), exif=tag, **options)
    with PillowImage.open(path) as picture:
        np.testing.assert_array_equal(images.read(path), np.asarray(ImageOps.exif_transpose(picture)))


def test_a_16_bit_picture_is_turned_as_well(tmp_path: Path) -> None:
    deep = RGB.astype(np.uint16) * 257
    turned = np.rot90(RGB, -1)
    for values, expected in ((deep, turned), (deep[..., 1], turned[..., 1])):
        kind = "rgb" if values.ndim == 3 else "minisblack"
        tifffile.imwrite(tmp_path / "a.tif", values, photometric=kind, extratags=[(274, 3, 1, 6, False)])
        np.testing.assert_array_equal(images.read(tmp_path / "a.tif"), expected)
        tag = PillowImage.Exif()
        tag[274] = 6
        data, note = deep_png(values), tag.tobytes()[6:]
        chunk = struct.pack(">I", len(note)) + b"eXIf" + note + struct.pack(">I", zlib.crc32(b"eXIf" + note))
        np.testing.assert_array_equal(images.decode(data[:33] + chunk + data[33:]), expected)


@pytest.mark.parametrize("extension", ["png", "webp", "tif", "gif"])
def test_a_file_of_several_frames_is_no_picture(tmp_path: Path, extension: str) -> None:
    first, second = (PillowImage.fromarray(image) for image in (RGB, RGB[::-1]))
    first.save(tmp_path / f"a.{extension}", save_all=True, append_images=[second])
    with pytest.raises(ImageError, match=rf"a\.{extension} holds 2 frames"):
        images.read(tmp_path / f"a.{extension}")


def test_the_second_picture_in_a_telephone_s_jpeg_does_not_count(tmp_path: Path) -> None:
    first, second = (PillowImage.fromarray(image) for image in (RGB, RGB[::-1]))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])
    with PillowImage.open(tmp_path / "a.jpg") as picture:
        assert picture.format == "MPO"
    assert images.read(tmp_path / "a.jpg").shape == RGB.shape


def test_a_colour_profile_is_kept_where_it_fits() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert images.colour_profile(images.encode(RGB, profile)) == profile
    assert images.colour_profile(images.encode(GRAY, profile)) is None
    assert images.colour_profile(images.encode(RGB)) is None
    assert images.colour_profile(b"no image") is None


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


def test_a_full_disk_is_an_error_that_names_the_file_and_leaves_none(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="File too large") as full:
            images.write_atomically(tmp_path / "a.png", bytes(1000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert full.value.filename == str(tmp_path / "a.png")
    assert not list(tmp_path.iterdir())
