"""The contract of a method: what it is given, what it returns, and what its plugin says about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from srbench import devices
from srbench.errors import MethodError, WeightsError, unknown
from srbench.images import Image


class ImagePair(Protocol):
    """One test image as a method may see it: `srbench.datasets.ImagePair` is the real one."""

    @property
    def dataset(self) -> str:
        """Name of the data set."""

    @property
    def name(self) -> str:
        """Name of the image inside its data set, without extension."""

    def hr(self) -> Image:
        """The original, cropped to a multiple of the scale."""

    def lr(self) -> Image:
        """The reduced image."""


class NamedImagePair(ImagePair, Protocol):
    """A pair that says by which names its files may be found."""

    @property
    def scale(self) -> int:
        """Factor between LR and HR."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names of the image, which people give to its results."""

    @property
    def longer(self) -> tuple[str, ...]:
        """Names of images of the same data set that the name of this one is a part of."""


Upscaler = Callable[[Any], NDArray[Any]]
"""A method ready to run: LR image in (or an `ImagePair` where `Method.takes_pair`), SR image out.

The output is uint8, or float with values on the 0..255 scale (the bench rounds and clips it). An attribute `path`
(str), where there is one, says which way of computing was taken and is stored in every row. A method `batch(sources)`,
where there is one, returns the SR images of several LR images of equal size, in their order.
"""


PRECISIONS = ("fast", "bf16", "exact")


@dataclass(frozen=True, slots=True)
class Setup:
    """What a method needs to know before its first image.

    Attributes:
        scale: The upscaling factor.
        device: `cpu` or `cuda`.
        precision: `fast` (fp32, algebraically simplified), `bf16`, or `exact` (the network as published).
        argument: What follows the colon in a name such as `results:DIR`.
        weights: The weight file that the method declares for this scale; None when it declares none.
    """

    scale: int = 4
    device: str = "cpu"
    precision: str = "fast"
    argument: str | None = None
    weights: Path | None = None

    @classmethod
    def choose(cls, scale: int, device: str = "auto", precision: str = "fast", *, elsewhere: bool = False) -> Setup:
        """Return the setup for `device` (`auto`, `cpu` or `cuda`) and `precision`.

        Args:
            scale: The upscaling factor.
            device: Where networks run.
            precision: How they are computed.
            elsewhere: Whether they run on other machines: this one need not have `cuda`, and says nothing of `auto`,
                which is `cpu` then.

        Raises:
            MethodError: One of them is unknown, or CUDA was asked for and there is none.
        """
        if precision not in PRECISIONS:
            raise MethodError(unknown("precision", precision, PRECISIONS))
        if elsewhere and device in ("auto", "cuda"):
            return cls(scale, "cpu" if device == "auto" else device, precision)
        return cls(scale, devices.choose(device), precision)


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the table of methods.

    Attributes:
        name: What users type, in lower case with hyphens.
        title: What tables and figures print.
        load: Makes the upscaler; called once per worker process. Heavy imports belong in here.
        scales: The factors it can do; None means any.
        takes_pair: It is given the whole `ImagePair` instead of the LR image (the original, stored results).
        argument: Name of the argument it takes after a colon, for messages; None when it takes none.
        expand: Turns one argument into entrants, {name in tables: argument of each}; None when it stays one.
        about: Says which columns one argument decides, {column: value}: a file of weights says its own title and scale,
            for one. `find` calls it, so that an argument that cannot be used is refused before anything runs.
        source: The stored file a `takes_pair` method reads for a pair; its content then counts as an input.
        weights: Weight file per scale; empty when nothing was learned. `register` and `register_loader` take
            relative paths, too: they are relative to the plugin's file.
        inputs: Further files that decide what it computes.
        parameters: Number of learned parameters per scale.
        note: One phrase that tables must show beside the title, such as the features a loss was made of.
        order: Tables list methods by this, then by name. The paper's methods use 10, 20, ... 120.
        cite: Where the method was published.
        published: Scores that were published for it, {data set: {protocol: {metric: score}}}.
        module: Python module that registered it.
    """

    name: str
    title: str
    load: Callable[[Setup], Upscaler]
    scales: tuple[int, ...] | None = None
    takes_pair: bool = False
    argument: str | None = None
    expand: Callable[[str], Mapping[str, str]] | None = None
    about: Callable[[str], Mapping[str, Any]] | None = None
    source: Callable[[str, NamedImagePair], Path] | None = None
    weights: Mapping[int, Path] = field(default_factory=dict)
    inputs: tuple[Path, ...] = ()
    parameters: Mapping[int, int] = field(default_factory=dict)
    note: str = ""
    order: int = 1000
    cite: str = ""
    published: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    module: str = ""

    def check(self, scale: int) -> None:
        """Do nothing when this method can run at `scale`.

        Raises:
            WeightsError: It lacks its weights.
            MethodError: It cannot do this scale.
        """
        if self.scales is not None and scale not in self.scales:
            can = ", ".join(f"x{s}" for s in self.scales)
            called = f"{self.title} ({self.name})" if self.about is not None else self.name
            raise MethodError(f"{called} does {can}, not x{scale}.")
        if self.weights and not self.weights.get(scale, Path()).is_file():
            raise WeightsError(f"{self.name} has no weights for x{scale}. {self._remedy(scale)}")

    def why_not(self, scale: int) -> str | None:
        """Return why this method cannot run at `scale`, in one sentence, or None when it can."""
        try:
            self.check(scale)
        except MethodError as error:
            return str(error)
        return None

    @property
    def may_use_device(self) -> bool:
        """Whether it may compute on the device of its setup: a network does, and nobody knows of code of others."""
        ours = self.module.startswith("srbench.methods.")
        return not self.takes_pair and not (ours and not self.weights and self.argument is None)

    def _remedy(self, scale: int) -> str:
        if self.module.startswith("srbench.methods.") or not self.module:
            return f"Make them with 'srbench train {self.name} --scale {scale}'."
        if scale in self.weights:
            return f"Its plugin declares {self.weights[scale]}, which is not there."
        return f"Its plugin declares them for {', '.join(f'x{s}' for s in sorted(self.weights))}."
