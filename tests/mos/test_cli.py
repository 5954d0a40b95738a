from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from srbench import paper
from srbench.cli import app
from srbench.errors import StudyError
from srbench.mos.design import registration
from srbench.mos.store.rows import RATING_COLUMNS
from srbench.mos.store.session import Card
from srbench.mos.store.stores import Store
from srbench.reports import studies
from srbench.stats import pair_model

Mos = Callable[..., str]


@pytest.fixture
def mos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mos:
    """Run `srbench mos ...` in an empty folder and return what it printed."""
    monkeypatch.chdir(tmp_path)

    def call(*words: object) -> str:
        result = CliRunner().invoke(app, ["mos", *map(str, words)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return call


@pytest.fixture
def design_file(tmp_path: Path) -> Path:
    path = tmp_path / "design.toml"
    path.write_text('[[sets]]\nname = "set5"\nversions = ["bicubic", "hr"]\n[calibration]\ncount = 3\n')
    return path


@pytest.fixture
def opened(mos: Mos, run_folder: Path, teaching: Path, design_file: Path) -> Mos:
    """`mos`, with a study 'lab' of 6 ratings per rater open for raters."""
    mos("new", "lab", "--run", run_folder, "--from", design_file, "--calibration", teaching, "--seed", 3)
    mos("open", "lab")
    return mos


def rate_all(token: str) -> None:
    store = Store.open(registration.database_url(Path("studies/lab")))
    rater = store.rater.rater_by_token(token)
    assert rater is not None
    while True:
        due = store.rater.next_trial(rater)
        if isinstance(due, Card):
            if not due.can_proceed:
                break
            store.rater.proceed(rater, due.kind)
        else:
            store.rater.rate(rater, due.id, 3, 1.0, due.revision)
    store.close()


def links(printed: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(printed)))


def test_a_study_is_made_opened_rated_watched_exported_and_closed(
    mos: Mos, run_folder: Path, teaching: Path, design_file: Path
) -> None:
    design_file.write_text(design_file.read_text() + "[settings]\npass_fraction = 0.0\n")
    made = mos("new", "lab", "--run", run_folder, "--from", design_file, "--calibration", teaching, "--seed", 3)
    assert "ratings per rater: 6" in made
    assert "seed 3" in made
    assert "open" in mos("open", "lab")
    invited = links(mos("invite", "lab", "--raters", 2, "--label", "ada", "--address", "https://lab.example/"))
    assert [row["label"] for row in invited] == ["ada", ""]
    start, _, token = invited[0]["link"].rpartition("/")
    assert start == "https://lab.example/join"
    rate_all(token)
    assert "6 of 12 ratings" in mos("status", "lab")
    status = json.loads(mos("status", "lab", "--json"))
    assert [rater["state"] for rater in status["raters"]] == ["finished", "invited"]
    assert "score" not in json.dumps(status)
    mos("export", "lab", "out.csv")
    table = pd.read_csv("out.csv", dtype={"rater": str})
    assert list(table.columns) == RATING_COLUMNS
    assert len(table) == 6
    assert "ada" not in Path("out.csv").read_text()
    mos("export", "lab", "out.parquet", "--names")
    assert set(pd.read_parquet("out.parquet")["rater"]) == {"ada"}
    assert "paused" in mos("close", "lab", "--pause")
    assert "is open" in mos("open", "lab")
    assert "Rater 2" in mos("close", "lab", "--rater", 2)
    assert "is closed" in mos("close", "lab")


def test_a_lost_link_is_renewed_and_a_stolen_one_revoked(opened: Mos) -> None:
    first = links(opened("invite", "lab", "--address", "https://lab.example"))[0]["link"]
    second = links(opened("renew", "lab", "--rater", 1, "--address", "https://lab.example"))[0]["link"]
    assert first != second
    with Store.open(registration.database_url(Path("studies/lab"))) as store:
        assert store.rater.rater_by_token(first.rpartition("/")[2]) is None
        assert store.rater.rater_by_token(second.rpartition("/")[2]) is not None
        assert "mos renew lab --rater 1" in opened("revoke", "lab", "--rater", 1)
        assert store.rater.rater_by_token(second.rpartition("/")[2]) is None
    with pytest.raises(StudyError, match="no rater 9"):
        opened("renew", "lab", "--rater", 9)


def test_links_to_this_machine_alone_come_with_a_warning(opened: Mos) -> None:
    result = CliRunner().invoke(app, ["mos", "invite", "lab"], catch_exceptions=False)
    assert "http://127.0.0.1:8501/join/" in result.stdout
    assert "this machine alone" in result.stderr
    assert "this machine alone" not in result.stdout
    result = CliRunner().invoke(app, ["mos", "invite", "lab", "--address", "https://lab.example"])
    assert result.stderr == ""


def test_the_archive_is_chosen_by_its_ending(opened: Mos) -> None:
    assert "(archive, anonymised)" in opened("export", "lab", "lab.zip")
    with zipfile.ZipFile("lab.zip") as file:
        assert {"ratings.tsv", "ratings.json", "visits.tsv", "study.toml"} <= set(file.namelist())


def test_a_study_of_all_that_a_run_has_needs_no_file(mos: Mos, run_folder: Path, teaching: Path) -> None:
    command = ["new", "lab", "--run", run_folder, "--from", "run", "--calibration", teaching]
    with pytest.raises(StudyError, match=r"needs 20 pictures, there are 3.*--calibration-count"):
        mos(*command)
    assert "ratings per rater: 60" in mos(*command, "--calibration-count", 3)


def test_exports_for_sureal_and_r_hold_every_rating(opened: Mos) -> None:
    opened("simulate", "drawn.csv", "--raters", 4, "--seed", 1)
    opened("import", "synthetic-x", "drawn.csv")
    opened("export", "synthetic-x", "out.json")
    document = json.loads(Path("out.json").read_text())
    assert len(document["ref_videos"]) == 119
    assert len(document["dis_videos"]) == 1128
    assert {len(shown["os"]) for shown in document["dis_videos"]} == {4}
    opened("export", "synthetic-x", "long.csv", "--format", "long")
    long = pd.read_csv("long.csv")
    assert len(long) == 4 * 1128
    assert {"subject", "stimulus", "content", "condition", "score"} <= set(long.columns)
    original = pd.read_csv("drawn.csv")
    means = long.groupby("stimulus")["score"].mean().sort_index()
    key = original["dataset"] + "/" + original["image"] + "/" + original["method"]
    assert means.to_list() == original.groupby(key)["score"].mean().sort_index().to_list()


def test_sureal_reads_our_export(opened: Mos) -> None:
    reader = pytest.importorskip("sureal.dataset_reader", exc_type=ImportError)
    opened("simulate", "drawn.csv", "--raters", 3)
    opened("import", "synthetic-x", "drawn.csv")
    opened("export", "synthetic-x", "out.json")
    document = type("Dataset", (), json.loads(Path("out.json").read_text()))
    scores = reader.RawDatasetReader(document).opinion_score_3darray
    assert scores.shape[:2] == (1128, 3)


def test_synthetic_ratings_never_pass_for_real_ones(opened: Mos) -> None:
    assert "SYNTHETIC" in opened("simulate", "drawn.csv", "--raters", 2)
    table = pd.read_csv("drawn.csv")
    assert len(table) == 2 * paper.RATINGS // 26
    assert table["study"].str.startswith("synthetic-").all()
    with pytest.raises(StudyError, match="must begin with 'synthetic-'"):
        opened("import", "real", "drawn.csv")
    table.assign(study="real").to_csv("renamed.csv", index=False)
    with pytest.raises(StudyError, match="must begin with 'synthetic-'"):  # raters of a simulation stay what they are
        opened("import", "real", "renamed.csv")
    table.assign(study="real", rater="r-" + table["rater"]).to_csv("real.csv", index=False)
    with pytest.raises(StudyError, match="must not begin with 'synthetic-'"):
        opened("import", "synthetic-y", "real.csv")
    pd.concat([table, table.assign(study="real", rater="r-" + table["rater"])]).to_csv("both.csv", index=False)
    with pytest.raises(StudyError, match="mixes synthetic"):
        opened("import", "real", "both.csv")
    opened("import", "synthetic-x", "drawn.csv")
    assert "(synthetic)" in opened("status", "synthetic-x")


def test_ratings_with_other_column_names_are_imported(mos: Mos) -> None:
    Path("theirs.csv").write_text(
        "Subject,content,HRC,vote,x\nann,a,m1,5,1\nann,b,m1,2,1\nbob,a,m1,4,1\nann,a,m1,1,1\n"
    )
    mos("import", "others", "theirs.csv", "--column", "method=HRC")
    mos("export", "others", "out.csv")
    table = pd.read_csv("out.csv")
    assert list(table["rater"]) == ["ann", "ann", "ann", "bob"]
    assert list(table["score"]) == [5, 2, 1, 4]
    assert list(table["repeat"]) == [0, 0, 1, 0]
    assert table["seconds"].isna().all()
    assert "(imported): closed" in mos("status", "others")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rater,image,method\na,b,c\n", "wrong or missing: score"),
        (
            "rater,image,method,score\na,b,c,6\n",
            r"line 2: expected a whole score from 1 to 5, got 6\. .*srbench ratings import bad.csv",
        ),
        ("rater,image,method,score\na,b,c,3\na,b,d,2.5\n", r"line 3: .* got 2\.5"),
        ("rater,image,method,score\n", "holds no rating"),
        ("rater,image,method,score\n,b,c,3\n", "empty cells"),
        ("rater,image,method,score,repeat\na,b,c,3,0\na,b,c,4,0\n", "line 3: this rater"),
        ("", "Cannot read"),
    ],
)
def test_a_file_that_cannot_be_imported_says_where_it_is_wrong(mos: Mos, text: str, message: str) -> None:
    Path("bad.csv").write_text(text)
    with pytest.raises(StudyError, match=message):
        mos("import", "others", "bad.csv")


def test_a_study_that_was_never_opened_says_so(mos: Mos) -> None:
    for words in (["status", "none"], ["invite", "none"], ["export", "none", "x.csv"], ["close", "none"]):
        with pytest.raises(StudyError, match="srbench mos open none"):
            mos(*words)
    assert not Path("studies").exists()


def test_an_opened_study_that_was_changed_invites_nobody(opened: Mos) -> None:
    path = Path("studies/lab/study.toml")
    path.write_text(path.read_text().replace("bicubic", "srgan"))
    with pytest.raises(StudyError, match="changed after the study was opened"):
        opened("invite", "lab")


def test_pair_comparison_exports_who_was_left_and_right(
    mos: Mos, run_folder: Path, teaching: Path, design_file: Path
) -> None:
    design_file.write_text('design = "pc"\n[settings]\npass_fraction = 0.0\n' + design_file.read_text())
    mos("new", "lab", "--run", run_folder, "--from", design_file, "--calibration", teaching)
    mos("open", "lab")
    token = links(mos("invite", "lab"))[0]["link"].rpartition("/")[2]
    store = Store.open(registration.database_url(Path("studies/lab")))
    rater = store.rater.rater_by_token(token)
    assert rater is not None
    while not isinstance(due := store.rater.next_trial(rater), Card) or due.can_proceed:
        if isinstance(due, Card):
            store.rater.proceed(rater, due.kind)
            continue
        assert (len(due.pictures), due.choices) == (2, 2)
        store.rater.rate(rater, due.id, 2, 1.0)
    store.close()
    mos("export", "lab", "out.csv")
    table = pd.read_csv("out.csv", dtype={"rater": str})
    assert set(zip(table["left"], table["right"], strict=True)) <= {("bicubic", "hr"), ("hr", "bicubic")}
    assert list(table["score"]) == [2, 2, 2]
    stored = studies.load("lab", Path("studies"))
    assert stored.compares
    for found in (stored, studies.from_file(Path("out.csv"))):
        assert pair_model(found.ratings).observations == len(table)
    with pytest.raises(StudyError, match="pair comparison goes to csv"):
        mos("export", "lab", "out.json")


def test_the_plan_of_the_paper_counts_its_ratings_and_warns_of_five_pictures(mos: Mos) -> None:
    printed = mos("plan", "--raters", 26, "--effect", 0.2, "--simulations", 5)
    assert "29,328 ratings" in printed
    assert "all pairs of a set's methods at once, which is the rule of the report, and" in printed
    assert "set5: Wilcoxon's test on 5 pictures can never reach p < 0.05" in printed
    plan = json.loads(mos("plan", "--simulations", 2, "--json"))
    assert plan["ratings"] == 29_328
    assert plan["power"][0]["smallest_p"] == 0.0625
    assert (plan["selection"], plan["studies"]) == ("full", 2)
    assert "savings" not in plan


def test_a_plan_of_active_selection_rehearses_it_and_says_what_it_saves(mos: Mos, tmp_path: Path) -> None:
    path = tmp_path / "active.toml"
    path.write_text(
        'design = "pc"\n[settings]\nselection = "active"\ntrials_per_rater = 12\n'
        '[[sets]]\nname = "set5"\nversions = ["a", "b", "hr"]\n'
    )
    words = ("plan", "--from", path, "--raters", 4, "--simulations", 2)
    printed = mos(*words)
    assert "selected actively" in printed.splitlines()[0]
    assert "2 simulated studies" in printed.splitlines()[0]
    assert "balanced blocks of 12 trials a rater after about" in printed
    assert "95 % of resampled studies" in printed
    plan = json.loads(mos(*words, "--json"))
    (saved,) = plan["savings"]
    assert saved["pairs"] == [1, 1]
    assert saved["active"]["error"] > 0
    assert plan["power"][0]["power"] == saved["active"]["power"]
    few = json.loads(mos(*words[:3], "--raters", 2, "--simulations", 1, "--json"), parse_constant=pytest.fail)
    assert few["power"][0]["false_alarms"] is None, "one study of one pair that differs says nothing of false alarms"


def test_a_plan_of_pairs_says_whether_its_rule_is_that_of_the_report(mos: Mos, tmp_path: Path) -> None:
    path = tmp_path / "pairs.toml"
    sets = '[[sets]]\nname = "set5"\nversions = ["a", "b", "hr"]\n'
    for selection, rule in (("random", "a stand-in for the model of pairs"), ("active", "the rule of the report")):
        path.write_text(f'design = "pc"\n[settings]\nselection = "{selection}"\ntrials_per_rater = 12\n{sets}')
        assert f"at once, which is {rule}" in mos("plan", "--from", path, "--raters", 3, "--simulations", 1)


def test_a_user_error_is_one_line_and_exit_status_two(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "srbench", "mos", "status", "../x"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=dict(os.environ),
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: A study's name may hold")
    assert result.stderr.count("\n") == 1


def test_the_commands_start_without_heavy_libraries() -> None:
    heavy = ("pandas", "sqlalchemy", "torch", "scipy", "numpy")
    code = f"import sys, srbench.cli.mos; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_open_link_and_the_list_for_the_panel(opened: Mos, tmp_path: Path) -> None:
    link = opened("recruit", "lab", "--quota", 2, "--panel", "prolific", "--completed", "C0DE").strip()
    assert link.startswith("http://127.0.0.1:8501/open/")
    assert link.endswith("?PROLIFIC_PID={{%PROLIFIC_PID%}}")
    (tmp_path / "panel.csv").write_text("id,state\nann,x\n")
    printed = opened("payments", "lab", "paid.csv", "--participants", "panel.csv", "--column", "id")
    assert printed.strip() == "1 participants in paid.csv: never-came 1."
    assert pd.read_csv("paid.csv")["participant"].to_list() == ["ann"]
    with pytest.raises(StudyError, match="Name it with --column"):
        opened("payments", "lab", "paid.csv", "--participants", "panel.csv")
    with pytest.raises(StudyError, match="panel 'crowd'"):
        opened("recruit", "lab", "--quota", 2, "--panel", "crowd")
