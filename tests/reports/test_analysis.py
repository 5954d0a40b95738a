"""What a report says about good, damaged and poor inputs: a sentence or an error, never a wrong number."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from srbench import stats
from srbench.bench.results import RunResults
from srbench.errors import ReportError, StatisticsError
from srbench.reports import Choices, StudyRatings, build, page
from srbench.reports.analysis import find
from srbench.reports.cautions import cautions
from srbench.reports.figures import style
from srbench.reports.figures.metrics import depth, depths
from srbench.reports.selection import main_tables, statistics_tables
from srbench.reports.summary import summary
from srbench.reports.verdicts import reliability, significance
from srbench.stats import tables as stats_tables
from srbench.tables import score_table
from tests.reports.conftest import laid_out, undrawn

QUICK = Choices(pictures=False, models=False)
TITLES = {
    "nearest": "Nearest",
    "bicubic": "Bicubic",
    "srresnet-mse": "SRResNet-MSE",
    "srresnet-vgg22": "SRResNet-VGG22",
}


def _said(findings) -> str:
    lines = [*cautions(findings), *reliability(findings)]
    for metric in ("mos", "psnr"):
        lines += significance(findings, metric)
    return "\n".join(lines)


def _cell(findings, dataset: str, label: str, method: str) -> str:
    table = main_tables(findings)[-1]
    column = list(table.head).index(method)
    row = next(row for row in table.rows if row[0].text == dataset and row[1].text.startswith(label))
    return row[column].text


def test_means_are_the_plain_means_of_scores_and_ratings(run, ratings):
    findings = find(run, StudyRatings("s", ratings), QUICK)
    scores = run.scores[(run.scores["dataset"] == "set5") & (run.scores["metric"] == "psnr")]
    expected = scores[scores["method"] == "bicubic"]["value"].mean()
    assert _cell(findings, "Set5", "PSNR", "Bicubic") == f"{expected:.2f}"
    first = ratings[
        (ratings["dataset"] == "odd name") & (ratings["method"] == "srresnet-mse") & (ratings["repeat"] == 0)
    ]
    assert _cell(findings, "odd name", "MOS", "SRResNet-MSE") == f"{first['score'].mean():.2f}"


def test_the_papers_figures_stand_beside_ours_on_a_whole_set_only(run, ratings):
    table = main_tables(find(run, StudyRatings("s", ratings), QUICK))[-1]
    psnr = next(k for k, row in enumerate(table.rows) if row[0].text == "Set5" and row[1].text.startswith("PSNR"))
    assert [cell.text for cell in table.rows[psnr + 1][2:4]] == ["26.26", "28.43"]
    ours, printed = float(table.rows[psnr][3].text), 28.43
    assert table.rows[psnr + 2][3].text == f"{ours - printed:+.2f}".replace("-", "\u2212")
    fewer = RunResults(run.folder, run.scores[run.scores["image"] != "img_001"], run.info)
    smaller = main_tables(find(fewer, None, QUICK))[-1]
    assert not any(cell.text == "paper" for row in smaller.rows for cell in row)


def test_the_best_is_bold_and_the_original_is_left_aside(run):
    table = main_tables(find(run, None, QUICK))[-1]
    bold = [(row[1].text, table.head[k]) for row in table.rows for k, cell in enumerate(row) if cell.bold]
    assert set(bold) <= {("PSNR (dB)", "SRResNet-VGG22"), ("SSIM", "SRResNet-VGG22"), ("PSNR (dB)", "SRResNet-MSE"),
                         ("SSIM", "SRResNet-MSE")}  # fmt: skip
    assert len(bold) == 4


def test_what_a_method_was_trained_with_is_said_under_every_table_of_it(run):
    for table in main_tables(find(run, None, QUICK)):
        assert any("SRResNet-VGG22: features: a substitute" in note for note in table.notes)


def test_a_failed_image_leaves_no_mean(run):
    scores = run.scores.copy()
    scores.loc[(scores["method"] == "bicubic") & (scores["image"] == "img_002"), ["value", "status"]] = [
        np.nan,
        "failed",
    ]
    findings = find(RunResults(run.folder, scores, run.info), None, QUICK)
    assert _cell(findings, "Set5", "PSNR", "Bicubic") == "failed (1 of 5)"
    assert "Bicubic failed on 1 image of Set5" in _said(findings)


def test_the_original_has_infinite_psnr_and_no_difference(run):
    findings = find(run, None, QUICK)
    assert _cell(findings, "Set5", "PSNR", "Original") == "\u221e"
    assert "hr" not in set(findings.comparisons["a"]) | set(findings.comparisons["b"])


def test_five_images_can_be_conclusive_by_the_interval_where_wilcoxons_test_cannot(run, ratings):
    findings = find(run, StudyRatings("s", ratings), QUICK)
    rows = findings.comparisons.query("metric == 'mos' and dataset == 'set5'")
    assert rows["significant"].any()
    said = next(line for line in significance(findings, "mos") if line.startswith("Set5"))
    assert f"{rows['significant'].sum()} of {len(rows)} differences are significant; not told apart: " in said
    assert "Wilcoxon's test can call nothing significant at the 5 % level, whatever the data" in said
    assert "5 pairs can reach no p below 0.0625, which Holm's adjustment for 10 comparisons makes 0.625" in said


def test_sentences_matrices_and_groups_follow_the_family_interval(run, ratings):
    findings = find(run, StudyRatings("s", ratings), QUICK)
    rows = findings.comparisons
    decided = (rows["family_low"] > 0) | (rows["family_high"] < 0)
    assert (rows["significant"] == decided).all()
    for (metric, dataset), part in rows.groupby(["metric", "dataset"]):
        alike = stats.groups(part, findings.names.methods)
        joined = {frozenset(pair) for group in alike for pair in itertools.combinations(group, 2)}
        here = {*part["a"], *part["b"]}
        same = {frozenset(pair) for pair in part.loc[~part["significant"], ["a", "b"]].itertuples(index=False)}
        assert {pair for pair in joined if pair <= here} == same, (metric, dataset)


def test_pairs_that_nobody_compared_are_counted_and_never_called_equal(run, ratings):
    half = ratings["rater"] < "r08"
    apart = ratings[(half & (ratings["method"] != "nearest")) | (~half & (ratings["method"] == "nearest"))]
    findings = find(run, StudyRatings("s", apart), QUICK)
    said = next(line for line in significance(findings, "mos") if line.startswith("odd name"))
    assert "Not compared, for want of a common image: 4 pairs." in said
    assert "Nearest" not in said
    table = next(table for table in statistics_tables(findings) if table.name == "comparisons-mos")
    assert sum(cell.text == "not compared" for row in table.rows for cell in row) == 8


def test_missing_cells_are_counted(run, ratings):
    said = _said(find(run, StudyRatings("s", ratings.drop(index=[3, 4, 5])), QUICK))
    assert "3 of 400 ratings (methods x raters x images) are missing" in said


def test_one_rater_is_said_and_gives_no_reliability(run, ratings):
    findings = find(run, StudyRatings("s", ratings[ratings["rater"] == "r00"]), QUICK)
    assert "Only one person rated" in _said(findings)
    table = next(table for table in statistics_tables(findings) if table.name == "reliability")
    assert {cell.text for row in table.rows for cell in row[3:]} <= {"\u2013", "\u2013 \u2013"}


def test_few_raters_are_said(run, ratings):
    assert "Only 8 people rated" in _said(find(run, StudyRatings("s", ratings[ratings["rater"] < "r08"]), QUICK))


def test_one_image_says_nothing_about_others(run, ratings):
    few = ratings[ratings["image"] == "img_001"]
    said = _said(find(run, StudyRatings("s", few), QUICK))
    assert "1 pair can reach no p below 1" in said
    assert "One image: nothing is said about other images." in said
    assert "Set5, PSNR" in said  # the run has more images than the study


def test_constant_scores_show_no_difference_and_no_reliability(run, ratings):
    findings = find(run, StudyRatings("s", ratings.assign(score=3)), QUICK)
    mos = findings.comparisons[findings.comparisons["metric"] == "mos"]
    assert (mos["p"] == 1).all()
    assert not mos["significant"].any()
    assert findings.opinions.reliability["icc_ak"].isna().all()
    assert "no mapping" in " ".join(findings.opinions.agreement["note"]).lower()


def test_doubled_rows_count_once_and_are_said(run, ratings):
    doubled = find(run, StudyRatings("s", pd.concat([ratings, ratings.iloc[:4]])), QUICK)
    pd.testing.assert_frame_equal(doubled.opinions.mos, find(run, StudyRatings("s", ratings), QUICK).opinions.mos)
    assert "4 repeated rating rows were counted once" in _said(doubled)


def test_nan_ratings_count_as_missing_and_are_said(run, ratings):
    ratings["score"] = ratings["score"].astype(float)
    ratings.loc[0, "score"] = np.nan
    assert "1 rating has no value and counts as missing" in _said(find(run, StudyRatings("s", ratings), QUICK))


def test_contradicting_ratings_are_an_error(run, ratings):
    other = ratings.iloc[:1].assign(score=6 - ratings.loc[0, "score"])
    with pytest.raises(StatisticsError, match="contradict"):
        find(run, StudyRatings("s", pd.concat([ratings, other])), QUICK)


def test_a_study_of_other_pictures_says_that_metrics_cannot_be_compared(run, ratings):
    findings = find(run, StudyRatings("s", ratings.assign(image="else_" + ratings["image"])), QUICK)
    assert "Run and study have no stimulus in common" in _said(findings)
    assert not len(findings.opinions.agreement)


def test_versions_and_sets_that_the_run_lacks_have_opinions_only(run, ratings):
    ratings["method"] = ratings["method"].replace({"bicubic": "drcn"})
    ratings["dataset"] = ratings["dataset"].replace({"odd name": "elsewhere"})
    with laid_out():
        made = build(run, StudyRatings("s", ratings), QUICK)
    said = _said(made.findings)
    assert "Rated, but not in the run: DRCN. They have opinions only." in said
    assert "elsewhere: 9 of 9 rated images are not in the run, the first is 'img_001'" in said
    mean = ratings.query("dataset == 'set5' and method == 'drcn'")["score"].mean()
    assert _cell(made.findings, "Set5", "MOS", "DRCN") == f"{mean:.2f}"
    assert _cell(made.findings, "Set5", "PSNR", "DRCN") == "\u2013"
    assert "We compared 4 methods" in page.markdown(made)


def test_the_star_stands_at_the_method_that_beats_all_others_significantly(run):
    scores = run.scores.copy()
    best = (scores["method"] == "srresnet-vgg22") & (scores["metric"] == "psnr")
    scores.loc[best, "value"] += 5
    findings = find(RunResults(run.folder, scores, run.info), None, QUICK)
    losses, everything = main_tables(findings)
    for table in (losses, everything):
        stars = {(row[0].text, row[1].text, table.head[k]) for row in table.rows for k, c in enumerate(row) if c.star}
        # Five images are enough for the interval where the difference is large, and nothing else is starred.
        assert {place for place in stars if place[1] == "PSNR (dB)"} == {
            (name, "PSNR (dB)", "SRResNet-VGG22") for name in ("Set5", "odd name")
        }


def test_it_is_said_where_holms_adjustment_keeps_all_p_above_the_level(run):
    more = [run.scores[run.scores["method"] == "nearest"].assign(method=f"m{k}") for k in range(3)]
    scores = pd.concat([run.scores, *more])
    noisy = scores["method"].str.startswith("m") & (scores["metric"] == "psnr")
    scores.loc[noisy, "value"] += np.random.default_rng(0).normal(0, 1, int(noisy.sum()))
    few = scores[(scores["dataset"] == "set5") | (scores["image"] < "img_008")]
    said = _said(find(RunResults(run.folder, few, run.info), None, QUICK))
    assert "7 pairs can reach no p below 0.0156, which Holm's adjustment for 21 comparisons makes 0.328" in said


def test_a_tie_for_the_best_names_all(run, ratings):
    said = " ".join(summary(find(run, StudyRatings("s", ratings.assign(score=3)), QUICK)))
    assert "Nearest, Bicubic, SRResNet-MSE and SRResNet-VGG22 on Set5 (3.00" in said


def test_a_run_without_scores_or_protocol_is_an_error(run):
    with pytest.raises(ReportError, match="no scores"):
        find(RunResults(run.folder, run.scores.iloc[:0], run.info), None, QUICK)
    with pytest.raises(ReportError, match="it has: daala"):
        find(run, None, Choices(protocol="matlab"))


def test_a_run_in_which_all_failed_is_an_error(run):
    failed = run.scores.assign(status="failed", value=math.nan)
    with pytest.raises(StatisticsError, match="failed on every image"):
        find(RunResults(run.folder, failed, run.info), None, QUICK)


def test_the_paper_style_unit_carries_its_warning(run, ratings):
    findings = find(run, StudyRatings("s", ratings), Choices(unit="rating", pictures=False, models=False))
    assert "What this report calls significant does not hang on it." in _said(findings)
    assert set(findings.comparisons.query("metric == 'mos'")["unit"]) == {"rating"}
    with pytest.raises(ReportError, match="Unknown unit"):
        Choices(unit="session")  # type: ignore[arg-type]


def test_a_table_of_pairs_names_the_level_that_was_asked_for(run):
    tables = statistics_tables(find(run, None, Choices(alpha=0.1, pictures=False)))
    pairs = next(table for table in tables if table.name.startswith("comparisons"))
    assert "90 % interval, all pairs" in pairs.head
    assert any("90 % interval, all pairs:" in note for note in pairs.notes)


def test_raters_who_differ_in_taste_are_said_to_mislead_wilcoxons_test(run, ratings):
    fans = ratings["rater"] < "r08"
    liked = (fans & (ratings["method"] == "bicubic")) | (~fans & (ratings["method"] == "srresnet-mse"))
    ratings["score"] = np.where(liked, np.minimum(ratings["score"] + 2, 5), ratings["score"])
    findings = find(run, StudyRatings("s", ratings), Choices(pictures=False))
    assert "raters differ in which methods they like, beyond what severity" in _said(findings)
    tables = {table.name: table for table in statistics_tables(findings)}
    assert len(tables["ordinal"].rows) == 10  # five versions on two sets
    assert tables["taste"].head[-1] == "p (taste)"


def test_no_difference_is_not_called_reliability(run, ratings):
    assert "no significant difference is not the same as no difference" in _said(
        find(run, StudyRatings("s", ratings), QUICK)
    )


def test_methods_that_differ_in_depth_get_the_papers_figure_seven(run):
    named = {
        "nearest": "net-b2",
        "bicubic": "net-b8",
        "srresnet-mse": "net-b2-noskip",
        "srresnet-vgg22": "net-b8-noskip",
    }
    scores = run.scores.assign(method=run.scores["method"].replace(named))
    findings = find(RunResults(run.folder, scores, run.info), None, QUICK)
    assert depths(findings) == {
        "net": {2: "net-b2", 8: "net-b8"},
        "net-noskip": {2: "net-b2-noskip", 8: "net-b8-noskip"},
    }
    with style.house_style():
        drawn = style.save(depth(findings, "psnr"), "svg")
    assert drawn.count(b'<g id="axes_') == 4


@pytest.mark.parametrize("damage", ["one rater", "one image", "one method", "constant", "no study", "one metric"])
def test_a_poor_input_still_makes_a_report(run, ratings, damage):
    scores = run.scores
    cut = {
        "one rater": ratings[ratings["rater"] == "r00"],
        "one image": ratings[ratings["image"] == "img_001"],
        "one method": ratings[ratings["method"] == "bicubic"],
        "constant": ratings.assign(score=3),
    }.get(damage, ratings)
    if damage == "one method":
        scores = scores[scores["method"] == "bicubic"]
    if damage == "one metric":
        scores = scores[scores["metric"] == "ssim"]
    study = None if damage == "no study" else StudyRatings("s", cut)
    with laid_out():
        made = build(RunResults(run.folder, scores, run.info), study, QUICK)
    for render in (page.html, page.markdown, page.latex):
        written = render(made)
        assert "nan" not in written.lower().replace("nanjing", "").split()


def _with(run, change) -> RunResults:
    scores = run.scores.copy()
    return RunResults(run.folder, change(scores), run.info)


def _copy_of_the_original(scores: pd.DataFrame) -> pd.DataFrame:
    copied = (scores["method"] == "nearest") & (scores["image"] == "img_002") & (scores["metric"] == "psnr")
    scores.loc[copied, "value"] = math.inf
    return scores


def test_a_report_names_the_best_that_the_tables_of_the_run_name(run):
    for change in (lambda scores: scores, _copy_of_the_original):
        changed = _with(run, change)
        findings = find(changed, None, QUICK)
        said = summary(findings)[0]
        for mean in score_table(changed.scores, changed.info, "psnr").to_frame().query("best").itertuples():
            value = findings.names.number("psnr", mean.mean)
            assert f"{TITLES[mean.method]} on {findings.names.dataset(mean.dataset)} ({value})" in said


def test_an_image_that_equals_its_original_makes_the_best_and_is_said(run):
    findings = find(_with(run, _copy_of_the_original), None, QUICK)
    assert summary(findings)[0] == "Best PSNR: Nearest on Set5 (\u221e), Nearest on odd name (\u221e)."
    assert _cell(findings, "Set5", "PSNR", "Nearest") == "\u221e"
    note = "Nearest, PSNR on Set5: 1 of 5 images is identical to the original."
    assert note in main_tables(findings)[-1].notes
    assert note in _said(findings)
    assert "failed" not in _said(findings)
    rows = findings.comparisons.query(
        "metric == 'psnr' and dataset == 'odd name' and a == 'nearest' and b == 'bicubic'"
    )
    assert rows["difference"].tolist() == [math.inf]
    assert not rows["significant"].any()  # eight of nine images say the other
    pairs = next(table for table in statistics_tables(findings) if table.name == "comparisons-psnr")
    assert any("a score is infinite" in note for note in pairs.notes)


def test_every_figure_is_drawn_around_infinite_scores(run, ratings):
    with laid_out():
        made = build(_with(run, _copy_of_the_original), StudyRatings("s", ratings), QUICK)
    for name in ("images-psnr", "heat-psnr"):
        caption = next(figure.drawing.caption for figure in made.figures if figure.drawing.name == name)
        assert "2 infinite scores cannot be drawn" in caption
    assert "2 infinite values (psnr of nearest) take no part in correlations" in _said(made.findings)
    assert "which an image of infinite score makes infinite" in page.markdown(made)


def test_a_method_that_lacks_images_did_not_fail_and_is_never_the_best(run):
    lacking = _with(run, lambda s: s[~((s["method"] == "srresnet-vgg22") & (s["image"] > "img_004"))])
    findings = find(lacking, None, QUICK)
    text = _cell(findings, "Set5", "PSNR", "SRResNet-VGG22")
    assert text.endswith(" (4 of 5)")
    table = main_tables(findings)[-1]
    column = list(table.head).index("SRResNet-VGG22")
    assert not any(row[column].bold for row in table.rows)
    assert summary(findings)[0].startswith("Best PSNR: SRResNet-MSE on Set5")
    said = _said(findings)
    assert "SRResNet-VGG22 has 4 of the 5 images of Set5: its means there are over these and never the best" in said
    assert "failed" not in said


def test_scores_of_images_that_the_run_no_longer_has_are_left_out_and_said(run):
    info = {**run.info, "datasets": {**run.info["datasets"], "set5": {f"img_{k:03d}": {} for k in range(1, 4)}}}
    findings = find(RunResults(run.folder, run.scores, info), None, QUICK)
    assert "Set5: 2 images with scores are no more part of it and left out." in _said(findings)
    kept = run.scores.query("dataset == 'set5' and metric == 'psnr' and method == 'bicubic' and image < 'img_004'")
    assert _cell(findings, "Set5", "PSNR", "Bicubic") == f"{kept['value'].mean():.2f}"
    assert set(findings.scores.query("dataset == 'set5'")["image"]) == {"img_001", "img_002", "img_003"}


def test_scores_of_an_older_version_of_a_protocol_are_left_out_and_said(run):
    def older(scores):
        return scores.assign(protocol_version=np.where(scores["method"] == "nearest", "0", "1"))

    findings = find(_with(run, older), None, QUICK)
    assert "Left out: 28 scores of version 0 of the protocol 'daala'; this report is of version 1." in _said(findings)
    assert "nearest" not in set(findings.scores["method"])


def test_two_methods_of_one_title_are_told_apart_everywhere(run, ratings):
    same = {name: {**about, "title": "Ours"} for name, about in run.info["methods"].items() if name != "hr"}
    with undrawn():
        made = build(
            RunResults(run.folder, run.scores, {**run.info, "methods": same}), StudyRatings("s", ratings), QUICK
        )
    scored = next(table for table in reversed(made.main) if table.name != "costs")
    assert list(scored.head[2:6]) == ["Ours (nearest)", "Ours (bicubic)", "Ours (srresnet-mse)",
                                             "Ours (srresnet-vgg22)"]  # fmt: skip
    assert "Best PSNR: Ours (srresnet-vgg22) on Set5" in page.markdown(made).replace("\\", "")


def test_ratings_are_checked_once_a_report(run, ratings, monkeypatch):
    calls = []
    check = stats_tables._usable_ratings
    monkeypatch.setattr(stats_tables, "_usable_ratings", lambda *given: calls.append(1) or check(*given))
    find(run, StudyRatings("s", ratings), QUICK)
    assert len(calls) == 1
