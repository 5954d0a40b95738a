"""The figures that the SRGAN paper published in its Tables 1 and 2, as data to compare with."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

CITATION = "Ledig et al., CVPR 2017, arXiv 1609.04802v5"
RATERS = 26
RATINGS = 29_328

SETS = ("set5", "set14", "bsd100")
SIZES = {"set5": 5, "set14": 14, "bsd100": 100}
"""Number of images in each set: a mean over fewer compares with nothing."""
METHODS = (
    "nearest",
    "bicubic",
    "srcnn",
    "selfexsr",
    "drcn",
    "espcn",
    "srresnet-mse",
    "srresnet-vgg22",
    "srgan-mse",
    "srgan-vgg22",
    "srgan-vgg54",
    "hr",
)
"""The twelve versions that raters saw on Set5 and Set14, the original (`hr`) among them."""

NOT_ON_BSD100 = ("srresnet-vgg22", "srgan-mse", "srgan-vgg22")
"""The three versions that were left out on BSD100."""


class Figures(NamedTuple):
    """Published means of one method on one set; PSNR in dB (infinite for the original), MOS from 1 to 5."""

    psnr: float
    ssim: float
    mos: float


@cache
def tables() -> dict[str, dict[str, dict[str, Figures]]]:
    """Return `{"table1" | "table2": {set: {method: Figures}}}` as printed in the paper.

    >>> tables()["table2"]["set5"]["srgan-vgg54"].mos
    3.58
    """
    raw = _file()
    return {
        table: {
            dataset: {method: Figures(*values) for method, values in rows.items()}
            for dataset, rows in raw[table].items()
        }
        for table in ("table1", "table2")
    }


@cache
def significantly_higher() -> dict[str, tuple[str, ...]]:
    """Return `{set: methods}` that Table 1 marks as significantly better than others of their category."""
    return {name: tuple(methods) for name, methods in _file()["table1_significantly_higher_in_category"].items()}


def published(dataset: str, method: str) -> Figures | None:
    """Return what the paper printed for `method` on `dataset` in either table, or None where it printed nothing."""
    for rows in tables().values():
        found = rows.get(dataset, {}).get(method)
        if found is not None:
            return found
    return None


def mos() -> dict[tuple[str, str], float]:
    """Return `{(set, method): MOS}` of both tables together: every MOS that the paper prints."""
    return {
        (dataset, method): figures.mos
        for table in tables().values()
        for dataset, rows in table.items()
        for method, figures in rows.items()
    }


def versions(dataset: str) -> tuple[str, ...]:
    """Return the methods that raters saw on `dataset`: twelve, or nine on BSD100 (section 3.3)."""
    return tuple(name for name in METHODS if dataset != "bsd100" or name not in NOT_ON_BSD100)


@cache
def _file() -> dict[str, dict[str, dict[str, list[float]]]]:
    return tomllib.loads(Path(__file__).with_name("paper.toml").read_text(encoding="utf-8"))
