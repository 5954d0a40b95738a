"""Loads photographs for training: found, decoded once on all cores, screened, and counted with what is left out."""

from __future__ import annotations

import collections
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from srbench import images
from srbench.errors import ImageError, TrainingError
from srbench.training import duplicates, pairing
from srbench.training.cache import Decoded, PixelCache, size
from srbench.training.filling import decoded
from srbench.training.pairing import Partners
from srbench.training.photographs import Photographs

NAMED = 10
"""How many files that were left out are named one by one."""


@dataclass(frozen=True, slots=True)
class Request:
    """Which photographs are wanted, and how.

    Attributes:
        files: Image files, in their order.
        held: Files whose content must not be among them.
        smallest: Least height and width.
        luma: Keep only the luma.
        keep_duplicates: Keep photographs that look like test images.
        strict: Refuse to go on when a file cannot be decoded.
        lr: Folder with their LR photographs; None where these are made.
        scale: Factor between the two.
    """

    files: Sequence[Path]
    held: Sequence[Path] = ()
    smallest: int = 1
    luma: bool = False
    keep_duplicates: bool = False
    strict: bool = False
    lr: Path | None = None
    scale: int = 1


@dataclass(frozen=True, slots=True)
class LoadedPhotographs:
    """Photographs, and what became of the other files.

    Attributes:
        photographs: What crops are cut from.
        refused: {file name: test image that it looks like}.
        left_out: {file: why it cannot be used}.
        small: How many are too small for a crop.
        converted: {what was done: how many files}.
        bytes: Size of their samples.
        folder: Where these are.
        lr: Their LR photographs, in the same order, where these are not made.
    """

    photographs: Photographs
    refused: Mapping[str, str]
    left_out: Mapping[Path, str]
    small: int
    converted: Mapping[str, int]
    bytes: int
    folder: Path
    lr: Photographs | None = None

    def lines(self) -> list[str]:
        """Return what there is to say: pixels, bytes and where, and what was converted or left out."""
        photos = self.photographs
        mega = int((photos.heights * photos.widths).sum()) / 1e6
        said = [f"{len(photos)} photographs, {mega:,.1f} megapixels: {_amount(self.bytes)} mapped from {self.folder}"]
        said += [f"Converted: {count} of {what}" for what, count in sorted(self.converted.items())]
        if self.small:
            said.append(f"Left out for being too small for a crop: {self.small}")
        for path, why in list(self.left_out.items())[:NAMED]:
            said.append(f"Left out {path}: {why}")
        if self.left_out:
            more = len(self.left_out) - NAMED
            rest = f", {more} of them not named here." if more > 0 else "."
            said.append(f"Left out {len(self.left_out)} files that cannot be used{rest}")
        return said


def load(wanted: Request, cache: PixelCache, device: torch.device, quiet: bool = False) -> LoadedPhotographs:
    """Return the photographs that are wanted, decoding only those that no run has decoded before.

    Args:
        wanted: Which.
        cache: Where decoded ones are kept; processes that come at once wait for the first.
        device: What trains: a GPU takes them into its memory where they leave half of it free.
        quiet: Show no bar.

    Raises:
        TrainingError: None is left; one cannot be decoded and `strict` was asked for; or there is no room for them.
    """
    screen = duplicates.Screen(wanted.keep_duplicates)
    contents = {images.file_sha256(path) for path in wanted.held}
    with cache.writing():
        found, left_out = decoded(wanted.files, wanted.luma, cache, screen.needs_hashes, quiet)
        partners = {} if wanted.lr is None else _partners(wanted, found, left_out, cache, quiet)
    if wanted.strict and left_out:
        path, why = next(iter(left_out.items()))
        raise TrainingError(
            f"{len(left_out)} files cannot be used, {path} first: {why} Without --strict they are left out."
        )
    kept: list[tuple[Path, Decoded]] = []
    small = 0
    for path, entry in found.items():
        if entry.sha256 in contents or path in left_out or not screen.passes(entry.phash, path.name, path):
            continue
        if min(entry.height, entry.width) < wanted.smallest:
            small += 1
        else:
            kept.append((path, entry))
    if not kept:
        held = sum(entry.sha256 in contents for entry in found.values())
        raise TrainingError(_none_left(wanted, len(found), held, small, left_out))
    converted = collections.Counter(entry.done for _, entry in kept if entry.done)
    lr = [(path, partners[path]) for path, _ in kept] if wanted.lr else []
    total = size([entry for _, entry in [*kept, *lr]])
    photos, small_photos = (_placed(some, cache, device, total) if some else None for some in (kept, lr))
    assert photos is not None
    return LoadedPhotographs(photos, screen.refused, left_out, small, converted, total, cache.folder, small_photos)


def _partners(
    wanted: Request, found: Mapping[Path, Decoded], left_out: dict[Path, str], cache: PixelCache, quiet: bool
) -> dict[Path, Decoded]:
    """Return the LR photograph of each one in `found`; those that have none are added to `left_out`."""
    assert wanted.lr is not None
    partners, files = Partners(wanted.lr, wanted.scale), dict[Path, Path]()
    for path in found:
        try:
            files[path] = partners.of(path)
        except ImageError as error:
            left_out[path] = str(error)
    entries, problems = decoded(list(files.values()), wanted.luma, cache, False, quiet)
    pairs: dict[Path, Decoded] = {}
    for path, small in files.items():
        try:
            if small in problems:
                raise ImageError(problems[small])
            lr, hr = entries[small], found[path]
            pairing.check(lr.height, lr.width, hr.height, hr.width, wanted.scale, small)
            pairs[path] = lr
        except ImageError as error:
            left_out[path] = str(error)
    return pairs


def _none_left(wanted: Request, decoded: int, held: int, small: int, left_out: Mapping[Path, str]) -> str:
    lost = f" {len(left_out)} files could not be decoded, {next(iter(left_out))} first." if left_out else ""
    if held and not small:
        return (
            f"None of the {decoded} photographs of --data is left to train on: {held} are held out for validation."
            f"{lost} Give a --hold-out below {held}, or other photographs with --data or --validation."
        )
    return (
        f"None of the {decoded - held} photographs that may be trained on has {wanted.smallest} pixels on each side, "
        f"which crops of this size need.{lost} Give other photographs with --data or smaller crops with --crop."
    )


def _placed(kept: Sequence[tuple[Path, Decoded]], cache: PixelCache, device: torch.device, total: int) -> Photographs:
    """Return photographs mapped from the cache, or in a GPU's memory where `total` bytes leave half of it free."""
    mapped = cache.mapped()
    entries = [entry for _, entry in kept]
    photos = Photographs(
        pixels=mapped.pixels,
        offsets=torch.tensor([entry.offset for entry in entries]),
        heights=torch.tensor([entry.height for entry in entries]),
        widths=torch.tensor([entry.width for entry in entries]),
        files=tuple(path for path, _ in kept),
        channels=1 if entries[0].kind == "luma" else 3,
        trim=mapped.trim,
    )
    if device.type == "cuda" and total < 0.5 * torch.cuda.mem_get_info(device)[0]:
        return _copied(photos, entries, device)
    return photos


def _copied(photos: Photographs, entries: Sequence[Decoded], device: torch.device) -> Photographs:
    """Return photographs with their samples, and no others of the cache, in the memory of `device`."""
    pixels = torch.empty(size(entries), dtype=torch.uint8, device=device)
    starts, start = [], 0
    for entry in entries:
        pixels[start : start + entry.samples] = photos.pixels[entry.offset : entry.offset + entry.samples].to(device)
        photos.trim()
        starts.append(start)
        start += entry.samples
    return replace(photos, pixels=pixels, offsets=torch.tensor(starts), trim=lambda: None)


def _amount(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
