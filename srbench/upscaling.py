"""Enlarges picture files with one method: what `srbench upscale` does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from srbench import images, registry
from srbench.errors import ImageError, MethodError
from srbench.registry import Setup


def upscale_files(source: Path, target: Path, name: str, setup: Setup) -> Iterator[Path]:
    """Enlarge the image `source`, or every image in the folder `source`, and yield each file that was written.

    Args:
        source: An image file or a folder.
        target: The PNG to write; for a folder the folder to write `STEM.png` to.
        name: Name of the method.
        setup: Scale, device and precision.

    Raises:
        ImageError: A source cannot be read, or two would be written to one file.
        MethodError: The method needs more than an LR image, or broke.
    """
    method, _ = registry.find(name)
    if method.takes_pair:
        raise MethodError(f"Method '{name}' needs the original and cannot enlarge a picture. Choose another one.")
    upscaler = registry.create(name, setup)
    for path, written in _jobs(source, target):
        lr = images.read(path)
        height, width = lr.shape[:2]
        shape = (height * setup.scale, width * setup.scale, *lr.shape[2:])
        images.write(written, registry.to_8bit(name, upscaler(lr), shape))
        yield written


def _jobs(source: Path, target: Path) -> list[tuple[Path, Path]]:
    if not source.is_dir():
        if target.is_dir():
            return [(source, target / f"{source.stem}.png")]
        if target.suffix.lower() != ".png":
            raise ImageError(f"--out {target}: expected a name that ends in .png, or a folder that exists.")
        return [(source, target)]
    try:
        found = sorted(path for path in source.iterdir() if path.suffix.lower() in images.EXTENSIONS)
    except OSError as error:
        raise ImageError(f"Cannot read folder {source}: {error.strerror}.") from None
    if not found:
        raise ImageError(f"Folder {source} holds no images ({', '.join(sorted(images.EXTENSIONS))}).")
    if target.is_file():
        raise ImageError(f"--out {target} is a file, but {source} is a folder: name a folder.")
    stems = [path.stem for path in found]
    twice = next((stem for stem in stems if stems.count(stem) > 1), None)
    if twice:
        raise ImageError(f"Folder {source} holds two images called '{twice}': both would become {twice}.png.")
    return [(path, target / f"{path.stem}.png") for path in found]
