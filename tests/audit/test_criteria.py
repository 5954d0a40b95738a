"""The criteria: what passes, what fails, what only is reported, and what was not measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from srbench.audit import AuditScores, Criterion, criteria

ORIGINAL = AuditScores("hr", float("inf"), 1.0, 1.0, 57.0, grid=0.85, niqe=4.92)
REFERENCE = AuditScores("srresnet-mse", 28.2, 0.44, 0.81, 53.9, grid=0.56, niqe=6.07, bsd100_niqe=5.9, judge=0.97)
GOOD = AuditScores("srgan-vgg54", 26.4, 0.85, 0.9, 45.0, grid=0.85, niqe=4.2, bsd100_niqe=4.3, judge=0.88)


def by_name(own: AuditScores, **more: object) -> dict[str, Criterion]:
    return {one.name: one for one in criteria(own, REFERENCE, ORIGINAL, **more)}  # type: ignore[arg-type]


def failed(own: AuditScores) -> set[str]:
    return {name for name, one in by_name(own).items() if one.passed is False}


def test_a_good_method_passes_everything() -> None:
    assert failed(GOOD) == set()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"psnr": 27.0}, "PSNR below the reference"),
        ({"psnr": 25.1}, "PSNR below the reference"),
        ({"texture": 0.69}, "texture"),
        ({"texture": 1.11}, "texture"),
        ({"correlation": 0.884}, "correlation of block energies"),
        ({"consistency": 31.9}, "consistency with LR"),
        ({"grid": 0.99}, "grid"),
        ({"grid": 0.70}, "grid"),
        ({"niqe": 4.51}, "NIQE"),
        ({"bsd100_niqe": 4.41}, "NIQE on BSD100"),
        ({"judge": 0.901}, "judge's accuracy"),
    ],
)
def test_each_limit_is_a_limit_of_its_own(change: dict[str, float], name: str) -> None:
    assert failed(replace(GOOD, **change)) == {name}


@pytest.mark.parametrize(
    "change",
    [
        {"psnr": 26.85},
        {"psnr": 25.25},
        {"texture": 0.70},
        {"texture": 1.10},
        {"correlation": 0.885},
        {"consistency": 32.0},
        {"grid": 0.97},
        {"grid": 0.73},
        {"niqe": 4.5},
        {"bsd100_niqe": 4.4},
        {"judge": 0.90},
    ],
)
def test_what_just_meets_a_limit_passes(change: dict[str, float]) -> None:
    assert failed(replace(GOOD, **change)) == set()


def test_the_details_say_what_was_found_and_what_was_expected() -> None:
    found = by_name(GOOD)
    assert found["grid"].detail == "0.85, expected 0.72 to 0.98, within 15% of the originals' 0.85"
    assert found["PSNR below the reference"].detail == "1.80 dB, expected 1.3 to 3.0"
    assert found["NIQE on BSD100"].detail == "4.30, expected 4.40 or less, 1.5 below the reference"
    assert found["judge's accuracy"].detail == "0.880, expected 0.90 or less; the reference has 0.970"


@pytest.mark.parametrize(
    ("method", "required"),
    [
        ("srgan-vgg54", "all"),
        ("results/stranger", "all"),
        ("srgan-vgg22", {"order of PSNR", "grid", "NIQE", "NIQE on BSD100"}),
        ("srgan-mse", set()),
        ("srresnet-vgg22", set()),
    ],
)
def test_less_is_asked_of_the_steps_on_the_way(method: str, required: object) -> None:
    found = by_name(replace(GOOD, method=method))
    asked = {name for name, one in found.items() if one.required}
    assert asked == (set(found) if required == "all" else required)


def test_what_was_not_measured_says_why_and_neither_passes_nor_fails() -> None:
    own = replace(
        GOOD,
        grid=None,
        niqe=None,
        bsd100_niqe=None,
        judge=None,
        missing={"grid": "too small", "niqe": "flat", "bsd100_niqe": "no such images", "judge": "give --data"},
    )
    found = by_name(own)
    details = {name: one.detail for name, one in found.items() if one.passed is None}
    assert details == {
        "order of PSNR": "not measured without srgan-mse, srgan-vgg22, srgan-vgg54",
        "grid": "not measured: too small",
        "NIQE": "not measured: flat",
        "NIQE on BSD100": "not measured: no such images",
        "judge's accuracy": "not measured: give --data",
    }


def test_a_figure_that_the_reference_lacks_is_told_with_its_reason() -> None:
    reference = replace(REFERENCE, bsd100_niqe=None, missing={"bsd100_niqe": "no such images"})
    found = {one.name: one for one in criteria(GOOD, reference, ORIGINAL)}
    assert found["NIQE on BSD100"] == Criterion("NIQE on BSD100", None, "not measured: no such images")


def test_the_limit_of_niqe_is_for_set14_alone() -> None:
    found = by_name(replace(GOOD, niqe=5.1), dataset="set5")["NIQE"]
    assert found.passed is None
    assert found.detail == "5.10; the limit of 4.5 is for Set14"


def test_the_order_of_the_three_variants_is_checked() -> None:
    every = [
        replace(GOOD, method="srgan-mse", psnr=27.5),
        replace(GOOD, method="srgan-vgg22", psnr=27.0),
        GOOD,
    ]
    assert by_name(GOOD, every=every)["order of PSNR"].passed is True
    swapped = [every[0], replace(every[1], psnr=26.0), every[2]]
    assert by_name(GOOD, every=swapped)["order of PSNR"].passed is False
    assert by_name(replace(GOOD, method="stranger"), every=every)["order of PSNR"].passed is None
