"""What active selection finds and saves, from rehearsed studies."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from srbench.errors import StudyError
from srbench.mos.design import planning
from srbench.mos.design.pair_planning import reached, rehearsals, savings
from srbench.mos.design.study import ImageSet, StudyDesign
from srbench.mos.store.definitions import Settings


def planned(trials: int, methods: str = "abcd", images: int = 6) -> StudyDesign:
    sets = (ImageSet("one", tuple(methods), count=images),)
    return StudyDesign("saving", 5, sets, Settings("pc", selection="active", trials_per_rater=trials))


@pytest.fixture(scope="module")
def found():
    return planning.plan(planned(20), 8, 1.5, simulations=2)


def test_a_large_difference_is_found_and_both_ways_have_a_scale(found):
    (saved,), (row,) = found.savings, found.power
    assert found.studies == 2
    assert saved.pairs == (2, 2)
    assert saved.without_scale == 0
    assert saved.trials_range[0] <= saved.trials <= saved.trials_range[1]
    assert (row.power, row.power_wilcoxon) == (saved.active.power, saved.active.power_wilcoxon)
    assert row.power > row.false_alarms
    assert 0.05 < saved.active.error < 1.0
    assert 0.05 < saved.blocks.error < 1.0
    assert (row.methods, row.images, row.smallest_p) == (4, 6, 0.03125)


def test_equal_seeds_plan_equally_and_others_do_not():
    first, again, other = (savings(planned(8, "ab"), {"one": 8}, 4, 0.5, 2, seed) for seed in (0, 0, 1))
    assert first == again
    assert first[0].active.error != other[0].active.error


def test_answers_that_are_too_few_for_a_scale_are_counted_and_nothing_is_promised():
    (saved,) = savings(planned(2, "abcdefgh"), {"one": 6}, 2, 0.3, 2)
    assert saved.without_scale == 4
    assert saved.active.power == 0.0
    assert math.isnan(saved.active.error)
    assert math.isnan(saved.trials)
    assert all(math.isnan(each) for each in saved.trials_range)


def test_a_set_that_nobody_was_asked_about_is_counted_without_a_scale():
    design = planned(2)
    design = replace(design, sets=tuple(replace(design.sets[0], name=name) for name in ("one", "two", "three")))
    found = savings(design, {"one": 3, "two": 3, "three": 3}, 2, 0.3, 1)
    assert [saved.dataset for saved in found] == ["one", "two", "three"]
    assert all(saved.without_scale >= 1 for saved in found)


def test_larger_studies_are_rehearsed_less_often():
    few = rehearsals(planned(60, "abcdef", 10), {"one": 10}, 12)
    assert 10 <= few <= 40
    assert rehearsals(planned(10, "abcd", 5), {"one": 5}, 4) > few > rehearsals(planned(60, "abcdef"), {"one": 100}, 30)
    assert rehearsals(planned(2000, "abcdefgh"), {"one": 1000}, 500) == 4


def test_where_a_curve_reaches_an_error_is_read_off_on_logarithms():
    curve = [0.4, 0.2, 0.1]
    assert reached([10, 40, 160], curve, 0.2) == pytest.approx(40)
    assert reached([10, 40, 160], curve, 0.2 / math.sqrt(2)) == pytest.approx(80)
    assert reached([10, 40, 160], curve, 0.5) == 10
    assert reached([10, 40, 160], curve, 0.05) == pytest.approx(640), "errors fall with the square root of trials"


@pytest.mark.parametrize(("raters", "studies", "effect"), [(1, 2, 0.2), (4, 0, 0.2), (4, 2, -0.1)])
def test_a_plan_that_makes_no_sense_is_refused(raters, studies, effect):
    with pytest.raises(StudyError, match="two raters or more"):
        savings(planned(4), {"one": 6}, raters, effect, studies)


def test_a_part_larger_than_all_is_refused():
    with pytest.raises(StudyError, match="has 36 trials"):
        savings(planned(37), {"one": 6}, 3, 0.3, 1)
