"""Measures SelfExSR: seconds against image size, the gain of planes on facades with a known answer, its figures.

    python benchmarks/selfexsr.py size      # seconds and their growth, one thread and two, one process
    python benchmarks/selfexsr.py facades   # dB with planes and without, beside bicubic
    python benchmarks/selfexsr.py figures   # draws docs/figures/selfexsr again

Facades are computed from a camera and a wall, so that vanishing points and planes are known exactly. The photograph is
scikit-image's `astronaut`. The compile cache is warmed first.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from srbench import metrics, resize
from srbench.methods.selfexsr.planes import Planes, find_planes
from srbench.methods.selfexsr.synthesis import Level, levels, upscale

Array = NDArray[np.float64]
FIGURES = Path(__file__).resolve().parent.parent / "docs" / "figures" / "selfexsr"
VIEWS = {
    "one wall, turned 60 degrees": {"turns": (60.0,), "tilt": 8.0},
    "one wall, turned 50 degrees": {"turns": (50.0,), "tilt": 4.0},
    "corner, 35 and 28 degrees": {"turns": (35.0, 152.0), "tilt": 8.0},
    "corner, 20 and 16 degrees": {"turns": (20.0, 164.0), "tilt": 8.0},
}


@dataclass(frozen=True)
class Facade:
    """A picture of one wall or two, and what is to be found in it.

    Attributes:
        image: (N, N, 3) uint8.
        points: (V, 3) homogeneous vanishing points: of each wall's horizontals, then of all verticals.
        wall: (N, N) number of the wall seen in each pixel.
        texture: (N, N, 2) place on the wall at each pixel's centre; windows repeat with period 1 both ways.
    """

    image: NDArray[np.uint8]
    points: Array
    wall: NDArray[np.int64]
    texture: Array


def paint(u: Array, v: Array) -> Array:
    """Return the colours of a brick wall with one window in each unit square."""
    a, b = u % 1.0, v % 1.0
    color = np.full((*u.shape, 3), (0.72, 0.55, 0.45))
    row = np.floor(v * 12)
    color[((v * 12) % 1.0 < 0.22) | ((u * 6 + 0.5 * (row % 2)) % 1.0 < 0.10)] = (0.83, 0.74, 0.66)
    for left, right, top, bottom, paint_color in (
        (0.18, 0.82, 0.12, 0.86, (0.95, 0.94, 0.90)),
        (0.23, 0.77, 0.17, 0.78, (0.16, 0.22, 0.32)),
        (0.475, 0.525, 0.17, 0.78, (0.95, 0.94, 0.90)),
        (0.23, 0.77, 0.44, 0.49, (0.95, 0.94, 0.90)),
        (0.12, 0.88, 0.86, 0.92, (0.45, 0.40, 0.38)),
    ):
        color[(a > left) & (a < right) & (b > top) & (b < bottom)] = paint_color
    return color


def facade(size: int, turns: tuple[float, ...] = (60.0,), tilt: float = 8.0, over: int = 4) -> Facade:
    """Photograph walls that meet in a vertical edge, 4 units away, with a camera of focal length `size` pixels.

    Args:
        size: Height and width in pixels.
        turns: Direction of each wall in degrees, 0 across the view and 90 away from the camera; one wall has no end.
        tilt: How far the camera looks up, in degrees.
        over: Rays per pixel and direction, averaged.
    """
    n = size * over
    rows, columns = np.mgrid[:n, :n] + 0.5
    c, s = np.cos(np.deg2rad(tilt)), np.sin(np.deg2rad(tilt))
    camera = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    rays = np.stack([columns / n - 0.5, rows / n - 0.5, np.ones((n, n))], axis=-1) @ camera.T
    corner, down = np.array([-0.2, 0.0, 4.0]), np.array([0.0, 1.0, 0.0])
    along = [np.array([np.cos(np.deg2rad(t)), 0.0, np.sin(np.deg2rad(t))]) for t in turns]
    nearest, wall = np.full((n, n), np.inf), np.zeros((n, n), np.int64)
    texture = np.zeros((n, n, 2))
    for number, direction in enumerate(along):
        normal = np.cross(direction, down)
        distance = (normal @ corner) / (rays @ normal)
        place = rays * distance[..., None] - corner
        seen = (distance > 0) & (distance < nearest) & ((place @ direction > 0) | (len(turns) == 1))
        nearest[seen], wall[seen] = distance[seen], number
        texture[seen] = np.stack([place @ direction, place @ down], axis=-1)[seen]
    colors = paint(texture[..., 0], texture[..., 1]).reshape(size, over, size, over, 3).mean(axis=(1, 3))
    lens = np.array([[size, 0, size / 2], [0, size, size / 2], [0, 0, 1.0]])
    middle = slice(over // 2, None, over)
    return Facade(
        np.floor(colors * 255 + 0.5).astype(np.uint8),
        np.array([lens @ camera.T @ direction for direction in (*along, down)]),
        wall[middle, middle],
        texture[middle, middle],
    )


def psnr(sr: NDArray[np.float32], hr: NDArray[np.uint8]) -> float:
    """Return the luma PSNR of the community's protocol."""
    rounded = np.floor(np.clip(sr, 0, 255) + 0.5).astype(np.uint8)
    return metrics.evaluate(rounded, hr, scale=4, protocol="matlab", names=("psnr",))["psnr"]


def least(lr: NDArray[np.uint8], threads: int, repeats: int) -> tuple[float, float]:
    """Return the least wall time and the least CPU time, over all threads, of several runs."""
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        upscale(lr, 4, threads=threads)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


def show_sizes() -> None:
    """Print seconds for one photograph at several sizes, and the exponent of their growth."""
    photograph = skimage.data.astronaut()
    upscale(photograph[:24, :24], 4)
    pixels, seconds = [], []
    print("LR        SR          1 thread: wall      CPU   us/SR pixel   2 threads: wall      CPU")
    for size in (32, 64, 128, 256):
        lr = resize.imresize(photograph, shape=(size, size))
        (wall, cpu), (wall2, cpu2) = (least(lr, threads, 1 if size > 64 else 3) for threads in (1, 2))
        pixels.append(16 * size**2)
        seconds.append(cpu)
        each = 1e6 * cpu / pixels[-1]
        shape = f"{size:3}x{size:<3}  {4 * size:4}x{4 * size:<4}"
        print(f"{shape} {wall:14.2f} s {cpu:6.2f} s {each:13.1f} {wall2:17.2f} s {cpu2:6.2f} s", flush=True)
    exponent = np.polyfit(np.log(pixels), np.log(seconds), 1)[0]
    print(f"CPU time grows with the {exponent:.2f}th power of the number of pixels (one thread)")


def show_facades(size: int) -> None:
    """Print what planes gain on each view."""
    print(f"{size}x{size}, x4, dB                 bicubic  no planes    planes      gain")
    for name, view in VIEWS.items():
        hr = facade(size, **view).image
        lr = resize.reduce(hr, 4)
        bicubic = psnr(resize.enlarge(lr.astype(np.float32), 4), hr)
        without, planar = (psnr(upscale(lr, 4, planar=planar), hr) for planar in (False, True))
        print(f"{name:29} {bicubic:9.2f} {without:10.2f} {planar:9.2f} {planar - without:+9.2f}")


def last_level(lr: NDArray[np.uint8], planes: Planes) -> Level:
    """Return the x4 level."""
    return list(levels(lr.astype(np.float32) / np.float32(255), 4, planes))[-1]


def save(name: str, picture: Array | NDArray[np.float32]) -> None:
    """Write a picture in 0..1 as a PNG of at most 128 colours, which keeps the documentation small."""
    FIGURES.mkdir(parents=True, exist_ok=True)
    full = Image.fromarray(np.floor(np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))
    full.quantize(128, dither=Image.Dither.NONE).save(FIGURES / f"{name}.png", optimize=True)


def beside(*pictures: Array | NDArray[np.float32]) -> Array:
    """Return pictures side by side with a white gap."""
    gap = np.ones((pictures[0].shape[0], 8, 3))
    return np.concatenate([part for picture in pictures for part in (picture, gap)][:-1], axis=1)


def hues(values: Array, strength: Array) -> Array:
    """Return colours of a circle for angles, paler where `strength` (0..1) is small."""
    color = 0.5 + 0.5 * np.cos(values[..., None] + np.array([0.0, 2.1, 4.2]))
    return 1 - strength[..., None] * (1 - color)


def draw_segments(lr: NDArray[np.uint8], planes: Planes) -> Array:
    """Return the LR image, four times as large and paled, with the segments of each vanishing point in a colour."""
    import cv2  # drawing is all it does here

    canvas = np.ascontiguousarray(255 - (255 - lr.repeat(4, 0).repeat(4, 1)) // 2)
    colors = ((214, 39, 40), (31, 119, 180), (44, 160, 44), (110, 110, 110))
    for ends, member in zip(planes.segments, planes.members, strict=True):
        x1, y1, x2, y2 = (round(4 * value) for value in ends)
        cv2.line(canvas, (x1, y1), (x2, y2), colors[member], 1, cv2.LINE_AA)
    return canvas / 255


def draw_planes(planes: Planes, size: int) -> Array:
    """Return the planes' probabilities as shades of red, blue and green; fronto-parallel is white."""
    tints = np.array([(1, 1, 1), (0.84, 0.15, 0.16), (0.12, 0.47, 0.71), (0.17, 0.63, 0.17)])[: len(planes.lines)]
    mixed = planes.probability @ tints
    factor = size // mixed.shape[0]
    return np.asarray(mixed.repeat(factor, 0).repeat(factor, 1))


def draw_field(level: Level) -> tuple[Array, Array]:
    """Return two pictures of a field: direction and distance of each source, and the plane it was taken on."""
    field = level.field
    if field is None:
        raise ValueError("The level is smaller than one patch.")
    height, width = field.cost.shape
    rows, columns = np.mgrid[:height, :width] + 0.5
    x, y = field.source[..., 0] - columns, field.source[..., 1] - rows
    distance = np.hypot(x, y) / max(height, width)
    tints = np.array([(1, 1, 1), (0.84, 0.15, 0.16), (0.12, 0.47, 0.71), (0.17, 0.63, 0.17)])
    return hues(np.arctan2(y, x), np.clip(distance * 3, 0, 1) ** 0.5), tints[field.plane]


def draw_figures() -> None:
    """Draw all figures of the documentation."""
    for name, view in (("corner", VIEWS["corner, 35 and 28 degrees"]), ("wall", VIEWS["one wall, turned 50 degrees"])):
        hr = facade(320, **view).image
        lr = resize.reduce(hr, 4)
        planes = find_planes(lr.astype(np.float32) / np.float32(255))
        level = last_level(lr, planes)
        save(name, beside(draw_segments(lr, planes), draw_planes(planes, 320), *draw_field(level)))
    bicubic = resize.enlarge(lr.astype(np.float32), 4) / 255
    without = upscale(lr, 4, planar=False) / 255
    part = (slice(90, 230), slice(110, 250))
    crops = [picture[part].repeat(2, 0).repeat(2, 1) for picture in (bicubic, without, level.image, hr / 255)]
    save("facade", beside(*crops))
    photograph = skimage.data.astronaut()[:256, 96:352]
    small = resize.reduce(photograph, 4)
    save(
        "photograph",
        beside(resize.enlarge(small.astype(np.float32), 4) / 255, upscale(small, 4) / 255, photograph / 255),
    )


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("size", "facades", "figures"))
    parser.add_argument("--size", type=int, default=320, help="of the facades, in pixels")
    options = parser.parse_args()
    if options.what == "size":
        show_sizes()
    elif options.what == "facades":
        show_facades(options.size)
    else:
        draw_figures()


if __name__ == "__main__":
    main()
