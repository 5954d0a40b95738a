"""What a GAN-trained method must show, in figures relative to the originals and to an MSE-trained method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from srbench.audit.scores import AuditScores

GAP = (1.3, 3.0)
TEXTURE = (0.70, 1.10)
CORRELATION = 0.885
CONSISTENCY = 32.0
GRID = 0.15
NIQE = 4.5
NIQE_GAIN = 1.5
JUDGE = 0.90
# The paper's Table 1: the deeper the features, the lower the PSNR.
ORDER = ("srgan-mse", "srgan-vgg22", "srgan-vgg54")
# SRGAN on early features or on none, and SRResNet on features, are steps on the way: of them less is asked.
_ASKED_OF = {
    "srgan-mse": (),
    "srgan-vgg22": ("order of PSNR", "grid", "NIQE", "NIQE on BSD100"),
    "srresnet-vgg22": (),
}


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion, whether it is met, and the figures that say so.

    Attributes:
        name: Of what is looked at.
        passed: None when it was not measured.
        detail: What was found and what was expected, or why it was not measured.
        required: Whether the method fails with it; the others are only reported.
    """

    name: str
    passed: bool | None
    detail: str
    required: bool = True


def criteria(
    own: AuditScores,
    reference: AuditScores,
    original: AuditScores,
    every: Sequence[AuditScores] = (),
    dataset: str = "set14",
) -> list[Criterion]:
    """Hold a method against the MSE-trained `reference` and against the originals.

    Args:
        own: The method's scores.
        reference: Those of the MSE-trained method, on the same images.
        original: Those of the originals themselves.
        every: Those of all methods, for the order of SRGAN's variants.
        dataset: The data set of all figures but those that name another; NIQE's limit is for Set14.
    """
    asked = _ASKED_OF.get(own.method)
    found = [
        _within("PSNR below the reference", reference.psnr - own.psnr, GAP, " dB"),
        _order(own, every),
        _within("texture", own.texture, TEXTURE),
        _at_least("correlation of block energies", own.correlation, CORRELATION),
        _at_least("consistency with LR", own.consistency, CONSISTENCY, " dB", digits=1),
        _grid(own, original),
        *_niqe(own, reference, dataset),
        _judge(own, reference),
    ]
    return [replace(one, required=asked is None or one.name in asked) for one in found]


def _within(name: str, value: float, limits: tuple[float, float], unit: str = "") -> Criterion:
    low, high = limits
    return Criterion(name, low <= value <= high, f"{value:.2f}{unit}, expected {low} to {high}")


def _at_least(name: str, value: float, limit: float, unit: str = "", digits: int = 3) -> Criterion:
    return Criterion(name, value >= limit, f"{value:.{digits}f}{unit}, expected {limit:g} or more")


def _order(own: AuditScores, every: Sequence[AuditScores]) -> Criterion:
    name, psnr = "order of PSNR", {scores.method: scores.psnr for scores in every}
    if own.method not in ORDER:
        return Criterion(name, None, "only SRGAN's three variants have an order")
    missing = [variant for variant in ORDER if variant not in psnr]
    if missing:
        return Criterion(name, None, f"not measured without {', '.join(missing)}")
    values = [psnr[variant] for variant in ORDER]
    detail = " > ".join(f"{variant} {psnr[variant]:.2f}" for variant in ORDER)
    return Criterion(name, values[0] > values[1] > values[2], f"expected {detail}")


def _grid(own: AuditScores, original: AuditScores) -> Criterion:
    if own.grid is None or original.grid is None:
        return _unknown("grid", own, original, "grid")
    low, high = original.grid * (1 - GRID), original.grid * (1 + GRID)
    detail = (
        f"{own.grid:.2f}, expected {low:.2f} to {high:.2f}, within {GRID:.0%} of the originals' {original.grid:.2f}"
    )
    return Criterion("grid", low <= own.grid <= high, detail)


def _niqe(own: AuditScores, reference: AuditScores, dataset: str) -> Iterator[Criterion]:
    if own.niqe is None:
        yield _unknown("NIQE", own, own, "niqe")
    elif dataset.lower() != "set14":
        yield Criterion("NIQE", None, f"{own.niqe:.2f}; the limit of {NIQE} is for Set14")
    else:
        yield Criterion("NIQE", own.niqe <= NIQE, f"{own.niqe:.2f}, expected {NIQE} or less")
    name = "NIQE on BSD100"
    if own.bsd100_niqe is None or reference.bsd100_niqe is None:
        yield _unknown(name, own, reference, "bsd100_niqe")
        return
    limit = reference.bsd100_niqe - NIQE_GAIN
    detail = f"{own.bsd100_niqe:.2f}, expected {limit:.2f} or less, {NIQE_GAIN} below the reference"
    yield Criterion(name, own.bsd100_niqe <= limit, detail)


def _judge(own: AuditScores, reference: AuditScores) -> Criterion:
    if own.judge is None:
        return _unknown("judge's accuracy", own, own, "judge")
    beside = "" if reference.judge is None else f"; the reference has {reference.judge:.3f}"
    detail = f"{own.judge:.3f}, expected {JUDGE:.2f} or less{beside}"
    return Criterion("judge's accuracy", own.judge <= JUDGE, detail)


def _unknown(name: str, own: AuditScores, other: AuditScores, figure: str) -> Criterion:
    reason = own.missing.get(figure) or other.missing.get(figure, "it was not asked for")
    return Criterion(name, None, f"not measured: {reason}")
