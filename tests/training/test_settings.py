"""Settings from words get the types of the config's fields, or one line that says what was expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from srbench.errors import TrainingError
from srbench.training import settings


@dataclass(frozen=True)
class Plain:
    """What all have.

    Attributes:
        steps: How many,
            on two lines.
        rate: Learning rate.
    """

    steps: int = 1
    rate: float = 1e-3


@dataclass(frozen=True)
class Config(Plain):
    """What one has.

    Attributes:
        kernels: Sizes.
        name: Some text.
        clip: Largest gradient; None for any.
    """

    kernels: tuple[int, int] = (9, 5)
    name: str = ""
    clip: float | None = None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"rate": 2}, {"rate": 2.0}),
        ({"kernels": [3, 3]}, {"kernels": (3, 3)}),
        ({"name": 7}, {"name": "7"}),
        ({"clip": None}, {"clip": None}),
        ({"clip": 3}, {"clip": 3.0}),
    ],
)
def test_values_become_what_their_fields_are(given: dict[str, Any], expected: dict[str, Any]) -> None:
    found = settings.fitted(Config, given)
    assert found == expected
    assert [type(value) for value in found.values()] == [type(value) for value in expected.values()]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": 1.5}, "Expected a whole number for the setting steps, but got 1.5"),
        ({"steps": True}, "Expected a whole number for the setting steps, but got True"),
        ({"rate": "abc"}, "Expected a number for the setting rate, but got 'abc'"),
        ({"kernels": (9, 5, 5)}, "Expected 2 numbers separated by commas for the setting kernels"),
        ({"clip": "no"}, "Expected a number or None for the setting clip"),
        ({"stepps": 1}, "Unknown setting 'stepps'. Did you mean 'steps'"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_expected(given: dict[str, Any], message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        settings.fitted(Config, given)


def test_each_field_is_explained_by_the_docstring_of_the_class_it_comes_from() -> None:
    assert settings.explanations(Config) == {
        "steps": "How many, on two lines.",
        "rate": "Learning rate.",
        "kernels": "Sizes.",
        "name": "Some text.",
        "clip": "Largest gradient; None for any.",
    }


def test_words_that_are_no_options_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"Expected a setting such as --batch 8 in place of 'eight'"):
        settings.options(["--batch", "8", "eight"])
    with pytest.raises(TrainingError, match="Expected --set NAME=VALUE, but got --set batch"):
        settings.parse(["batch"])
    assert settings.options(["--keep-every", "5", "--rate=-1e-3"]) == {"keep_every": 5, "rate": -1e-3}
