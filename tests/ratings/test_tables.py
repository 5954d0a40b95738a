"""Tables of every shape give the same ratings."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pandas as pd
import pytest

from srbench.errors import StudyError
from srbench.ratings import Declaration, understand
from srbench.stats import mean_opinion_scores
from tests.ratings.conftest import Read

SCORES = {("ann", "boat_a"): 5, ("ann", "boat_b"): 2, ("ann", "tree_a"): 4, ("ann", "tree_b"): 1,
          ("bob", "boat_a"): 4, ("bob", "boat_b"): 3, ("bob", "tree_a"): 5, ("bob", "tree_b"): 2}  # fmt: skip
RATERS, STIMULI = ("ann", "bob"), ("boat_a", "boat_b", "tree_a", "tree_b")
SPLIT = "{image}_{method}"


def long_table() -> str:
    return "subject,pvs,vote\n" + "".join(f"{rater},{name},{score}\n" for (rater, name), score in SCORES.items())


def by_stimulus() -> str:
    rows = [",".join([name, *(str(SCORES[rater, name]) for rater in RATERS)]) for name in STIMULI]
    return "\n".join([f"pvs,{','.join(RATERS)}", *rows])


def by_rater() -> str:
    rows = [",".join([rater, *(str(SCORES[rater, name]) for name in STIMULI)]) for rater in RATERS]
    return "\n".join([f"observer,{','.join(STIMULI)}", *rows])


def by_rater_and_image() -> str:
    rows = [
        f"{rater},{image},{SCORES[rater, f'{image}_a']},{SCORES[rater, f'{image}_b']}"
        for rater, image in product(RATERS, ("boat", "tree"))
    ]
    return "\n".join(["rater,content,a,b", *rows])


@pytest.mark.parametrize("table", [long_table, by_stimulus, by_rater, by_rater_and_image])
def test_long_and_wide_tables_of_the_same_ratings_are_the_same(read: Read, table) -> None:
    found = read(table(), split=SPLIT).table
    assert len(found) == len(SCORES)
    for row in found.itertuples():
        assert row.score == SCORES[row.rater, f"{row.image}_{row.method}"]
    assert set(found["repeat"]) == {0}


def test_a_matrix_of_numbers_is_one_row_per_stimulus_and_says_that_it_names_nobody(read: Read) -> None:
    found = read("5,4\n2,nan\n1,1\n", form="matrix")
    assert found.table.groupby("image")["score"].apply(list).to_dict() == {
        "stimulus-1": [5, 4], "stimulus-2": [2], "stimulus-3": [1, 1]
    }  # fmt: skip
    assert "neither raters nor stimuli" in found.notes[0]
    with pytest.raises(StudyError, match=r"without a header. Say --form matrix"):
        read("5,4\n2,3\n")
    with pytest.raises(StudyError, match=r"expected numbers only, but the first line is pvs, ann"):
        read(by_stimulus(), form="matrix")


def test_summaries_and_named_columns_are_no_raters(read: Read) -> None:
    found = read("clip;age_limit;s1;s2;MOS;95%CI\nx;18;4;5;4.5;0.1\n", skip=("age_limit",))
    assert set(found.table["rater"]) == {"s1", "s2"}
    assert "left out: age_limit, MOS, 95%CI" in " ".join(found.notes)
    with pytest.raises(StudyError, match=r"column 'remark': expected a score, got 'nice'. .*--skip"):
        read("clip,s1,remark\nx,4,nice\n")


def test_a_table_that_does_not_say_what_its_rows_are_is_asked_about(read: Read) -> None:
    with pytest.raises(StudyError, match=r"is a row a stimulus or a rater.*--column 'stimulus=thing'"):
        read("thing,s1,s2\nx,4,5\n")
    assert set(read("thing,s1,s2\nx,4,5\n", columns={"rater": "thing"}).table["image"]) == {"s1", "s2"}
    assert set(read(",1,2\nx,4,5\n", columns={"stimulus": ""}).table["rater"]) == {"1", "2"}


def test_columns_that_are_missing_are_named_and_can_be_declared(read: Read) -> None:
    with pytest.raises(StudyError, match=r"wrong or missing: rater, image, method or stimulus"):
        read("who,what,score\na,b,3\n")
    found = read("who,what,score\na,b,3\n", columns={"rater": "who", "stimulus": "what"})
    assert found.table[["rater", "image", "score"]].to_numpy().tolist() == [["a", "b", 3]]
    with pytest.raises(StudyError, match=r"Unknown column 'wat'. Did you mean 'what'"):
        read("who,what,score\na,b,3\n", columns={"rater": "wat"})
    with pytest.raises(StudyError, match=r"Unknown column 'vote'"):
        read("who,what,score\na,b,3\n", columns={"vote": "score"})


def test_our_own_exports_are_read_back(read: Read, tmp_path: Path) -> None:
    from srbench.mos.store import formats

    rows = [("s", rater, k, "set5", f"i{k}", "m", 0, 3 + k % 2, 1.5) for rater in RATERS for k in range(1, 4)]
    names = ["study", "rater", "trial", "dataset", "image", "method", "repeat", "score", "seconds"]
    ratings = pd.DataFrame(rows, columns=names)
    for form, name in (("csv", "x.csv"), ("long", "y.csv"), ("parquet", "x.parquet"), ("sureal", "x.json")):
        (tmp_path / name).write_bytes(formats.encode(ratings, form))
        found = understand(tmp_path / name)
        keys = ["rater", "dataset", "image", "method", "repeat"]
        theirs = found.table.sort_values(keys, ignore_index=True)
        assert theirs[[*keys, "score"]].equals(ratings.sort_values(keys, ignore_index=True)[[*keys, "score"]]), form
    assert found.decimal == "."


def test_public_data_have_their_published_means_and_intervals_through_the_import(golden: Path, tmp_path: Path) -> None:
    declared = Declaration(split=r"(?P<image>.+?)_(?P<method>\d+kbps.*\.(mp4|mkv))", dataset="avt")
    understand(golden / "mos" / "avt_test1_ratings.csv", declared).save(tmp_path / "avt.parquet")
    found = understand(tmp_path / "avt.parquet").table
    table = mean_opinion_scores(found, ("image", "method"))
    names = table["image"] + "_" + table["method"]
    published = pd.read_csv(golden / "mos" / "avt_test1_mos_ci.csv").set_index("video_name").loc[names]
    assert len(published) == 180
    assert table["mos"].to_numpy() == pytest.approx(published["MOS"].to_numpy(), abs=1e-9)
    assert ((table["high"] - table["low"]) / 2).to_numpy() == pytest.approx(published["CI"].to_numpy(), abs=1e-9)


def test_the_sample_of_the_recommendation_has_the_means_of_its_rows(golden: Path) -> None:
    path = golden / "mos" / "bt500_p910_sample_ratings.csv"
    found = understand(path, Declaration(form="matrix"))
    means = mean_opinion_scores(found.table, ("image",))["mos"].to_numpy()
    assert means == pytest.approx(pd.read_csv(path, header=None).mean(axis=1).to_numpy(), abs=1e-9)
    assert found.empty == 1
