"""What names of files and folders say: the image, the factor, and whether it is an original (HR) or an input (LR)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_FACTOR = r"(?:1[0-6]|[2-9])"
_KIND = r"(?:bicubic|bic|bi|bd|dn|blur|gaussian|nearest|unknown|mild|wild|difficult)"
_GAP = r"[_. -]"

_MARK = re.compile(
    rf"(?<![a-z])SRF[_-]?(?P<srf>{_FACTOR})(?![a-z0-9])"
    rf"|x(?P<x>{_FACTOR})(?![a-z0-9])"
    rf"|(?<![a-z0-9])(?P<times>{_FACTOR})x(?![a-z0-9])",
    re.IGNORECASE,
)
_ENDINGS = (
    re.compile(
        rf"{_GAP}*(?:SRF[_-]?(?P<srf>{_FACTOR})|x(?P<x>{_FACTOR})|(?<![a-z0-9])(?P<times>{_FACTOR})x)$", re.IGNORECASE
    ),
    re.compile(
        rf"(?:^|{_GAP}+|(?<=\d))(?P<before>{_KIND})?(?:(?P<hr>HR|GT|HQ|originals?)(?:mod\d+)?|(?P<lr>LR|LQ)"
        rf"(?P<kind>{_KIND})?(?P<factor>{_FACTOR})?)$",
        re.IGNORECASE,
    ),
    re.compile(rf"(?:^|{_GAP}+)(?P<kind>{_KIND})$", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Label:
    """A name taken apart.

    Attributes:
        base: What is left when all of the below is taken off its end; may be empty.
        side: `hr`, `lr`, or empty when the name does not say.
        scale: The factor it is marked with; None when it is not.
        kind: How an LR image was made, in lower case, such as `bicubic` or `unknown`; empty when it does not say.
    """

    base: str
    side: str = ""
    scale: int | None = None
    kind: str = ""

    @property
    def is_lr_folder(self) -> bool:
        """Whether a folder of this name holds LR images: `LR`, `LRbicx4`, `DIV2K_valid_LR_bicubic`, `X4`."""
        return self.side == "lr" or (self.side == "" and not self.base and self.scale is not None)

    @property
    def is_bicubic(self) -> bool:
        """Whether nothing in the name speaks against MATLAB's bicubic reduction."""
        return self.kind in {"", "bicubic", "bic", "bi"}


def take_apart(name: str) -> Label:
    """Return what the end of a name says, in the ways of SelfExSR, EDSR, DIV2K, RCAN and BasicSR.

    >>> take_apart("img_001_SRF_4_LR")
    Label(base='img_001', side='lr', scale=4, kind='')
    >>> take_apart("baby_bicLRx4")
    Label(base='baby', side='lr', scale=4, kind='bic')
    >>> take_apart("DIV2K_valid_HR")
    Label(base='DIV2K_valid', side='hr', scale=None, kind='')
    """
    label = Label(name)
    while True:
        found = next(filter(None, (ending.search(label.base) for ending in _ENDINGS)), None)
        if found is None:
            return label
        said = {key: text for key, text in found.groupdict().items() if text}
        factor = next((said[key] for key in ("srf", "x", "times", "factor") if key in said), None)
        side = next((key for key in ("hr", "lr") if key in said), "")
        label = Label(
            label.base[: found.start()],
            side or label.side,
            int(factor) if factor else label.scale,
            (said.get("kind") or said.get("before") or label.kind).lower(),
        )


def printable(path: Path) -> str:
    r"""Return the last part of a path as text that any file and any terminal takes: bytes that are not UTF-8 as \xNN.

    >>> printable(Path(os.fsdecode(b"caf\xe9.png")))
    'caf\\xe9.png'
    """
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


def stem(path: Path) -> str:
    """Return the name of an image file without its extension, as `printable` text."""
    return printable(path.with_suffix("")) if path.suffix else printable(path)


def marks(text: str) -> list[tuple[int, int, int]]:
    """Return (begin, end, factor) of every mark of a factor in a name, such as `x4`, `4x` or `SRF_4`."""
    found = _MARK.finditer(text)
    return [(m.start(), m.end(), int(m["srf"] or m["x"] or m["times"])) for m in found]


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of all stretches of a name between its joints.

    A joint is where a letter or digit meets something else, or where a mark of a factor begins or ends; there is none
    inside a mark, so that `3_SRF_4` is a picture of `3` and not of `4`.
    """
    inside = {place for begin, end, _ in marks(text) for place in range(begin + 1, end)}
    ends = {place for begin, end, _ in marks(text) for place in (begin, end)}
    joints = [
        place
        for place in range(len(text) + 1)
        if place not in inside
        and (place in ends or not (0 < place < len(text) and text[place - 1].isalnum() and text[place].isalnum()))
    ]
    return ((begin, end) for at, begin in enumerate(joints) for end in joints[at + 1 :])


def longer_names(names: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Return, for images whose name is part of another image's name, those longer names.

    >>> longer_names({"photo": [], "photo_2": [], "boat": ["ship"], "old ship": []})
    {'photo': ('photo_2',), 'boat': ('old ship',)}

    Args:
        names: Every image of a data set with its other names.
    """
    owners = {name.casefold(): image for image, others in names.items() for name in (image, *others)}
    found: dict[str, dict[str, None]] = {}
    for image, others in names.items():
        for name in (image, *others):
            for begin, end in spans(name):
                owner = owners.get(name[begin:end].casefold())
                if owner is not None and owner != image:
                    found.setdefault(owner, {})[name] = None
    return {image: tuple(longer) for image, longer in found.items()}
