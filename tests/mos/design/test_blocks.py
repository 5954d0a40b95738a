"""Incomplete designs: balanced over raters, balanced within a rater, connected, and the same for ever."""

from __future__ import annotations

import hashlib
import itertools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from srbench.errors import StudyError
from srbench.mos.design import planning, schedule, studyfile
from srbench.mos.design.blocks import Blocks
from srbench.mos.design.items import Item
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.stores import Store


def pool(**sets: tuple[int, int]) -> list[Item]:
    """Return the items of data sets of so many pictures in so many versions."""
    return sorted(
        Item(name, f"p{picture:03d}", f"m{method:02d}", 0, "", f"{name}{picture}{method}", None)
        for name, (pictures, methods) in sets.items()
        for picture in range(pictures)
        for method in range(methods)
    )


PAPER = pool(bsd100=(100, 9), set14=(14, 12), set5=(5, 12))


def spread(counts: Counter[object], keys: Sequence[object]) -> int:
    found = [counts[key] for key in keys]
    return max(found) - min(found)


@pytest.mark.parametrize(("size", "raters"), [(24, 10), (24, 47), (24, 200), (100, 30), (7, 333), (1128, 3)])
def test_over_any_number_of_raters_every_version_of_every_image_is_rated_equally_often(size: int, raters: int) -> None:
    blocks = Blocks("s", 1, size, PAPER)
    dealt = [blocks[number] for number in range(1, raters + 1)]
    assert all(len(block) == len(set(block)) == size for block in dealt)
    assert spread(Counter(item for block in dealt for item in block), PAPER) <= 1


def test_within_a_rater_the_methods_and_the_images_of_a_data_set_are_shown_equally_often() -> None:
    items = pool(one=(20, 6))
    blocks = Blocks("s", 2, 24, items)
    methods, pictures = sorted({i.method for i in items}), sorted({i.image for i in items})
    for number in range(1, 6):  # the first round of 120 items: five whole blocks
        assert spread(Counter(item.method for item in blocks[number]), methods) == 0
        assert spread(Counter(item.image for item in blocks[number]), pictures) <= 2
    for number in range(6, 200):
        assert spread(Counter(item.method for item in blocks[number]), methods) <= 2


def test_every_rater_has_a_like_share_of_each_data_set() -> None:
    blocks = Blocks("s", 1, 24, PAPER)
    for number in range(1, 100):
        shares = Counter(item.dataset for item in blocks[number])
        for dataset in shares:
            whole = 24 * sum(item.dataset == dataset for item in PAPER) / len(PAPER)
            assert abs(shares[dataset] - whole) <= 2


@pytest.mark.parametrize("seed", range(5))
def test_raters_images_and_methods_are_connected(seed: int) -> None:
    blocks = Blocks("s", seed, 12, pool(one=(10, 6)))
    parent: dict[object, object] = {}

    def root(node: object) -> object:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for number in range(1, 11):  # two ratings of every item
        for item in blocks[number]:
            for node in (item.picture, item.method):
                parent[root(node)] = root(number)
    assert len({root(node) for node in list(parent)}) == 1
    for number in range(1, 11):
        assert len({item.method for item in blocks[number]}) == 6, "every rater compares all methods"


def test_blocks_are_the_same_in_every_process_and_for_ever() -> None:
    blocks = Blocks("registered", 7, 24, PAPER)
    text = "\n".join(item.stimulus for number in (1, 2, 50) for item in blocks[number])
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "eda251e5955ba61e"
    assert Blocks("registered", 7, 24, PAPER)[50] == blocks[50]
    assert Blocks("registered", 8, 24, PAPER)[50] != blocks[50]


def test_a_thousand_raters_are_dealt_in_a_moment() -> None:
    start = time.process_time()
    Blocks("s", 1, 24, PAPER)[1000]
    assert time.process_time() - start < 20


def test_a_block_larger_than_all_is_refused() -> None:
    with pytest.raises(StudyError, match="has 60 trials"):
        Blocks("s", 1, 61, pool(one=(10, 6)))


def incomplete(study: StudyDesign, size: int) -> StudyDesign:
    return replace(study, settings=replace(study.settings, trials_per_rater=size))


def test_a_schedule_holds_the_raters_block_in_an_order_of_its_own(small: StudyDesign) -> None:
    study = incomplete(small, 12)
    assert studyfile.parse(studyfile.write(study)) == study
    for number in (1, 2, 3):
        trials = [trial for trial in schedule.schedule(study, number) if trial.attempt == 0]
        assert len(trials) == 12
        assert {trial.stimulus for trial in trials} == {item.stimulus for item in schedule.share(study, number)}
        order = schedule.rating_order(study, number)
        assert all(a.picture != b.picture for a, b in itertools.pairwise(order))
    assert planning.plan(study, 5, 0.2, simulations=2).cost.trials == 12


def test_a_replacement_takes_over_the_block_that_was_left_behind(store: Store, small: StudyDesign) -> None:
    from srbench.mos.design import invitations

    study = incomplete(small, 12)
    store.organiser.create_study(study.name, study.settings, study.stimuli, studyfile.write(study))
    invitations.invite(store.organiser, study.name, 4)
    assert store.organiser.next_place(study.name) == (5, 5)
    store.organiser.close_rater(study.name, 2)
    store.organiser.withdraw_rater(study.name, 3)
    assert store.organiser.next_place(study.name) == (5, 2)
    (fifth,) = invitations.invite(store.organiser, study.name, 1)
    assert store.organiser.block_of(study.name, fifth.number) == 2
    assert store.organiser.next_place(study.name) == (6, 3)
    rater = store.rater.rater_by_token(fifth.token)
    assert rater is not None
    with store.database.read() as connection:
        query = f"SELECT stimulus_id FROM trial WHERE rater_id = {rater.id} AND attempt = 0"
        shown = set(connection.exec_driver_sql(query).scalars())
    assert shown == {item.stimulus for item in schedule.share(study, 2)}


def test_a_retest_and_a_part_of_all_trials_do_not_go_together(small: StudyDesign) -> None:
    text = studyfile.write(incomplete(small, 12)).replace('method = ""', 'method = "bicubic"')
    with pytest.raises(StudyError, match="retest"):
        studyfile.parse(text)
