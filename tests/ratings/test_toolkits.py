"""webMUSHRA's results and the P.910 toolkit's votes."""

from __future__ import annotations

import pytest

from srbench.errors import StudyError
from srbench.stats import RatingScale
from tests.ratings.conftest import Read

MUSHRA = (
    '"session_test_id",email,"session_uuid","trial_id","rating_stimulus","rating_score","rating_time","rating_comment"\n'
    "t,x@example.org,u1,boat,reference,100,61500,\nt,x@example.org,u1,boat,C1,42,61500,soft\n"
    "t,y@example.org,u2,boat,reference,98,30000,\nt,y@example.org,u2,boat,C1,55,30000,\n"
)


def test_mushra_results_are_images_methods_and_sessions_from_0_to_100(read: Read) -> None:
    found = read(MUSHRA, reference="reference")
    assert found.scale == RatingScale(0, 100)
    assert found.table[["rater", "image", "method", "score", "seconds"]].to_numpy().tolist() == [
        ["u1", "boat", "hr", 100, 61.5], ["u1", "boat", "C1", 42, 61.5],
        ["u2", "boat", "hr", 98, 30.0], ["u2", "boat", "C1", 55, 30.0],
    ]  # fmt: skip
    assert "example.org" not in found.table.to_csv()


def test_likert_results_tell_raters_apart_by_what_they_said_and_do_not_repeat_it(read: Read) -> None:
    text = "session_test_id,email,age,trial_id,stimuli_rating,stimuli,rating_time\n"
    found = read(text + 't,a@x,30,p1," 4 ",C1,900\nt,b@x,30,p1,NA,C1,900\nt,a@x,30,p1, 2 ,C2,900\n')
    assert found.table[["rater", "method", "score"]].to_numpy().tolist() == [["rater-1", "C1", 4], ["rater-1", "C2", 2]]
    assert found.empty == 1
    with pytest.raises(StudyError, match=r"names no raters"):
        read("session_test_id,trial_id,stimuli_rating,stimuli,rating_time\nt,p1,3,C1,900\n")


def test_bs1116_has_two_scores_a_line(read: Read) -> None:
    head = (
        "session_test_id,email,trial_id,rating_reference,rating_non_reference,rating_reference_score,"
        "rating_non_reference_score,rating_time,choice_comment\n"
    )
    found = read(head + "t,a@x,p1,reference,C1,5,3.4,1000,\n", scale="1:5")
    assert dict(zip(found.table["method"], found.table["score"], strict=True)) == {"reference": 5.0, "C1": 3.4}


def test_paired_comparison_prefers_the_reference_where_the_answer_is_correct(read: Read) -> None:
    about = "session_test_id,email,trial_id"
    head = f"{about},choice_reference,choice_non_reference,choice_answer,choice_time,choice_comment\n"
    answers = ("correct", "incorrect", "undecided", "unknown")
    found = read(head + "".join(f"t,{k}@x,p1,ref,C1,{answer},1,\n" for k, answer in enumerate(answers)))
    assert found.table[["left", "right", "score"]].to_numpy().tolist() == [
        ["ref", "C1", 1.0], ["ref", "C1", 2.0], ["ref", "C1", 1.5]
    ]  # fmt: skip
    assert found.empty == 1
    with pytest.raises(StudyError, match=r"got 'maybe'"):
        read(f"{head}t,a,p1,ref,C1,maybe,1,\n")


def test_other_results_of_webmushra_are_refused(read: Read) -> None:
    with pytest.raises(StudyError, match=r"expected webMUSHRA's results of MUSHRA"):
        read("session_test_id,email,trial_id,name,stimulus,position_x\nt,a,p,n,C1,0.5\n")


def test_votes_per_worker_are_ratings_and_votes_per_clip_are_refused(read: Read) -> None:
    text = "HITId,workerid,file,short_file_name,vote,hrc\nh,w1,http://x/boat_h1.mp4,boat_h1.mp4,4,h1\nh,w2,http://x/boat_h1.mp4,boat_h1.mp4,2,h1\n"
    found = read(text, split="{image}_{method}.mp4")
    assert found.table[["rater", "image", "method", "score"]].to_numpy().tolist() == [
        ["w1", "boat", "h1", 4], ["w2", "boat", "h1", 2]
    ]  # fmt: skip
    with pytest.raises(StudyError, match=r"do not say whose they are.*_votes_per_worker.csv"):
        read("file_url,n,MOS,std,95%CI,short_file_name,vote_1,vote_2\nu,2,3,1,1,f,4,2\n")
