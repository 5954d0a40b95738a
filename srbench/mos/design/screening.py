"""Screening before the first picture, as in ITU-T P.910: acuity, colour vision, contrast of the screen."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from srbench.errors import StudyError, unknown
from srbench.mos.design.randomness import Stream

Test: TypeAlias = Literal["acuity", "colour", "contrast"]
TESTS: tuple[Test, ...] = ("acuity", "colour", "contrast")
OnFailure: TypeAlias = Literal["end", "note"]
ON_FAILURE: tuple[OnFailure, ...] = ("end", "note")

CARD_MM = 85.6
"""Width of a bank card (ISO/IEC 7810, ID-1)."""
RINGS, RINGS_RIGHT, DIRECTIONS = 5, 4, 8
"""Landolt rings that are shown, how many must be read, and how many directions a gap can have."""
PLATES: tuple[str, ...] = ("control", "protan", "deutan", "protan", "deutan", "blank")
"""What is drawn on each plate; the first one can be read by everybody, and there is nothing on the last kind."""
NOTHING = 10
"""The answer that there is no digit on a plate."""
CORNERS = 4
STEPS = (4, 2, 1)
"""The steps near black, then near white, in multiples of the one that must be seen."""
_DIGITS = (2, 3, 4, 5, 6, 7, 8, 9)
_LONGEST_CM = 500.0


@dataclass(frozen=True, slots=True)
class Screening:
    """What raters must see, and on what screens, before they take part; part of study.toml.

    Attributes:
        acuity: Least visual acuity, decimal: 1.0 reads gaps of one minute of arc, 0.67 is 20/30; 0 for no test.
        distance_cm: Distance from which the rings are read, and the pictures seen.
        colour: How many of the plates must be read; 0 for no test.
        contrast: The step from black, and from white, in 8-bit values, that must be seen on the screen; 0 for no test.
        attempts: How often each test may be tried.
        on_failure: `end` the part of a rater who fails, or `note` it in exports and go on.
    """

    acuity: float = 0.0
    distance_cm: float = 100.0
    colour: int = 0
    contrast: int = 0
    attempts: int = 2
    on_failure: OnFailure = "end"

    @property
    def tests(self) -> tuple[Test, ...]:
        """The tests of this study, in the order in which they come."""
        return tuple(test for test in TESTS if getattr(self, test))


@dataclass(frozen=True, slots=True)
class Grade:
    """How a rater did in one attempt at a test."""

    correct: int
    asked: int
    passed: bool


def check(screening: Screening, where: str) -> None:
    """Refuse tests that nobody could take; `where` names the file in the message.

    Raises:
        StudyError: A limit is impossible.
    """
    if not 0 <= screening.acuity <= 2:
        raise StudyError(f"{where} [screening]: acuity lies between 0 and 2, got {screening.acuity:g}.")
    if not 20 <= screening.distance_cm <= _LONGEST_CM:
        raise StudyError(
            f"{where} [screening]: distance_cm lies between 20 and {_LONGEST_CM:g}, got {screening.distance_cm:g}."
        )
    if not 0 <= screening.colour <= len(PLATES):
        raise StudyError(f"{where} [screening]: colour counts plates, from 0 to {len(PLATES)}; got {screening.colour}.")
    if not 0 <= screening.contrast <= 60:
        raise StudyError(f"{where} [screening]: contrast is a step from 0 to 60 of 255, got {screening.contrast}.")
    if not 1 <= screening.attempts <= 5:
        raise StudyError(f"{where} [screening]: attempts lie between 1 and 5, got {screening.attempts}.")
    if screening.on_failure not in ON_FAILURE:
        raise StudyError(f"{where} [screening]: {unknown('on_failure', str(screening.on_failure), ON_FAILURE)}")


def expected(test: Test, stream: Stream) -> list[int]:
    """Return the right answers of one attempt.

    Returns:
        For acuity the direction of each gap, from 0 (right) counter-clockwise; for colour the digit on each plate, or
        `NOTHING`; for contrast the corner of each square, from 0 (top left) by rows.
    """
    if test == "acuity":
        return [stream.below(DIRECTIONS) for _ in range(RINGS)]
    if test == "contrast":
        return [stream.below(CORNERS) for _ in range(2 * len(STEPS))]
    digits = stream.shuffled(_DIGITS)
    return [NOTHING if kind == "blank" else digits[place] for place, kind in enumerate(PLATES)]


def grade(screening: Screening, test: Test, right: Sequence[int], answers: Sequence[int]) -> Grade:
    """Return how an attempt went.

    Raises:
        StudyError: There are more or fewer answers than were asked for, or one is none.
    """
    largest = {"acuity": DIRECTIONS, "colour": NOTHING + 1, "contrast": CORNERS + 1}[test]
    if len(answers) != len(right) or not all(type(each) is int and 0 <= each < largest for each in answers):
        raise StudyError(f"Expected {len(right)} whole numbers from 0 to {largest - 1} as answers.")
    correct = sum(given == wanted for given, wanted in zip(answers, right, strict=True))
    needed = {"acuity": RINGS_RIGHT, "colour": screening.colour, "contrast": len(right)}[test]
    return Grade(correct, len(right), correct >= needed)


def gap_pixels(acuity: float, distance_cm: float, card_pixels: float) -> float:
    """Return how many pixels of the screen the gap of a ring has; the ring is five gaps wide.

    A gap that is just seen with decimal acuity V has 1 / V minutes of arc (ISO 8596).

    Args:
        acuity: V.
        distance_cm: From eye to screen.
        card_pixels: How many pixels of the screen a bank card is wide.
    """
    return 10.0 * distance_cm * math.tan(math.radians(1.0 / acuity / 60.0)) * card_pixels / CARD_MM


def measured(screening: Screening, test: Test, values: Mapping[str, float]) -> dict[str, float]:
    """Return what is stored of the measurements that came with an attempt.

    Raises:
        StudyError: The page measured nothing that can be, or showed rings of less than one pixel.
    """
    if test != "acuity":
        return {}
    card, distance = values.get("card_pixels", 0.0), values.get("distance_cm", 0.0)
    if not 50 <= card <= 5000 or not screening.distance_cm <= distance <= 10 * _LONGEST_CM:
        raise StudyError("Expected the width of a bank card in pixels and the distance from the screen.")
    gap = gap_pixels(screening.acuity, distance, card)
    if gap < 0.999:
        raise StudyError(f"A ring whose gap has {gap:.2f} pixels cannot be drawn; expected a larger distance.")
    return {"card_pixels": round(card, 2), "distance_cm": round(distance, 1), "gap_pixels": round(gap, 3)}


Items: TypeAlias = Callable[[int, Test, int], list[int]]
"""Returns the right answers for the rater of a number, a test and an attempt."""


def items(name: str, seed: int) -> Items:
    """Return what decides the right answers of a study, alike on every machine."""

    def right(number: int, test: Test, attempt: int) -> list[int]:
        return expected(test, Stream("srbench screening 1", name, seed, number, test, attempt))

    return right
