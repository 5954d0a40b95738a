"""The tests before the first picture: sizes against arithmetic, plates against eyes without one kind of cone."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image

from srbench.errors import StudyError
from srbench.mos.design import plates, screening
from srbench.mos.design.randomness import Stream
from srbench.mos.design.screening import NOTHING, Screening

ALL = Screening(acuity=0.67, colour=5, contrast=8)


def test_the_gap_of_a_ring_has_the_size_that_iso_8596_gives():
    # At 4 m a gap of one minute of arc is 1.164 mm; a screen of 96 dpi has 3.7795 pixels in a millimetre.
    card = screening.CARD_MM * 96 / 25.4
    assert screening.gap_pixels(1.0, 400, card) == pytest.approx(1.1636 * 96 / 25.4, rel=1e-3)
    assert screening.gap_pixels(0.5, 200, card) == pytest.approx(screening.gap_pixels(1.0, 400, card), rel=1e-6)


def test_answers_are_random_and_follow_from_the_seed():
    right = screening.items("study", 7)
    assert right(1, "acuity", 1) == right(1, "acuity", 1)
    assert right(1, "acuity", 1) != right(2, "acuity", 1) != right(2, "acuity", 2)
    gaps = {gap for number in range(1, 60) for gap in right(number, "acuity", 1)}
    corners = {corner for number in range(1, 30) for corner in right(number, "contrast", 1)}
    assert (gaps, corners) == (set(range(8)), set(range(4)))
    digits = right(3, "colour", 1)
    assert [digit == NOTHING for digit in digits] == [kind == "blank" for kind in screening.PLATES]


@pytest.mark.parametrize(("test", "needed"), [("acuity", 4), ("colour", 5), ("contrast", 6)])
def test_an_attempt_passes_with_enough_right_answers(test, needed):
    right = screening.expected(test, Stream(test))
    wrong = [(each + 1) % 4 for each in right]
    for correct in range(len(right) + 1):
        answers = right[:correct] + wrong[correct:]
        found = screening.grade(ALL, test, right, answers)
        assert (found.correct, found.asked, found.passed) == (correct, len(right), correct >= needed)


@pytest.mark.parametrize("answers", [[1], [1] * 6, ["1"] * 5, [True] * 5, [8] * 5, [-1] * 5])
def test_answers_that_the_page_would_not_send_are_refused(answers):
    with pytest.raises(StudyError, match="Expected 5 whole numbers"):
        screening.grade(ALL, "acuity", [0] * 5, answers)


def test_what_the_page_measured_is_checked_and_kept():
    found = screening.measured(ALL, "acuity", {"card_pixels": 323.5, "distance_cm": 100})
    assert found["gap_pixels"] == pytest.approx(
        10 * 100 * math.tan(math.radians(1 / 0.67 / 60)) * 323.5 / 85.6, rel=1e-3
    )
    for values in ({}, {"card_pixels": 323.5, "distance_cm": 99}, {"card_pixels": 9, "distance_cm": 100}):
        with pytest.raises(StudyError, match="bank card"):
            screening.measured(ALL, "acuity", values)
    with pytest.raises(StudyError, match="cannot be drawn"):
        screening.measured(Screening(acuity=2.0), "acuity", {"card_pixels": 323.5, "distance_cm": 100})
    assert screening.measured(ALL, "colour", {"card_pixels": 1}) == {}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"acuity": 3.0}, "acuity"), ({"distance_cm": 5.0}, "distance_cm"), ({"colour": 7}, "colour"),
        ({"contrast": 61}, "contrast"), ({"attempts": 0}, "attempts"), ({"on_failure": "shout"}, "on_failure"),
    ],
)  # fmt: skip
def test_impossible_limits_are_refused(entries, said):
    with pytest.raises(StudyError, match=said):
        screening.check(Screening(**entries), "study.toml")


def pixels(kind: str, digit: int, seed: int = 1) -> np.ndarray:
    """Return a plate as linear RGB, shape (H, W, 3)."""
    data = plates.draw(kind, digit, seed)
    values = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.float64) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def dots(image: np.ndarray) -> np.ndarray:
    """Return which pixels belong to dots: all but the gray between them."""
    return np.abs(image - ((128 / 255 + 0.055) / 1.055) ** 2.4).max(axis=2) > 0.01


def without(cone: int, image: np.ndarray) -> np.ndarray:
    """Return what reaches somebody without one kind of cone: the two other responses, as a share of their sum.

    Lightness is taken out, because every dot has one of its own.
    """
    lms = image @ plates.LMS_OF_RGB.T
    rest = np.delete(lms, cone, axis=2)
    return rest[..., 0] / rest.sum(axis=2)


@pytest.mark.parametrize(("kind", "cone"), [("protan", 0), ("deutan", 1)])
def test_a_digit_is_seen_with_all_cones_and_vanishes_without_one(kind, cone):
    image, mask = pixels(kind, 5), plates._mask(5)
    shown = dots(image)
    digit, ground = shown & mask, shown & ~mask
    red = image[..., 0] / image.sum(axis=2)
    gap = abs(red[digit].mean() - red[ground].mean())
    assert gap > 5 * 0.5 * (np.std(red[digit]) + np.std(red[ground])) / 3, "everybody else sees two colours"
    seen = without(cone, image)
    # 8 bits round each colour a little; digit and ground differ by no more than that.
    assert abs(seen[digit].mean() - seen[ground].mean()) < 0.004
    assert gap > 20 * abs(seen[digit].mean() - seen[ground].mean())
    brightness = (image @ plates.LMS_OF_RGB.T)[..., 1 - cone]
    assert abs(brightness[digit].mean() / brightness[ground].mean() - 1) < 0.08, "and no other brightness"


def test_the_first_plate_is_seen_by_brightness_and_the_blank_one_not_at_all():
    image, mask = pixels("control", 7), plates._mask(7)
    light = image.sum(axis=2)
    assert light[dots(image) & mask].mean() > 1.5 * light[dots(image) & ~mask].mean()
    blank = pixels("blank", NOTHING)
    assert np.ptp((blank[..., 0] / blank.sum(axis=2))[dots(blank)]) < 0.02


def test_plates_are_small_and_equal_for_equal_seeds():
    assert plates.draw("protan", 3, 4) == plates.draw.__wrapped__("protan", 3, 4)
    assert plates.draw("protan", 3, 4) != plates.draw("protan", 3, 5)
    assert len(plates.draw("deutan", 8, 1)) < 20_000


def test_colours_lie_within_srgb_at_every_lightness():
    for kind in ("control", "protan", "deutan", "blank"):
        for colour in plates.colours(kind):
            lightest = colour * plates._LIGHTNESS.max()
            assert (lightest > 0).all()
            assert (lightest < 1).all()
