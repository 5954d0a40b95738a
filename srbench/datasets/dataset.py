"""A data set as it is loaded: its pairs, where their LR images come from, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from srbench.datasets.pairs import ImagePair

_SHOWN = 5

_MADE = {
    "bicubic": "made from HR by MATLAB's bicubic reduction",
    "gaussian": "made from HR by a Gaussian filter and one sample a block",
}


def made(degradation: str) -> str:
    """Return in one phrase where LR images come from that a degradation makes."""
    return _MADE.get(degradation, f"made from HR by {degradation}")


def degradation_of(origin: str) -> str:
    """Return the degradation that a phrase of `made` names, `bicubic` where LR images came with the data set.

    >>> degradation_of(made("real-esrgan,seed=1") + "; the LR files in LR are not used")
    'real-esrgan,seed=1'
    """
    for name, phrase in _MADE.items():
        if origin.startswith(phrase):
            return name
    found = re.match(r"made from HR by ([^\s;]+)", origin)
    return found.group(1) if found else "bicubic"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that lies among the images and is not part of the data set, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Dataset(Sequence[ImagePair]):
    """The pairs of one data set, in order, every file of them verified.

    Attributes:
        name: What tables call it.
        pairs: Its images.
        lr_origin: Where the LR images come from, in one phrase.
        left_out: What lies beside the images and was not taken.
    """

    name: str
    pairs: tuple[ImagePair, ...]
    lr_origin: str
    left_out: tuple[LeftOut, ...] = ()

    @overload
    def __getitem__(self, place: int) -> ImagePair: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[ImagePair, ...]: ...

    def __getitem__(self, place: int | slice) -> ImagePair | tuple[ImagePair, ...]:
        """Return one pair, or the pairs of a slice."""
        return self.pairs[place]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.pairs)

    def __iter__(self) -> Iterator[ImagePair]:
        """Yield the pairs in order."""
        return iter(self.pairs)


def describe_left_out(left_out: Sequence[LeftOut]) -> str:
    """Return one line for people; empty when nothing was left out.

    >>> describe_left_out([LeftOut("a.gif", "no format that srbench reads"), LeftOut("old", "a folder")])
    '2 left out: a.gif (no format that srbench reads); old (a folder)'
    """
    if not left_out:
        return ""
    named = "; ".join(f"{item.name} ({item.reason})" for item in left_out[:_SHOWN])
    more = f"; and {len(left_out) - _SHOWN} more" if len(left_out) > _SHOWN else ""
    return f"{len(left_out)} left out: {named}{more}"
