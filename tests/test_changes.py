"""Runs beside each other: only equal inputs are compared, and everything that changed is shown."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

import srbench as sb
from srbench import bench, changes, cli, images
from srbench.bench.engine import CallingProcess
from srbench.bench.luggage import Luggage
from srbench.bench.results import COLUMNS, RunResults
from srbench.errors import RunError, SrbenchError
from srbench.gates import GateRule
from srbench.reports import Choices
from srbench.reports.analysis import find
from srbench.reports.verdicts import significance


def mine(lr, scale, shift=0):
    made = lr.repeat(scale, 0).repeat(scale, 1).astype(float)
    return np.clip(made + shift, 0, 255)


def worse(lr, scale):
    return mine(lr, scale, 6)


def breaks(lr, scale):
    if lr.shape[1] == 15:
        raise ValueError("broken")
    return mine(lr, scale)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures") / "mine"
    rng = np.random.default_rng(2)
    for i in range(5):
        images.write(folder / f"p{i}.png", rng.integers(40, 200, (24, 24 + 2 * i, 3), dtype=np.uint8))
    return folder


def run(pictures: Path, out: Path, function, scale: int = 2, methods: tuple[str, ...] = ("bicubic",)) -> Path:
    specs = [*methods, bench.MethodSpec.of(function, name="mine", title="Mine")]
    here = CallingProcess(Luggage({spec.spec: spec.method for spec in specs if not isinstance(spec, str)}))
    bench.run(specs, pictures, out=out, scale=scale, engine=here)
    return out


@pytest.fixture(scope="module")
def runs(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    return {name: run(pictures, folder / name, f) for name, f in (("old", mine), ("new", worse), ("broken", breaks))}


def compare(*arguments: object, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Return exit status, stdout and stderr of `srbench compare`."""
    try:
        status = cli.app(["compare", *map(str, arguments)], standalone_mode=False) or 0
    except SrbenchError as error:
        return 2, "", str(error)
    out, err = capsys.readouterr()
    return status, out, err


def test_what_changed_is_what_the_two_tables_say(runs: dict[str, Path]) -> None:
    found = sb.compare_runs(runs["old"], sb.open_run(runs["new"]))
    frame = found.to_frame().set_index(["method", "metric"])
    keys = ["method", "metric", "image"]
    old, new = (sb.open_run(runs[name]).scores.set_index(keys)["value"].sort_index() for name in ("old", "new"))
    assert frame.loc[("mine", "psnr"), "difference"] == pytest.approx((new - old)["mine", "psnr"].mean(), abs=1e-12)
    assert frame.loc[("mine", "psnr"), "difference"] < 0
    assert frame.loc[("bicubic", "psnr"), "equal"] == 5
    assert found.notes == ()
    assert [table.caption for table in found.tables()] == [
        "Changes in PSNR, protocol daala (version 1)",
        "Changes in SSIM, protocol daala (version 1)",
    ]
    assert [[cell.text for cell in row][::8] for row in found.tables()[0].rows] == [["Mine", "worse"]]
    assert [[cell.text for cell in row][::8] for row in found.tables(everything=True)[0].rows] == [
        ["Bicubic", "equal"],
        ["Mine", "worse"],
    ]
    assert sb.compare_runs(runs["old"], runs["old"]).tables() == []


def test_images_that_are_others_are_named_and_not_compared(pictures: Path, runs: dict[str, Path], tmp_path) -> None:
    changed = tmp_path / "mine"
    shutil.copytree(pictures, changed)
    images.write(changed / "p1.png", images.read(pictures / "p1.png") // 2)
    (changed / "p4.png").unlink()
    found = sb.compare_runs(runs["old"], run(changed, tmp_path / "r", worse))
    assert found.notes == ("mine: 1 image not compared, for HR or LR is another one: p1.",)
    cell = next(cell for cell in found.cells if (cell.method, cell.metric) == ("mine", "psnr"))
    assert (cell.images, cell.images_before, cell.images_after) == (3, 4, 3)
    before = sb.open_run(runs["old"]).scores.query("method == 'mine' and metric == 'psnr'").set_index("image")["value"]
    assert cell.before == pytest.approx(before[["p0", "p2", "p3"]].mean(), abs=1e-12)


def test_other_versions_of_protocols_and_metrics_are_said(runs: dict[str, Path], tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(runs["old"], other)
    info = json.loads((other / "run.json").read_text())
    info["metric_fingerprints"]["ssim"] = "another"
    info["protocols"]["daala"] = "0"
    (other / "run.json").write_text(json.dumps(info))
    notes = sb.compare_runs(runs["old"], other).notes
    assert notes == (
        "Protocol daala is version 1 before, 0 after: not compared.",
        "The code of SSIM is another one after: changes may be its own.",
    )


def test_runs_that_have_nothing_to_compare_are_refused(pictures: Path, runs: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"is at x2, .* at x4"):
        sb.compare_runs(runs["old"], run(pictures, tmp_path / "x4", mine, scale=4, methods=()))
    shutil.copytree(pictures, tmp_path / "others")
    with pytest.raises(RunError, match="no data set in common"):
        sb.compare_runs(runs["old"], run(tmp_path / "others", tmp_path / "r", mine, methods=()))
    with pytest.raises(RunError, match="not a finished run"):
        sb.compare_runs(runs["old"], tmp_path)


def test_runs_without_scores_are_refused_and_one_without_is_all_gone(runs: dict[str, Path], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    shutil.copytree(runs["old"], empty)
    (empty / "journal.jsonl").write_bytes(b"")
    assert sb.compare_runs(runs["old"], empty).summary.endswith("4 cells: 4 gone.")
    with pytest.raises(RunError, match=r"Neither .* has scores"):
        sb.compare_runs(empty, empty)


def test_a_pull_request_gets_markdown_and_a_gate_its_exit_status(runs: dict[str, Path], capsys) -> None:
    rule = "mine psnr < -0.02"
    status, out, err = compare(runs["old"], runs["new"], "--format", "md", "--fail-if", rule, capsys=capsys)
    assert (status, err) == (1, "")
    assert ": 4 cells: 2 worse, 2 equal.\n\n**Changes in PSNR" in out
    assert "| Mine | mine |" in out
    assert "| **worse** |" in out
    assert "Not shown: 1 cell equal on every image." in out
    assert "\n\nFailed: mine psnr:daala on mine changed by" in out
    assert compare(runs["old"], runs["old"], "--fail-if", rule, capsys=capsys)[0] == 0
    assert compare(runs["old"], runs["new"], "--fail-if", "mine psnr > 0", capsys=capsys)[0] == 0
    assert compare(runs["old"], runs["old"], runs["new"], "--fail-if", rule, capsys=capsys)[0] == 1


def test_a_method_that_fails_where_it_did_not_breaks_a_rule_on_it(runs: dict[str, Path], capsys) -> None:
    status, out, _ = compare(runs["old"], runs["broken"], "--fail-if", "* ssim < -0.1", capsys=capsys)
    assert status == 1
    assert "failed on 1 image" in out
    assert "Failed: mine ssim:daala on mine failed on 1 of 5 images" in out


@pytest.mark.parametrize("form", ["rich", "csv", "latex", "json", "html"])
def test_every_format_is_clean_of_what_stands_around_the_tables(runs: dict[str, Path], form: str, capsys) -> None:
    status, out, err = compare(runs["old"], runs["new"], "--format", form, "--fail-if", "* psnr < 0", capsys=capsys)
    assert status == 1
    assert "Mine" in out
    assert ("Failed: mine psnr" in err) == (form != "rich")
    if form == "json":
        assert {row["Verdict"] for row in json.loads(out)} == {"worse"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Expected two runs or more to compare; got only"),
        (("new", "--fail-if", "mine psnr"), "Expected a rule METHOD METRIC"),
        (("new", "--fail-if", "mien psnr < 0"), "Did you mean 'mine'"),
        (("new", "--format", "xml"), "Unknown format 'xml'"),
    ],
)
def test_a_mistake_is_one_clear_line(runs: dict[str, Path], arguments: tuple[str, ...], message: str, capsys) -> None:
    status, _, err = compare(runs["old"], *(runs.get(each, each) for each in arguments), capsys=capsys)
    assert status == 2
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_notebook_shows_the_tables(runs: dict[str, Path]) -> None:
    shown = sb.compare_runs(runs["old"], runs["new"])._repr_html_()
    assert "2 worse" in shown
    assert "<table" in shown
    assert isinstance(sb.compare_runs(runs["old"], runs["new"]).to_frame(), pd.DataFrame)


KEYS = ["metric", "method", "dataset"]


def any_two_runs(seed: int) -> list[RunResults]:
    """Return a run before and after: methods that got better, worse, a little other or stay, on a set or two."""
    rng = np.random.default_rng(seed)
    sides: list[list[tuple[object, ...]]] = [[], []]
    for k, dataset in itertools.product(range(rng.integers(1, 4)), ["set5", "other"][: rng.integers(1, 3)]):
        kind, count = rng.choice(["equal", "shifted", "clear", "close"]), rng.integers(1, 9)
        for metric, base, point in (("psnr", 28.0, 1.0), ("niqe", 5.0, 0.5)):
            old = base + point * rng.normal(0, 1, count)
            clear = rng.choice([-1, 1]) * rng.normal(1, 0.2, count)
            close = rng.normal(0.15, 0.3, count)
            new = old + point * {"equal": np.zeros(count), "shifted": 0.25, "clear": clear, "close": close}[str(kind)]
            for rows, values in zip(sides, (old, new), strict=True):
                rows += [
                    (dataset, f"i{j}", f"m{k}", 4, "daala", "1", metric, value, 0.1, 90.0, "", "ok", "")
                    for j, value in enumerate(values)
                    if rows is sides[0] or j == 0 or rng.random() > 0.1
                ]
    return [of_rows(pd.DataFrame(rows, columns=COLUMNS)) for rows in sides]


def of_rows(rows: pd.DataFrame) -> RunResults:
    images = {f"i{j}": {"input_hash": f"i{j}"} for j in range(9)}
    return RunResults(Path("run"), rows, {"scale": 4, "datasets": dict.fromkeys(("set5", "other"), images)})


def ruled(before: RunResults, after: RunResults) -> dict[tuple[str, ...], str]:
    """Return the verdict of each cell by the rule, written out once more: t intervals, a metric's level shared."""
    old, new = (run.scores.set_index([*KEYS, "image"])["value"] for run in (before, after))
    apart = (new - old).dropna()
    changed = apart.ne(0).groupby(level=KEYS).any()
    sizes = changed.groupby(level="metric").sum()
    words = {}
    for key, part in apart.groupby(level=KEYS):
        reach = np.inf
        if len(part) > 1:
            reach = t.isf(0.025 / max(1, sizes[key[0]]), len(part) - 1) * part.std() / np.sqrt(len(part))
        up = (part.mean() > 0) == (key[0] == "psnr")
        told = ("better" if up else "worse") if abs(part.mean()) > reach else "not significant"
        words[key] = told if changed[key] else "equal"
    return words


@pytest.mark.parametrize("seed", range(10))
def test_tables_sentences_gates_figures_and_reports_call_the_same_changes_significant(seed: int) -> None:
    runs = any_two_runs(seed)
    found, words = changes.between(*runs), ruled(*runs)
    frame = found.to_frame().set_index(KEYS)
    clear = {key for key, word in words.items() if word in {"better", "worse"}}
    assert set(frame.index[frame["significant"]]) == clear
    assert all(frame.loc[key, "low"] > 0 or frame.loc[key, "high"] < 0 for key in clear), "its own interval is narrower"
    tabled = {
        (metric, row[0].text, row[1].text): row[-1]
        for metric in ("psnr", "niqe")
        for table in found.tables(everything=True)
        if table.name == f"changes-{metric}-daala"
        for row in table.rows
    }
    titled = {(metric, method, found.names.dataset(dataset)): word for (metric, method, dataset), word in words.items()}
    assert {place: cell.text for place, cell in tabled.items()} == titled
    assert all(cell.bold == (cell.text in {"better", "worse"}) for cell in tabled.values())
    counted = {
        word: int(number) for number, word in re.findall(r"(\d+) ([a-z ]+)[,.]", found.summary.partition(":")[2])
    }
    assert counted == Counter(words.values())
    for metric, sign in itertools.product(("psnr", "niqe"), "<>"):
        broken = GateRule.parse(f"* {metric} {sign} 0 significant").broken_by(found.cells)
        down = {key for key in clear if key[0] == metric and (frame.loc[key, "difference"] < 0) == (sign == "<")}
        assert {line.partition(" changed by")[0] for line in broken} == {
            f"{m} {metric}:daala on {d}" for _, m, d in down
        }


@pytest.mark.parametrize("seed", [0, 1, 5, 6])
def test_a_change_alone_is_significant_where_a_report_tells_its_two_versions_apart(seed: int) -> None:
    before, after = any_two_runs(seed)
    method, dataset = before.scores.loc[0, ["method", "dataset"]]
    parts = [
        run.scores[(run.scores[["method", "dataset"]] == [method, dataset]).all(axis=1)] for run in (before, after)
    ]
    alone = changes.between(*map(of_rows, parts)).to_frame().set_index("metric")["significant"]
    both = pd.concat([part.assign(method=name) for part, name in zip(parts, ("old", "new"), strict=True)])
    findings = find(of_rows(both), None, Choices(models=False, pictures=False))
    for metric in ("psnr", "niqe"):
        (said,) = significance(findings, metric)
        assert ("the difference is significant" in said) == alone[metric]
