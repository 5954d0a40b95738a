"""A study as one object: what a notebook needs, one call each."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pandas as pd
import pytest

from srbench.errors import RunError, StudyError
from srbench.mos.design import registration
from srbench.mos.design.study import StudyDesign
from srbench.mos.site import address
from srbench.mos.store.rows import RATING_COLUMNS
from srbench.mos.store.session import Card
from srbench.mos.store.stores import Store
from srbench.mos.study import Study


@pytest.fixture
def lab(design: StudyDesign, run_folder: Path, studies: Path) -> Study:
    """The study `lab` of `design`, made and opened."""
    study = Study.create("lab", run_folder, design=design, folder=studies, seed=3)
    study.open()
    return study


def rate_all(study: Study, link: str) -> None:
    with contextlib.closing(Store.open(registration.database_url(study.path))) as store:
        rater = store.rater.rater_by_token(link.rpartition("/")[2])
        assert rater is not None
        due = store.rater.next_trial(rater)
        while not isinstance(due, Card) or due.can_proceed:
            if isinstance(due, Card):
                due = store.rater.proceed(rater, due.kind)
            elif due.calibration:
                shown = next(s for s in store.organiser.stimuli("lab") if s.id == due.pictures[0].id)
                due = store.rater.rate(rater, due.id, 5 if shown.method == "hr" else 1, 1.0).due
            else:
                due = store.rater.rate(rater, due.id, 3, 1.0).due


def test_a_notebook_makes_opens_invites_watches_and_exports_with_one_call_each(lab: Study, tmp_path: Path) -> None:
    links = lab.invite(2, labels=["Ada"], address="https://lab.example")
    assert list(links.columns) == ["rater", "label", "link"]
    assert list(links["label"]) == ["Ada", ""]
    assert links["link"].str.startswith("https://lab.example/join/").all()
    rate_all(lab, links["link"][0])
    progress = lab.progress()
    assert list(progress["done"]) == [60, 0]
    assert list(progress["state"]) == ["finished", "invited"]
    ratings = lab.ratings()
    assert list(ratings.columns) == RATING_COLUMNS
    assert lab.export(tmp_path / "out.csv") == len(ratings) == 60
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out.csv", dtype={"rater": str}), ratings)
    assert lab.export(tmp_path / "all.zip") == 60
    assert [event.detail for event in lab.status().events if event.kind == "exported"] == ["csv", "archive"]
    looks = [event.detail for event in lab.status().events if event.kind == "peeked"]
    assert looks == ["ratings were read", "export of csv", "export of archive"]
    lab.close()
    lab.ratings()
    lab.export(tmp_path / "again.csv")
    assert lab.status().looks == 3, "after the end nobody can stop because of a result"
    assert repr(lab).startswith("Study('lab', folder=")


def test_links_lead_where_the_study_was_served_last(lab: Study) -> None:
    assert lab.invite()["link"][0].startswith("http://127.0.0.1:8501/join/")
    address.remember(lab.path, "https://study.example.org")
    assert lab.invite()["link"][0].startswith("https://study.example.org/join/")
    assert lab.renew(1)["link"][0].startswith("https://study.example.org/join/")
    assert lab.renew(1, "http://other")["link"][0].startswith("http://other/join/")


def test_a_study_pauses_goes_on_and_ends(lab: Study) -> None:
    lab.invite(2)
    lab.pause()
    assert lab.status().record.state == "paused"
    assert lab.open().state == "open"
    lab.end_rater(2)
    lab.revoke(1)
    lab.close()
    assert lab.status().record.state == "closed"
    with pytest.raises(StudyError, match="closed for good"):
        lab.open()


def test_everything_before_opening_says_what_to_do(design: StudyDesign, run_folder: Path, studies: Path) -> None:
    nowhere = Study("lab", studies)
    for act in (nowhere.invite, nowhere.status, nowhere.serve, nowhere.pause, nowhere.ratings):
        with pytest.raises(StudyError, match=r"no study 'lab'.*srbench mos new lab --run"):
            act()
    with pytest.raises(StudyError, match="srbench mos new"):
        nowhere.open()
    assert not studies.exists(), "asking makes nothing"
    made = Study.create("lab", run_folder, design=design, folder=studies)
    for act in (made.invite, made.status, made.serve, made.pause, made.ratings):
        with pytest.raises(StudyError, match="srbench mos open lab"):
            act()
    with pytest.raises(RunError, match="not a finished run"):
        Study.create("other", studies, folder=studies)
    with pytest.raises(StudyError, match="letters, digits"):
        Study("../lab", studies)


def test_serving_others_needs_their_names_and_proxies_are_addresses(lab: Study) -> None:
    with pytest.raises(StudyError, match="--allow-host"):
        lab.serve(host="0.0.0.0")
    with pytest.raises(StudyError, match="IP address"):
        lab.serve(proxies=["my-proxy"])


def test_ratings_from_elsewhere_become_a_closed_study(tmp_path: Path, studies: Path) -> None:
    (tmp_path / "theirs.csv").write_text("subject,content,HRC,vote\nann,a,m1,5\nbob,a,m1,4\n")
    study = Study.from_ratings("theirs", tmp_path / "theirs.csv", columns={"method": "HRC"}, folder=studies)
    assert study.status().record.state == "closed"
    assert list(study.ratings()["score"]) == [5, 4]
