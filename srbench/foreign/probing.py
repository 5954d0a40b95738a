"""Examines a model before it takes part in a run: size, cost, smallest input, reach, tiles, one picture."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from srbench import registry
from srbench.errors import MethodError
from srbench.foreign import card, hub, kinds, methods, opening
from srbench.foreign.interface import Interface, adapted
from srbench.foreign.program import ProgramUpscaler
from srbench.foreign.upscaler import Loaded, stage
from srbench.images import Image
from srbench.inference import tiles
from srbench.registry import Setup

_SIDES = range(1, 34)
_REACH = 48
_WHOLE = 1e-3


@dataclass(frozen=True, slots=True)
class ModelFinding:
    """One thing that was found out: what it is, and in words what came of it."""

    what: str
    found: str


def find(name: str) -> tuple[str, Path]:
    """Return the kind and the file that `FILE`, `KIND:FILE` or `hf:OWNER/NAME/FILE` means.

    >>> find("spandrel:/models/edsr.pt")[0], find("/models/edsr.toml")[0]
    ('spandrel', 'model')

    Raises:
        MethodError: It is on the hub and cannot be fetched.
    """
    kind, colon, rest = name.partition(":")
    if colon and kind in kinds.KINDS:
        return kind, methods.place(rest)
    path = hub.fetch(hub.parse(rest))[0] if colon and kind == "hf" else methods.place(name)
    return kinds.kind_of(path), path


def examine(name: str, lr: Image, size: int = 64) -> list[ModelFinding]:
    """Return what there is to know about a model, in the order to be shown.

    Args:
        name: A card or a file of weights, or `KIND:FILE`.
        lr: A picture to run it on.
        size: Height and width of the input that operations are counted for.

    Raises:
        MethodError: It cannot be used.
        WeightsError: Its weights cannot be read or do not fit.
    """
    kind, path = find(name)
    told = card.read(path) if kind == "model" else None
    if told is not None and told.kind == "command":
        return [ModelFinding("loaded", f"a program: {told.command}"), _picture(kind, path, lr, told.scale or 4)]
    loaded = opening.described(told) if told is not None else opening.open_file(kind, path)
    scale = (told.scale if told is not None else None) or (4 if loaded.interface.enlarged else loaded.factor)
    return [
        ModelFinding("loaded", f"{loaded.name}: {loaded.what}, {_kind_of_input(loaded)}"),
        ModelFinding("parameters", "not known" if loaded.parameters is None else f"{loaded.parameters:,}"),
        ModelFinding("multiply-accumulates", _operations(loaded, size)),
        ModelFinding("smallest input", _smallest(loaded)),
        ModelFinding("reach", _reach(loaded)),
        ModelFinding("tiles", _tiles(loaded)),
        _picture(kind, path, lr, scale),
    ]


def _kind_of_input(loaded: Loaded) -> str:
    interface = loaded.interface
    span = interface.takes if interface.takes == interface.gives else f"{interface.takes} to {interface.gives}"
    what = "sharpens enlarged pictures" if interface.enlarged else f"x{loaded.factor}"
    return f"{what}, channels {interface.channels}, range {span}"


def _noise(planes: int, height: int, width: int) -> Tensor:
    values = np.random.default_rng(0).uniform(0, 255, (1, planes, height, width))
    return torch.from_numpy(values).float()


def _run(loaded: Loaded, image: Tensor, interface: Interface | None = None) -> Tensor:
    compute = adapted(loaded.run, interface or loaded.interface, loaded.factor, loaded.name)
    with torch.inference_mode():
        return compute(image)


def _operations(loaded: Loaded, size: int) -> str:
    counted = loaded.counted(size, size)
    if not counted.products:
        return f"not known: {counted.why_not}"
    count = counted.products
    return f"{count / 1e9:.3f} G for an input of {size}x{size}, {count // size**2:,} for each of its pixels"


def smallest(loaded: Loaded) -> tuple[int, int] | None:
    """Return the smallest square that a network takes as it is, and what its sides must be multiples of.

    None where it takes none up to 33 by 33.
    """
    bare = replace(loaded.interface, multiple=1, minimum=1, square=False)
    taken = (side for side in _SIDES if _works(loaded, bare, side))
    first = next(taken, None)
    if first is None:
        return None
    second = next(taken, first)
    return first, second - first if second > first and first % (second - first) == 0 else max(1, first)


def _works(loaded: Loaded, interface: Interface, side: int) -> bool:
    try:
        _run(loaded, _noise(interface.planes, side, side), interface)
    except MethodError:
        return False
    return True


def _smallest(loaded: Loaded) -> str:
    found, interface = smallest(loaded), loaded.interface
    if found is None:
        return f"none up to {_SIDES[-1]}x{_SIDES[-1]} as it is; filled up to {interface.padded(1, 1)[0]}"
    side, multiple = found
    if side == 1 and interface.padded(1, 1) != (1, 1):  # spandrel fills up by itself
        least = interface.padded(1, 1)[0]
        return f"{least}x{least}, multiples of {interface.multiple}, as is stated; others are filled up"
    alone = f"{side}x{side}" + (f", only multiples of {multiple}" if multiple > 1 else "")
    if _works(loaded, interface, 1) and _works(loaded, interface, side + 1):
        return f"{alone}; others are filled up" if side > 1 else alone
    return f"{alone}; a card should say multiple = {multiple} and minimum = {side}"


def reach(loaded: Loaded) -> int | None:
    """Return how many input pixels away a pixel still changes the output; None where that is more than 48.

    One pixel in the middle is changed, and the largest change beyond a distance counts where it is more than rounding.
    """
    side = 2 * _REACH + 1
    image = _noise(loaded.interface.planes, side, side)
    other = image.clone()
    other[..., _REACH, _REACH] = 255 - other[..., _REACH, _REACH]
    change = (_run(loaded, other) - _run(loaded, image)).abs().amax(dim=(0, 1))
    rows, columns = torch.nonzero(change > _WHOLE, as_tuple=True)
    if not len(rows):
        return 0
    places = torch.cat([rows, columns]) // loaded.factor
    far = int((places - _REACH).abs().max())
    return far if far < _REACH else None


def _reach(loaded: Loaded) -> str:
    far = reach(loaded)
    return f"more than {_REACH} pixels of its input" if far is None else f"{far} pixels of its input"


def tile_difference(loaded: Loaded, tile: int, halo: int) -> float:
    """Return the largest difference between a picture that is computed whole and one in tiles, on the 0..255 scale."""
    interface = replace(loaded.interface, tile=tile, halo=halo)
    side = tile + 2 * halo + 8
    image = _noise(interface.planes, side, side)
    compute = adapted(loaded.run, interface, loaded.factor, loaded.name)
    with torch.inference_mode():
        return float((tiles.run(stage(compute, interface, loaded.factor), image) - compute(image)).abs().max())


def _tiles(loaded: Loaded) -> str:
    tile, halo = loaded.interface.tile or 32, loaded.interface.halo
    worst = tile_difference(loaded, tile, halo)
    same = "the same pixels" if worst < _WHOLE else f"differ by up to {worst:.3g} of 255"
    used = "" if loaded.interface.tile else "; not used, as no card says 'tile'"
    return f"tiles of {tile} with a halo of {halo}: {same}{used}"


def _picture(kind: str, path: Path, lr: Image, scale: int) -> ModelFinding:
    setup = Setup(scale, argument=str(path))
    upscaler = methods.load(kind, setup)
    begun = time.perf_counter()
    output = upscaler(lr)
    seconds = time.perf_counter() - begun
    shape: Sequence[int] = (lr.shape[0] * scale, lr.shape[1] * scale, *lr.shape[2:])
    sr = registry.to_8bit(path.stem, output, tuple(shape), lr)
    how = "program" if isinstance(upscaler, ProgramUpscaler) else str(getattr(upscaler, "path", ""))
    size = "x".join(map(str, reversed(lr.shape[:2])))
    return ModelFinding("one picture", f"{size} to {sr.shape[1]}x{sr.shape[0]} in {seconds:.2f} s ({how})")
