"""Preferences that are counted as they come equal those that are counted anew."""

from __future__ import annotations

from srbench.mos.store import tally
from srbench.mos.store.definitions import Settings


def test_an_answer_counts_for_the_same_version_on_either_side(store):
    study = store.organiser.create_study("pairs", Settings("pc"), [], "name = 'pairs'").id
    with store.database.write() as connection:
        tally.add(connection, study, "a", "b", 1)
        tally.add(connection, study, "b", "a", 2)
        tally.add(connection, study, "b", "a", 1)
        tally.add(connection, study, "b", "a", 3)
    with store.database.read() as connection:
        assert tally.read(connection, study) == (("a", "b", 1, 2), ("a", "b", 2, 1), ("a", "b", 3, 1))


def test_an_answer_that_no_longer_holds_is_taken_out_and_a_study_without_a_tally_gets_none(store):
    study = store.organiser.create_study("pairs", Settings("pc"), [], "name = 'pairs'").id
    with store.database.write() as connection:
        tally.rebuild(connection, study)
        assert tally.read(connection, study) == ()
        tally.add(connection, study, "a", "b", 1)
        tally.add(connection, study, "a", "b", 1, -1)
        tally.add(connection, study, "a", "b", 2)
        assert tally.read(connection, study) == (("a", "b", 2, 1),)
        tally.rebuild(connection, study)
        assert tally.read(connection, study) == (), "nobody gave that answer"
