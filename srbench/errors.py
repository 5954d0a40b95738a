"""Every error a user can cause, each a single line that says what was expected, what came and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SrbenchError(Exception):
    """Base of all errors that the command line prints as one line before it exits with status 2."""


class ImageError(SrbenchError):
    """An image file cannot be used: missing, damaged, of an unsupported mode or of the wrong size."""


class AnimationError(ImageError):
    """An image file holds several pictures, and nobody has said which one is meant."""


class DatasetError(SrbenchError):
    """A data set is unknown, incomplete, damaged, or cannot be downloaded."""


class MethodError(SrbenchError):
    """A method is unknown, unavailable or broken, or returned something that is not an image."""


class MissingError(MethodError):
    """There is no stored picture for an image: nothing was computed, and nothing broke."""


class WeightsError(MethodError):
    """A weight file is missing, damaged, or made for another network or scale."""


class PluginError(SrbenchError):
    """Code of others did what a plugin must not do, such as ending the program."""


class MetricError(SrbenchError):
    """A metric or protocol is unknown, or its inputs do not fit it."""


class RunError(SrbenchError):
    """A run folder cannot be read, written or continued."""


class DegradationError(SrbenchError):
    """A degradation is unknown, or a number in it makes no sense."""


class TrainingError(SrbenchError):
    """Training cannot start or go on: damaged data, a bad checkpoint, a loss that is not finite."""


class StudyError(SrbenchError):
    """An opinion study is inconsistent, frozen, closed, or was tampered with."""


class StatisticsError(SrbenchError):
    """A statistic is not defined for the data that was given."""


class ReportError(SrbenchError):
    """A report cannot be made from the inputs that were named."""


class ClaimError(SrbenchError):
    """A claim is no claim, incomplete, was changed after it was made, or cannot be made of a run."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the sentence for a name that is not known, with the nearest valid ones.

    >>> unknown("method", "srgann-vgg54", ["bicubic", "srgan-vgg54"])
    "Unknown method 'srgann-vgg54'. Did you mean 'srgan-vgg54'?"
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=2, cutoff=0.6)
    hint = f"Did you mean {' or '.join(repr(n) for n in near)}?" if near else f"Known: {', '.join(names)}."
    return f"Unknown {kind} {name!r}. {hint}"
