"""Rules that a change may not break: what is a rule, and what breaks one."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from srbench.errors import RunError
from srbench.gates import GateRule
from srbench.stats import Change

CELL = Change(
    "daala", "1", "psnr", "srresnet-mse", "set5", images=5, images_before=5, images_after=5, equal=0, newly_failed=0,
    before=31.0, after=30.97, difference=-0.03, low=-0.05, high=-0.01, p=0.06, p_adjusted=0.06, significant=True,
    note="",
)  # fmt: skip


def broken(rule: str, *cells: Change) -> list[str]:
    return GateRule.parse(rule).broken_by(cells or (CELL,))


@pytest.mark.parametrize(
    ("rule", "breaks"),
    [
        ("srresnet-mse psnr < -0.02", True),
        ("srresnet-mse psnr < -0.04", False),
        ("srresnet-mse psnr<-.02", True),
        ("srresnet-mse psnr <= -3e-2", True),
        ("srresnet-mse psnr < -0.03", False),
        ("srresnet-mse psnr > -0.04", True),
        ("srresnet-mse psnr >= 0", False),
        ("  * psnr:daala on set5 < -0.02 significant ", True),
    ],
)
def test_a_change_beyond_the_bound_breaks_a_rule(rule: str, breaks: bool) -> None:
    assert bool(broken(rule)) == breaks


@pytest.mark.parametrize(
    "rule",
    ["", "psnr < -0.02", "m psnr", "m psnr < ", "m psnr < nan", "m psnr < inf", "m psnr < 1e999", "m psnr == 0",
     "m psnr < -0,02", "m psnr < 0.1 dB", "m psnr on < 0", "m psnr: < 0", "m psnr < 0 < 1", "m psnr in set5 < 0",
     "my own psnr < 0", "'m psnr < 0"],
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_the_grammar_and_an_example(rule: str) -> None:
    with pytest.raises(RunError, match=r"Expected a rule METHOD METRIC.*srresnet-mse psnr < -0\.02.*got"):
        GateRule.parse(rule)


def test_names_with_spaces_stand_in_quotes() -> None:
    gate = GateRule.parse("\"results/Some body's\" psnr:matlab-gray-rgb on 'my set' < 0")
    named = (gate.method, gate.metric, gate.protocol, gate.dataset)
    assert named == ("results/Some body's", "psnr", "matlab-gray-rgb", "my set")


def test_each_cell_counts_by_itself_and_is_named() -> None:
    other = replace(CELL, dataset="set14", difference=0.5)
    assert broken("srresnet-mse psnr < -0.02", CELL, other) == [
        "srresnet-mse psnr:daala on set5 changed by -0.03 (rule 'srresnet-mse psnr < -0.02')"
    ]


def test_only_significant_changes_count_where_the_rule_says_so() -> None:
    assert not broken("* psnr < 0 significant", replace(CELL, significant=False))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"newly_failed": 1, "difference": 1.0}, "failed on 1 of 5 images"),
        ({"images_after": 0, "images": 0, "difference": math.nan}, "has no scores in the run after"),
        ({"images": 0, "difference": math.nan}, "has no image that both runs scored"),
        ({"difference": math.nan}, "infinite in both directions"),
        ({"difference": -math.inf}, "changed by -inf"),
    ],
)
def test_what_cannot_be_compared_any_more_breaks_every_rule_on_it(change: dict[str, float], why: str) -> None:
    (line,) = broken("srresnet-mse psnr < -0.02", replace(CELL, **change))  # type: ignore[arg-type]
    assert why in line


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("srresnet-mes psnr < 0", "Unknown method 'srresnet-mes'. Did you mean 'srresnet-mse'"),
        ("* pnsr < 0", "Unknown metric 'pnsr'"),
        ("* psnr:matlab < 0", "Unknown protocol 'matlab'"),
        ("* psnr on set6 < 0", "Unknown data set 'set6'"),
    ],
)
def test_a_rule_on_what_is_not_there_is_an_error_for_it_would_always_hold(rule: str, message: str) -> None:
    with pytest.raises(RunError, match=message):
        broken(rule)


def test_a_rule_on_what_is_new_is_an_error_and_new_methods_are_no_matter_to_a_rule_on_all() -> None:
    new = replace(CELL, method="new", images_before=0, images=0, difference=math.nan)
    with pytest.raises(RunError, match="compares nothing"):
        broken("new psnr < 0", CELL, new)
    assert not broken("* psnr < -1", CELL, new)
