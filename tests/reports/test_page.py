"""The documents of a report: equal bytes, a page that works in a real browser, files that belong together."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pandas as pd
import pytest
from typer.testing import CliRunner

from srbench import images, reports
from srbench.bench import results
from srbench.cli import app
from srbench.errors import ReportError
from srbench.reports import page, pdf, pictures, studies
from srbench.reports.analysis import find
from srbench.reports.selection import statistics_tables
from srbench.tables import rendering
from tests.reports.conftest import undrawn

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WORDS = "\u00b1 5 % & $x_1$ #2 {a} ~b ^c <d> \\e \u2212 \u2013 \u221e J\u00fcrgen \u96c6"
"""Everything that LaTeX reads as something else, and letters from inside and outside of its Latin fonts."""
needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium on PATH")


def test_equal_inputs_give_equal_bytes(report, run, study, written, tmp_path):
    again = reports.build(run, study, reports.Choices(slider=1))
    reports.save(again, tmp_path)
    files = sorted(path.relative_to(written) for path in written.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    different = [str(name) for name in files if (written / name).read_bytes() != (tmp_path / name).read_bytes()]
    assert different == []


@needs_chromium
def test_the_page_opens_in_a_browser_with_every_figure_and_no_error(report, written, tmp_path):
    from playwright.sync_api import sync_playwright

    source = written / "report.html"
    assert source.stat().st_size < 25_000_000
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=shutil.which("chromium"), args=FLAGS
        )
        tab = browser.new_page()
        problems, requests = [], []
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(source.as_uri())
        tab.wait_for_load_state("load")
        widths = tab.eval_on_selector_all("figure img", "all => all.map(one => one.naturalWidth)")
        assert len(widths) == len(report.figures) > 10
        assert min(widths) > 0
        assert all(url.startswith(("file:", "data:")) for url in requests)
        tab.select_option("#left", "Nearest")
        assert tab.text_content("#left-name") == "Nearest"
        before = tab.evaluate("document.getElementById('over').style.clipPath")
        tab.focus("#place")
        tab.keyboard.press("ArrowRight")
        assert tab.evaluate("document.getElementById('over').style.clipPath") != before
        tab.wait_for_function("document.getElementById('over').naturalWidth === 72")
        names = tab.eval_on_selector_all("#image option", "all => all.map(one => one.value)")
        assert names == list(report.slider)
        for width in (390, 1280):
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width  # tables scroll, the page does not
        assert problems == []
        browser.close()


def test_the_slider_holds_the_exact_pixels(report, run):
    import base64
    import io

    import numpy as np
    from PIL import Image

    region = next(r for r in pictures.slider_regions(report.findings) if r.dataset == "set5")
    versions = pictures.load(report.findings, "set5", region.image)
    address = report.slider[f"Set5, {region.image}"]["Bicubic"]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB"))
    assert np.array_equal(shown, region.cut(versions["bicubic"]))


def test_synthetic_ratings_are_called_so_in_every_document_and_figure_of_opinions(report, written):
    for name in ("report.html", "report.md", "report.tex"):
        assert "No person rated a picture" in (written / name).read_text()
    for figure in report.figures:
        if figure.drawing.section in {"opinions", "people", "raters"} or figure.drawing.name.endswith("-mos"):
            assert "synthetic" in figure.drawing.caption
            assert b"<!-- synthetic ratings -->" in figure.files["svg"]  # the words in the picture itself
        else:
            assert b"<!-- synthetic" not in figure.files["svg"]
    named = {table.name for table in report.statistics if "(synthetic ratings)" in table.caption}
    assert named == {table.name for table in report.statistics} - {"comparisons-psnr", "comparisons-ssim"}
    assert "(synthetic ratings)</h1>" in (written / "report.html").read_text()
    assert any(row[1].text == "MOS (synthetic)" for row in next(t for t in report.main if t.name == "table2").rows)


def test_all_that_the_documents_name_is_there(written):
    for name in re.findall(r"\]\((figures/[^)]+)\)", (written / "report.md").read_text()):
        assert (written / name).is_file()
    tex = (written / "report.tex").read_text()
    named = re.findall(r"\\includegraphics\[[^]]*\]\{([^}]+)\}", tex) + re.findall(r"\\input\{([^}]+)\}", tex)
    assert len(named) > 15
    for name in named:
        assert (written / name).is_file()


def test_latex_is_balanced_and_escaped(written):
    for path in [written / "report.tex", *sorted((written / "tables").glob("*.tex"))]:
        body = re.sub(r"(?m)(^| )%.*$", "", path.read_text())
        bare = re.sub(r"\\[\\{}%&#_$]", "", body)
        assert bare.count("{") == bare.count("}"), path
        assert bare.count("$") % 2 == 0, path
        assert not set("%#") & set(bare), path
        assert body.isascii(), path
        begun, open_ = re.findall(r"\\(begin|end)\{(\w+)\}", bare), []
        for word, name in begun:
            if word == "begin":
                open_.append(name)
            else:
                assert open_.pop() == name, path
        assert open_ == [], path


def latex_lacks():
    """Return what the compiler of the document lacks here, or nothing."""
    if shutil.which("pdflatex") is None:
        return "needs pdflatex on PATH"
    for file in ("adjustbox.sty", "booktabs.sty", "placeins.sty", "longtable.sty"):
        if subprocess.run(["kpsewhich", file], capture_output=True, check=False).returncode:
            return f"needs the LaTeX file {file}"
    return ""


@pytest.fixture(scope="module")
def harsh(run):
    """A run whose names hold everything that LaTeX could stumble on, with tables longer than a page."""
    info = {**run.info, "methods": {**run.info["methods"], "bicubic": {"title": WORDS, "note": WORDS, "order": 10}}}
    scores = pd.concat([run.scores, *(run.scores[run.scores["method"] == "nearest"].assign(method=f"m{k}",
        value=lambda rows, k=k: rows["value"] * (1 - k / 50)) for k in range(6))])  # fmt: skip
    return results.RunResults(run.folder, scores, info)


def test_a_table_longer_than_a_page_breaks_across_pages(harsh, study):
    tables = statistics_tables(find(harsh, study, reports.Choices(models=False)))
    text = rendering.latex(next(table for table in tables if table.name == "comparisons-psnr"))
    assert "\\begin{longtable}" in text
    assert "\\begin{table}" not in text


@pytest.mark.skipif(bool(latex_lacks()), reason=latex_lacks())
def test_the_latex_document_compiles_and_nothing_sticks_out(harsh, study, tmp_path):
    reports.save(reports.build(harsh, study, reports.Choices()), tmp_path, ("latex",))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    for _ in range(2):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=240)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    log = (tmp_path / "report.log").read_text(errors="replace")
    assert "undefined" not in log
    assert "multiply defined" not in log
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(wide, default=0.0) < 20.0


def test_every_row_of_a_table_has_a_cell_per_column(report):
    for table in [*report.main, *report.statistics]:
        assert {len(row) for row in table.rows} == {len(table.head)}, table.name


def test_a_methods_title_cannot_smuggle_markup_into_the_page(run):
    info = {**run.info, "methods": {"bicubic": {"title": "</script><script>alert(1)</script>"}}}
    with undrawn():
        made = reports.build(results.RunResults(run.folder, run.scores, info), None, reports.Choices(slider=1))
    assert "<script>alert" not in page.html(made)
    assert not re.search(r"(?<!\\)<script", page.markdown(made))


@needs_chromium
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext (poppler-utils) on PATH")
def test_the_pdf_holds_what_the_page_folds_away(report, tmp_path):
    (tmp_path / "x.pdf").write_bytes(pdf.render(page.html(report)))
    done = subprocess.run(["pdftotext", "-layout", tmp_path / "x.pdf", "-"], capture_output=True, check=True)
    text = done.stdout.decode()
    for words in ("p (Holm)", "Mean rank", "@article{holm1979", "BT.500", "python"):
        assert words in text
    assert "Compare two versions" not in text  # a slider on paper


@needs_chromium
def test_the_pdf_is_complete_and_the_same_every_time(report):
    short = "<!doctype html><title>x</title><p>One page."
    first, second = pdf.render(short), pdf.render(short)
    assert first.startswith(b"%PDF")
    assert first == second


def test_pdf_without_a_browser_is_refused_before_any_work(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ReportError, match="needs Chromium"):
        reports.check_formats(["pdf"])


def test_an_unknown_format_is_refused_with_the_nearest():
    with pytest.raises(ReportError, match="Did you mean 'latex'"):
        reports.check_formats(["latx"])
    with pytest.raises(ReportError, match="No format was named"):
        reports.check_formats([])


def test_a_crop_by_hand_is_shown_and_its_name_is_safe_for_files(run):
    chosen = reports.Choices(crops=("odd name/img_001:8,4,32,24",))
    region = pictures.regions(find(run, None, chosen))[0]
    assert (region.x, region.y, region.width, region.height) == (8, 4, 32, 24)
    assert region.name == "odd-name-img_001"


@pytest.mark.parametrize(
    ("crop", "message"),
    [
        ("set5", "expected SET/IMAGE:X,Y,WIDTH,HEIGHT"),
        ("set5/img_01:0,0,8,8", "Did you mean 'set5/img_0"),
        ("set5/img_001:60,0,20,8", "not inside the image, which has 72x64"),
    ],
)
def test_a_crop_that_is_not_there_is_an_error(run, crop, message):
    with pytest.raises(ReportError, match=message):
        pictures.regions(find(run, None, reports.Choices(crops=(crop,))))


def test_a_picture_that_changed_since_it_was_scored_is_refused(fresh_run):
    path = results.image_path(fresh_run, "bicubic", "set5", "img_001")
    shutil.copy(results.image_path(fresh_run, "bicubic", "set5", "img_002"), path)
    findings = find(results.load(fresh_run), None, reports.Choices())
    with pytest.raises(ReportError, match="has changed since it was scored"):
        pictures.load(findings, "set5", "img_001")


def test_pictures_of_two_sizes_are_an_error_that_says_what_to_do(fresh_run):
    info = json.loads((fresh_run / "run.json").read_text())
    path = results.image_path(fresh_run, "bicubic", "set5", "img_001")
    info["images_sha256"]["bicubic/set5/img_001"] = images.write(path, images.read(path)[:-8])
    (fresh_run / "run.json").write_text(json.dumps(info))
    with pytest.raises(ReportError, match=r"bicubic.*has 72x56 pixels.*different inputs. Run the bench again"):
        pictures.load(find(results.load(fresh_run), None, reports.Choices()), "set5", "img_001")


def test_a_picture_without_a_score_is_not_shown(fresh_run):
    loaded = results.load(fresh_run)
    scored = loaded.scores[~((loaded.scores["method"] == "bicubic") & (loaded.scores["image"] == "img_001"))]
    findings = find(results.RunResults(fresh_run, scored, loaded.info), None, reports.Choices())
    assert "bicubic" not in pictures.load(findings, "set5", "img_001")


def test_the_crop_lies_where_the_versions_differ(run):
    import numpy as np

    one = np.zeros((120, 150), np.uint8)
    other = one.copy()
    other[70:90, 100:120] = 200
    region = pictures._by_disagreement("s", "i", {"a": one, "b": other, "hr": one}, 40)
    assert region.x <= 100
    assert region.x + 40 >= 120
    assert region.y <= 70
    assert region.y + 40 >= 90
    broken = np.full_like(one, 90)
    broken[:40, :40] = 255
    with_it = pictures._by_disagreement("s", "i", {"a": one, "b": other, "c": one + 1, "broken": broken}, 40)
    assert (with_it.x, with_it.y) == (region.x, region.y)  # one broken method does not choose for all


def test_a_report_without_pictures_holds_no_pixel_of_a_test_image(run):
    with undrawn():
        made = reports.build(run, None, reports.Choices(pictures=False))
    assert not made.slider
    assert not [figure for figure in made.figures if figure.drawing.section == "pictures"]


def test_the_command_makes_a_report_of_a_run_and_a_file_of_ratings(fresh_run, ratings, tmp_path):
    ratings.assign(study="lab", score=ratings["score"]).to_csv(tmp_path / "lab.csv", index=False)
    arguments = [
        "report",
        "--run",
        str(fresh_run),
        "--study",
        str(tmp_path / "lab.csv"),
        "--out",
        str(tmp_path / "out"),
    ]
    with undrawn():
        result = CliRunner().invoke(app, [*arguments, "--format", "md", "--no-pictures"], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.output.strip() == str(tmp_path / "out" / "report.md")
    assert "In the study 'lab', 16 people gave" in (tmp_path / "out" / "report.md").read_text()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t.rename(columns={"score": "points"}), r"wrong or missing: score.*--column.*srbench ratings import"),
        (lambda t: t.assign(score="good"), "line 2: expected a score, got 'good'"),
        (lambda t: t.assign(score=9), r"expected a score from 1 to 5, got 9 .*--scale LOW:HIGH"),
        (lambda t: t.assign(score=""), "holds no rating"),
        (lambda t: t.iloc[:0], "holds no rating"),
        (lambda t: t.iloc[:0, :0], "Cannot read ratings"),
        (lambda t: pd.concat([t, t]), "was there before. Each rating counts once"),
        (lambda t: t.assign(rater=t["rater"].replace("r00", "synthetic-0")), "mixes synthetic ratings with others"),
    ],
)
def test_a_damaged_file_of_ratings_is_an_error_that_says_what_to_do(ratings, tmp_path, damage, message):
    path = tmp_path / "lab.csv"
    damage(ratings).to_csv(path, index=False)
    with pytest.raises(ReportError, match=message):
        studies.load(str(path), tmp_path)


def test_raters_of_a_simulation_stay_synthetic_whatever_the_file_is_called(ratings, tmp_path):
    ratings.assign(rater="synthetic-" + ratings["rater"]).to_csv(tmp_path / "lab.csv", index=False)
    assert studies.load(str(tmp_path / "lab.csv"), tmp_path).synthetic


def test_repeats_that_a_file_does_not_number_are_said_to_be_counted(ratings, tmp_path):
    first = ratings[ratings["repeat"] == 0].drop(columns=["repeat", "trial"])
    pd.concat([first, first.iloc[:7]]).to_csv(tmp_path / "lab.csv", index=False)
    found = studies.load(str(tmp_path / "lab.csv"), tmp_path)
    assert found.notes[0].startswith("The file has no column 'repeat', so 7 further ratings")


def test_ratings_of_several_studies_in_one_file_are_refused(ratings, tmp_path):
    mixed = ratings.assign(study=["a"] * 100 + ["b"] * (len(ratings) - 100))
    mixed.to_parquet(tmp_path / "mixed.parquet")
    with pytest.raises(ReportError, match="several studies: a, b"):
        studies.load(str(tmp_path / "mixed.parquet"), tmp_path)


def test_an_unknown_study_is_an_error_that_says_what_to_name(tmp_path):
    with pytest.raises(ReportError, match="no study 'lab'"):
        studies.load("lab", tmp_path)


def test_a_study_in_a_store_comes_with_its_origin(tmp_path):
    import contextlib

    from srbench.mos.design import registration
    from srbench.mos.design import simulation as simulate
    from srbench.mos.store import imports
    from srbench.mos.store.stores import Store

    drawn = simulate.paper_study(raters=3, images={"set5": 2})
    rows = drawn.drop(columns="study").to_dict("records")
    folder = tmp_path / "synthetic-x"
    folder.mkdir()
    with contextlib.closing(Store.open(registration.database_url(folder))) as store:
        imports.add_ratings(store, "synthetic-x", rows, "synthetic")
    found = studies.load("synthetic-x", tmp_path)
    assert found.synthetic
    assert len(found.ratings) == len(drawn)
    assert found.calibration is None


def test_the_calibration_of_a_store_is_counted_by_rater_and_attempt(tmp_path):
    import contextlib

    from srbench.mos.design import registration
    from srbench.mos.store.definitions import ScheduledTrial, Settings, Stimulus
    from srbench.mos.store.session import TrialView
    from srbench.mos.store.stores import Store

    shown = [
        Stimulus(f"{k:032x}", "calibration" if k < 4 else "rating", "set5", f"i{k}", "nearest", 0, "0" * 64, 8, 8)
        for k in range(5)
    ]
    trials = [ScheduledTrial(1, k + 1, 1, shown[k].id, expected=1) for k in range(4)]
    trials.append(ScheduledTrial(0, 1, 1, shown[4].id))
    folder = tmp_path / "lab"
    folder.mkdir()
    with contextlib.closing(Store.open(registration.database_url(folder))) as store:
        store.organiser.create_study("lab", Settings(minimum_seconds=0.0, attempts=1), shown)
        rater = store.rater.rater_by_token(store.organiser.add_rater("lab", 1, trials))
        assert rater is not None
        for score in (1, 2, 1, 5):
            view = store.rater.next_trial(rater)
            if not isinstance(view, TrialView):
                view = store.rater.proceed(rater, view.kind)
            store.rater.rate(rater, view.id, score, 2.0)
        found = studies.from_store(store.analyst, "lab")
    assert found.calibration is not None
    row = found.calibration.iloc[0]
    assert (row["attempt"], row["right"], row["asked"], row["passed"]) == (1, 3, 4, "no")
    assert found.design == "acr"
    assert found.origin == "study"
