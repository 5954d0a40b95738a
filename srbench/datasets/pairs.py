"""One test image: its original and its LR image, read from the files that were verified, or made from them."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srbench import degradations, images, sources
from srbench.errors import ImageError
from srbench.images import Image

DEGRADATIONS = ("bicubic", "gaussian")


@dataclass(frozen=True, slots=True)
class ImagePair:
    """One test image: paths and checksums only, so that it travels cheaply to worker processes.

    Attributes:
        dataset: Name of the data set.
        name: Name of the image, unique in its set.
        scale: Factor between LR and HR.
        hr_path: File of the original.
        hr_sha256: Its checksum.
        lr_path: File of the LR image; None when the LR image is made from the original.
        lr_sha256: Its checksum; empty when there is no file.
        degradation: How the LR image is made where there is no file: see `srbench.degradations.parse`.
        aliases: Other names of the image, which people give to its results.
        longer: Names of the same set that this one is a part of: a file named by one of them is not of this image.
    """

    dataset: str
    name: str
    scale: int
    hr_path: Path
    hr_sha256: str
    lr_path: Path | None = None
    lr_sha256: str = ""
    degradation: str = "bicubic"
    aliases: tuple[str, ...] = ()
    longer: tuple[str, ...] = ()

    def hr(self) -> Image:
        """Return the original, cropped to a multiple of the scale (lower and right edge).

        Raises:
            ImageError: The file cannot be read, was changed since it was verified, or is smaller than the scale.
        """
        image = _read(self.hr_path, self.hr_sha256)
        try:
            return images.crop_to_multiple(image, self.scale)
        except ImageError as error:
            raise ImageError(f"{self.hr_path}: {error}") from None

    def lr(self) -> Image:
        """Return the LR image: the file that came with the set, or the original reduced.

        Reduction is MATLAB's `imresize` (bicubic, antialiased, symmetric boundary), a Gaussian filter with one sample
        per block (section 2 of the SRGAN paper), or another degradation, whose random numbers depend on its seed, on
        the original's checksum and on the scale.

        Raises:
            ImageError: A file cannot be read, or the LR file does not fit the original.
        """
        hr = self.hr()
        if self.lr_path is not None:
            lr = _like(_read(self.lr_path, self.lr_sha256), hr)
            expected = (hr.shape[0] // self.scale, hr.shape[1] // self.scale, *hr.shape[2:])
            if lr.shape != expected:
                raise ImageError(
                    f"{self.lr_path} has shape {lr.shape}; expected {expected}, 1/{self.scale} of {self.hr_path}."
                )
            return lr
        from srbench.degradations import chain  # here, because lists and checks of data sets need no resizing

        degradation = degradations.parse(self.degradation)
        random = chain.generator(degradation, f"{self.hr_sha256}|{self.scale}")
        return chain.degrade(hr, self.scale, degradation, random)

    @property
    def input_hash(self) -> str:
        """Identifies both images: while it is the same, stored results for this pair are still valid."""
        return input_hash(self.hr_sha256, self.lr_sha256 or made_by(self.degradation), self.scale)


def input_hash(hr_sha256: str, lr: str, scale: int) -> str:
    """Return `ImagePair.input_hash` of an original and its LR image: the checksum of that, or how it is made."""
    return hashlib.sha256(f"{hr_sha256}|{lr}|{scale}".encode()).hexdigest()[:16]


def made_by(degradation: str) -> str:
    """Return what identifies LR images that are made: the degradation and the code of it."""
    code = _resize_code() if degradations.is_plain(degradation) else _degrading_code()
    return f"{degradation} by {code}"


def _like(image: Image, model: Image) -> Image:
    """Return `image` gray or in colour as `model` is, where that changes no value; else as it is."""
    if image.ndim == 2 and model.ndim == 3:
        return np.repeat(image[:, :, None], 3, axis=2)
    if image.ndim == 3 and model.ndim == 2 and (image == image[..., :1]).all():
        return np.ascontiguousarray(image[..., 0])
    return image


@functools.cache
def _resize_code() -> str:
    return _code("srbench.resize")


@functools.cache
def _degrading_code() -> str:
    return _code("srbench.degradations.chain")


def _code(module: str) -> str:
    digest = hashlib.sha256()
    for path in sources.closure(module):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(path: Path, sha256: str) -> Image:
    # Hashing again costs a tenth of decoding, and scores then belong to the very bytes that run.json names.
    data = images.read_bytes(path)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ImageError(f"Image {path} was changed after it had been verified. Run the command again.")
    return images.decode(data, path)
