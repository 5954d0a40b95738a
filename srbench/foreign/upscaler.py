"""Upscalers around networks of others: images in, images out, on the device and in the precision asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from srbench.errors import MethodError
from srbench.foreign.interface import Interface, Network, adapted
from srbench.images import Image
from srbench.inference import operations, tiles
from srbench.inference.engine import Engine
from srbench.inference.operations import Counted
from srbench.inference.tiles import Stage
from srbench.inference.upscalers import LumaUpscaler
from srbench.registry import Setup
from srbench.resize import enlarge


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A network that was read from somebody's files.

    Attributes:
        name: What messages call it.
        what: What it is: an architecture, or a kind of file.
        run: The network as a function.
        interface: What it takes and gives.
        factor: Output pixels per pixel of its own input.
        module: The network as a module, which can be moved and converted; None where its file fixes all that.
        parameters: How many learned numbers it has; None where nobody can say.
        weights: The file that its weights are in.
        inputs: Further files that decide what it computes.
        count: Says how many products it adds up for an input of some shape; None where torch is to watch it run.
    """

    name: str
    what: str
    run: Network
    interface: Interface
    factor: int
    module: nn.Module | None = None
    parameters: int | None = None
    weights: Path | None = None
    inputs: tuple[Path, ...] = field(default=())
    count: Callable[[Sequence[int]], Counted] | None = None

    def columns(self) -> dict[str, Any]:
        """Return the columns of `Method` that the file decides."""
        scale = None if self.interface.enlarged else self.factor
        weights: Mapping[int, Path] = {scale: self.weights} if self.weights and scale else {}
        inputs = self.inputs if weights or not self.weights else (self.weights, *self.inputs)
        return {
            "scales": (scale,) if scale else None,
            "weights": weights,
            "parameters": {scale: self.parameters} if self.parameters is not None and scale else {},
            "inputs": inputs,
        }

    def counted(self, height: int, width: int) -> Counted:
        """Return how many products it adds up for its own input of that size, filled up as it needs."""
        shape = (1, self.interface.planes, *self.interface.padded(height, width))
        if self.count is not None:
            return self.count(shape)
        products = operations.count(self.run, shape)
        return Counted(products, "" if products else f"{self.what} shows torch no operations")


class ForeignUpscaler:
    """Enlarges with a network of others.

    Args:
        loaded: The network. Where it is a module, it is moved and converted in place.
        setup: Scale, device and precision. `fast` is `exact` here: nothing is known that would be faster.

    Attributes:
        path: The way of computing, stored in every row of a run.

    Raises:
        MethodError: The network enlarges by another factor than the one asked for, or cannot compute as asked for.
    """

    def __init__(self, loaded: Loaded, setup: Setup) -> None:
        self.interface, self.scale = loaded.interface, setup.scale
        expected = 1 if self.interface.enlarged else setup.scale
        if loaded.factor != expected:
            raise MethodError(f"{loaded.name} enlarges {loaded.factor} times; expected {expected}.")
        compute = adapted(loaded.run, self.interface, loaded.factor, loaded.name)
        self.engine = engine(loaded, stage(compute, self.interface, loaded.factor), setup)
        self.path = self.engine.path
        self._loaded = loaded
        self._luma = LumaUpscaler(self.engine, setup.scale, self.interface.enlarged)

    def __call__(self, lr: Image) -> NDArray[Any]:
        """Return the SR image of `lr` as floats on the 0..255 scale, (H, W) or (H, W, 3) as `lr` is."""
        if lr.ndim == 2 and self.interface.gray == "as-is":
            luma: NDArray[Any] = self._planes(lr[None])[0]
            return luma
        if lr.ndim == 2:
            mean: NDArray[Any] = self(np.repeat(lr[..., None], 3, axis=2)).mean(axis=-1)
            return mean
        if self.interface.channels == "y":
            return self._luma(lr)
        return np.ascontiguousarray(self._planes(lr.transpose(2, 0, 1)).transpose(1, 2, 0))

    def multiply_accumulates(self, height: int, width: int) -> int | None:
        """Return how many products the network adds up for an LR image of that size; None where nobody can say."""
        factor = self.scale if self.interface.enlarged else 1
        return self._loaded.counted(factor * height, factor * width).products

    def _planes(self, planes: NDArray[Any]) -> NDArray[Any]:
        if self.interface.enlarged:
            planes = np.stack([enlarge(plane.astype(np.float64), self.scale) for plane in planes])
        tensor = torch.from_numpy(np.ascontiguousarray(planes, dtype=np.float32))[None]
        result: NDArray[Any] = self.engine(tensor)[0].numpy()
        return result


def stage(compute: Network, interface: Interface, factor: int) -> Stage:
    """Return the stage that computes a network whole, or in the pieces that its interface asks for."""
    if interface.tile is None:
        return Stage(compute, factor)
    pixels = (interface.tile + 2 * interface.halo) ** 2
    return Stage(compute, factor, interface.halo, pixels, grid=interface.multiple)


class FixedEngine:
    """Runs what cannot be converted: its file says the precision.

    Args:
        stage: What to compute.
        path: The way of computing, for rows.
        device: Where its inputs must be.
    """

    def __init__(self, stage: Stage, path: str, device: str = "cpu") -> None:
        self.stages, self.path, self._device = [stage], path, device

    def __call__(self, image: Tensor) -> Tensor:
        """Return what the stage makes of an (N, C, H, W) float32 tensor, on the CPU."""
        with torch.inference_mode():
            return tiles.run(self.stages[0], image.to(self._device)).float().cpu()


def engine(loaded: Loaded, stage: Stage, setup: Setup) -> Engine | FixedEngine:
    """Return what runs a network on the device and in the precision asked for.

    Raises:
        MethodError: Its file fixes the precision, and `bf16` was asked for; or there is no such device.
    """
    tricks = f"{loaded.what}, {_how(loaded.interface)}"
    if loaded.module is not None:
        return Engine(loaded.module, [stage], replace(setup, precision=_whole(setup.precision)), tricks)
    if setup.precision == "bf16":
        raise MethodError(f"{loaded.name} computes as its file says; ask for --precision fast or exact, not bf16.")
    return FixedEngine(stage, f"cpu fp32 {tricks}")


def _whole(precision: str) -> str:
    return "exact" if precision == "fast" else precision


def _how(interface: Interface) -> str:
    return "whole" if interface.tile is None else f"tiles of {interface.tile} with a halo of {interface.halo}"
