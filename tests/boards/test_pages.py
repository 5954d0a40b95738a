"""The pages of a board in a real browser, from the disk: clean, exact, reachable by links, usable on a phone."""

from __future__ import annotations

import functools
import http.server
import io
import itertools
import shutil
import threading

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import srbench as sb
from srbench import images
from srbench.bench import results
from srbench.boards import document
from srbench.boards.merging import merge
from srbench.tables.means import mark_best, means
from srbench.tables.names import name_everything
from tests.reports.test_page import FLAGS

PAGES = {
    "table": "#/table",
    "plane": "#/plane",
    "images": "#/images",
    "image": "#/image/set5/img_002?left=nearest&right=hr&zoom=2",
    "method": "#/method/srresnet-mse",
    "runs": "#/runs",
}
READY = {
    "table": "table.means",
    "plane": "svg.plane",
    "images": ".gallery li",
    "image": ".stage img[src]",
    "method": "main table >> nth=1",
    "runs": "main h2",
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


SHOWN = """() => {
  const pictures = [...document.querySelectorAll(".stage img")];
  return pictures.length === 2 && pictures.every((one) => one.naturalWidth === 72 && one.style.width !== "");
}"""

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium on PATH")


@pytest.fixture(scope="module")
def site(base, tmp_path_factory):
    return sb.board(base, tmp_path_factory.mktemp("site")).as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=shutil.which("chromium"), args=FLAGS
        )
        yield context
        context.close()


@pytest.fixture
def tab(browser):
    """A page whose console, errors and requests are kept; the test fails where the console was not silent."""
    page = browser.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    page.problems, page.requests = [], []
    page.on("console", lambda message: page.problems.append(message.text))
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", lambda request: page.requests.append(request.url))
    yield page
    page.close()
    assert page.problems == []
    assert all(url.startswith("file:") for url in page.requests)


def rows(tab, selector="table.means tbody tr"):
    return tab.eval_on_selector_all(selector, "all => all.map(row => [...row.children].map(cell => cell.innerText))")


def loaded(tab):
    return {url.rpartition("/")[2] for url in tab.requests if "/pictures/" in url}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "light"), (1280, "dark")])
def test_every_page_is_accessible_and_no_wider_than_the_screen(tab, site, name, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    tab.set_viewport_size({"width": width, "height": 844})
    tab.emulate_media(color_scheme=scheme)
    tab.goto(site + PAGES[name])
    tab.wait_for_selector(
        {"plane": "svg.plane", "image": ".stage img[src]", "images": ".gallery li"}.get(name, "main h2, main table")
    )
    found = Axe().run(tab, options={"preload": False})
    assert found.violations_count == 0, found.generate_report()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_a_page_that_is_changed_to_has_the_focus_and_no_frame_around_it(tab, site):
    tab.goto(site + PAGES["table"])
    tab.wait_for_selector("table.means")
    tab.evaluate("location.hash = '#/runs'")  # as the keys of "back" do
    tab.wait_for_function("document.activeElement.id === 'main'")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none"


@pytest.mark.parametrize(("width", "expected"), [(150, [1e4, 3e4, 1e5, 3e5, 1e6, 3e6]), (100, [1e4, 1e5, 1e6])])
def test_ticks_of_a_narrow_plane_are_fewer(tab, site, width, expected):
    tab.goto(site + PAGES["plane"])
    tab.wait_for_selector("svg.plane")
    apart = f"(ticks) => ticks.every((tick, k) => !k || {width} * Math.log10(tick / ticks[k - 1]) >= 60)"
    assert tab.evaluate(f"board.logTicks(8e3, 3.5e6, {apart})") == expected


def test_the_bold_ones_are_those_of_the_tables_and_follow_the_filter(tab, site, base):
    run = results.load(base)
    names = name_everything(run.scores, run.info)
    best = {(m.dataset, m.metric): m.method for m in mark_best(means(run.scores, run.info), names) if m.best}
    tab.goto(f"{site}#/table?costs=no")
    bold = tab.eval_on_selector_all(
        "table.means tbody tr", "all => all.map(row => [...row.children].map(cell => cell.querySelector('b') !== null))"
    )
    columns = [(dataset, metric) for dataset in names.datasets for metric in names.metrics]
    shown = {
        c: names.methods[k]
        for k, row in enumerate(bold)
        for c, is_bold in zip(columns, row[1:], strict=True)
        if is_bold
    }
    assert shown == best
    tab.fill("input[type=search]", "bicubic")
    assert [row[0] for row in rows(tab)] == ["Bicubic"]
    assert tab.locator("table.means b").count() == 0  # one alone is no winner


def test_ties_as_printed_are_all_bold(tab, variant, tmp_path):
    def change(info, scores):
        scores.loc[(scores["method"] == "bicubic") & (scores["metric"] == "psnr"), "value"] = 40.001
        scores.loc[(scores["method"] == "nearest") & (scores["metric"] == "psnr"), "value"] = 39.999
        return scores

    tab.goto(sb.board(variant(change), tmp_path / "site", pictures=False).as_uri())
    bold = tab.eval_on_selector_all("table.means b", "all => all.map(one => one.innerText)")
    assert bold.count("40.00") == 4  # two methods on two sets


def any_run(seed, folder):
    """Return a run whose means often tie as printed, with failures, gaps and the original."""
    source = np.random.default_rng(seed)
    methods = [*(f"m{k}" for k in range(source.integers(1, 7))), *["hr"] * int(source.integers(0, 2))]
    rows = []
    for dataset, count in {"set5": 3, "other": 2}.items():
        for method, image, metric in itertools.product(methods, range(count), ("psnr", "niqe")):
            value = source.choice([24.0, 24.5]) + source.choice([0.0, 0.00001])
            status = source.choice(["ok", "failed", "missing"], p=[0.94, 0.03, 0.03])
            value = {"ok": float("inf") if (method, metric) == ("hr", "psnr") else value}.get(status, float("nan"))
            rows.append((dataset, f"i{image}", method, 4, "daala", "1", metric, value, 0.1, 90.0, "", status, ""))
    images = {f"i{k}": {"input_hash": f"i{k}"} for k in range(3)}
    info = {"scale": 4, "datasets": {"set5": images, "other": {k: images[k] for k in ("i0", "i1")}}, "methods": {}}
    return results.RunResults(folder, pd.DataFrame(rows, columns=results.COLUMNS), info)


STANDINGS = """data => {
  board.data = data;
  const found = {};
  for (const set of data.sets) for (const column of data.columns) {
    const means = data.means.filter((mean) => mean.set === set.id && mean.column === column.id);
    const whole = means.filter((mean) => mean.whole);
    const best = board.best(whole.map((mean) => ({ id: mean.method, value: mean.value })), column);
    for (const mean of means)
      found[[mean.method, set.id, column.id]] = [best.has(mean.method), board.standing(mean, column)];
  }
  return found;
}"""


def test_of_any_means_the_bold_ones_and_the_places_are_those_of_the_tables(tab, site, tmp_path):
    tab.goto(f"{site}#/runs")
    ties = 0
    for seed in range(8):
        merged = merge([any_run(seed, tmp_path)])
        shown = tab.evaluate(STANDINGS, document.describe(merged, None, dict.fromkeys(merged.info["datasets"], "")))
        marked = mark_best(means(merged.scores, merged.info), merged.names)
        assert len(shown) == len(marked)
        for mean in marked:
            bold, place = shown[f"{mean.method},{mean.dataset},{mean.metric}@daala-1"]
            assert bold == mean.best
            if not mean.whole or mean.method == "hr":
                assert place == "\u2013"
                continue
            digits = merged.names.digits(mean.metric)
            rivals = [
                round(one.value, digits) * (1 if merged.names.higher_is_better(mean.metric) else -1)
                for one in [mean, *marked]
                if one.whole and one.method != "hr" and (one.dataset, one.metric) == (mean.dataset, mean.metric)
            ]
            assert place == f"{1 + sum(other > rivals[0] for other in rivals)} of {len(rivals) - 1}"
            assert place.startswith("1 of ") == (mean.best or len(rivals) == 2)
        ties += sum(mean.best for mean in marked) > 4
    assert ties > 2


def test_sorting_and_filters_are_kept_by_the_link(tab, site, browser):
    tab.goto(site)
    tab.click("button[data-sort='set5,psnr%40daala-1']")
    first = [row[0] for row in rows(tab)]
    assert first == ["Original", "SRResNet-VGG22", "SRResNet-MSE", "Bicubic", "Nearest"]
    tab.click("button[data-sort='set5,psnr%40daala-1']")
    assert [row[0] for row in rows(tab)] == first[::-1]
    assert tab.get_attribute("th[aria-sort=ascending] button", "data-sort") == "set5,psnr%40daala-1"
    tab.uncheck("input[value='odd name']", force=True)
    tab.fill("input[placeholder=M]", "2")
    assert [row[0] for row in rows(tab)] == ["Bicubic", "SRResNet-MSE"]  # the others state no parameters
    other = browser.new_page()
    other.goto(tab.url)
    assert rows(other) == rows(tab)
    assert other.locator("table.means").inner_text() == tab.locator("table.means").inner_text()
    other.close()


def test_means_over_some_images_are_sorted_behind_whole_ones_and_never_bold(tab, variant, tmp_path):
    def change(info, scores):
        some = (scores["method"] == "srresnet-vgg22") & (scores["dataset"] == "set5") & (scores["image"] == "img_001")
        return scores[~some]

    page = sb.board(variant(change), tmp_path / "site", pictures=False).as_uri()
    tab.goto(f"{page}#/table?sets=set5&costs=no&sort=set5,psnr%2540daala-1")
    listed = rows(tab)
    assert listed[-1][0] == "SRResNet-VGG22"
    assert listed[-1][1].endswith("(4 of 5)")
    assert tab.locator("td.part b").count() == 0


def test_the_front_of_the_plane_is_what_no_method_beats(tab, site):
    tab.goto(f"{site}#/plane?cost=seconds&set=set5")
    leads = tab.eval_on_selector_all(
        ".point.leads", "all => all.map(one => one.getAttribute('aria-label').split(':')[0])"
    )
    assert leads == ["Nearest", "Bicubic", "SRResNet-MSE", "SRResNet-VGG22"]  # each slower and better than the last
    tab.select_option("select >> nth=2", "parameters")
    assert tab.locator(".point").count() == 2
    assert "Not drawn, no parameters known: Nearest, SRResNet-VGG22." in tab.inner_text("main")
    tab.locator(".point").first.click()
    tab.wait_for_selector("h2")
    assert "#/method/" in tab.url


def test_pictures_are_loaded_when_they_are_looked_at(tab, site):
    tab.goto(site)
    tab.goto(f"{site}#/method/bicubic")
    tab.wait_for_selector("main table >> nth=1")
    assert loaded(tab) == set()
    tab.goto(f"{site}#/image/set5/img_001?left=nearest&right=bicubic")
    tab.wait_for_function(SHOWN)
    assert len(loaded(tab)) == 2
    tab.click("summary")
    tab.wait_for_function("[...document.querySelectorAll('.crop img')].some(one => one.naturalWidth === 72)")
    assert tab.locator(".crop").count() == 5


@pytest.mark.parametrize("side", [False, True])
def test_zoomed_pixels_are_exactly_those_of_the_picture(tab, site, base, side):
    tab.goto(f"{site}#/image/set5/img_002?left=nearest&right=hr&zoom=4&x=36&y=32&split=50{'&side=yes' if side else ''}")
    tab.wait_for_function(SHOWN)
    tab.wait_for_function("document.querySelector('.pane.over img').style.width === '288px'")
    box = tab.locator(".stage").bounding_box()
    shot = np.asarray(Image.open(io.BytesIO(tab.locator(".stage").screenshot())).convert("RGB"))
    pictures = [images.read(results.image_path(base, name, "set5", "img_002")) for name in ("nearest", "hr")]
    for k, picture in enumerate(pictures):
        middle = box["width"] * (0.25 + 0.5 * k) if side else box["width"] / 2
        left, top = round(middle - 36 * 4), round(box["height"] / 2 - 32 * 4)
        for row in (10, 40, 60):
            for column in (8, 20, 28) if k == 0 or side else (44, 52, 66):
                block = shot[top + 4 * row : top + 4 * row + 4, left + 4 * column : left + 4 * column + 4]
                assert (block == picture[row, column]).all()


def test_an_image_opens_with_the_best_beside_the_original_and_a_board_with_the_commonest_protocol(
    tab, variant, tmp_path
):
    def change(info, scores):
        other = scores[scores["method"].isin(["bicubic", "hr"])].assign(protocol="basicsr")
        return pd.concat([other, scores])

    page = sb.board(variant(change), tmp_path / "site").as_uri()
    tab.goto(f"{page}#/image/set5/img_001")
    tab.wait_for_function(SHOWN)
    names = [tab.inner_text(".at-left"), tab.inner_text(".at-right")]
    assert names == ["SRResNet-VGG22", "Original"]
    tab.goto(page)
    tab.wait_for_selector("table.means")
    assert tab.eval_on_selector_all(".chips :checked + span", "all => all.map(one => one.innerText)")[-2:] == [
        "PSNR, daala",
        "SSIM, daala",
    ]


def test_the_slider_the_wheel_and_the_keys_move_both_pictures_and_the_link(tab, site):
    tab.goto(f"{site}#/image/set5/img_001?left=nearest&right=hr")
    tab.wait_for_function(SHOWN)
    tab.focus(".stage")
    tab.keyboard.press("+")
    tab.keyboard.press("ArrowRight")
    tab.focus(".split")
    tab.keyboard.press("ArrowRight")
    assert "zoom=" in tab.url
    assert "split=50.5" in tab.url
    box = tab.locator(".stage").bounding_box()
    tab.mouse.move(box["x"] + 30, box["y"] + 30)
    tab.mouse.wheel(0, -100)
    styles = tab.eval_on_selector_all(
        ".stage img", "all => all.map(one => [one.style.left, one.style.top, one.style.width].join())"
    )
    assert styles[0] == styles[1]
    before = tab.url
    tab.mouse.down()
    tab.mouse.move(box["x"] + 90, box["y"] + 50)
    tab.mouse.up()
    assert tab.url != before


def test_dark_and_light_are_kept_and_a_damaged_link_leads_back(tab, site):
    tab.goto(site)
    paper = "getComputedStyle(document.body).backgroundColor"
    light = tab.evaluate(paper)
    tab.click(".theme")
    dark = tab.evaluate(paper)
    assert dark != light
    tab.reload()
    assert tab.evaluate(paper) == dark
    tab.click(".theme")
    tab.goto(f"{site}#/method/nobody")
    tab.click("text=To the table")
    tab.wait_for_selector("table.means")
    tab.goto(f"{site}#/%E0%A4%A")
    tab.wait_for_selector("text=There is no such page")


def test_a_static_host_serves_it_as_the_disk_does(browser, base, tmp_path):
    folder = sb.board(base, tmp_path / "site").parent
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page, problems, missed = browser.new_page(), [], []
        page.on("console", lambda message: problems.append(message.text))
        page.on("response", lambda response: missed.append(response.url) if response.status >= 400 else None)
        page.goto(f"http://127.0.0.1:{server.server_port}/#/image/set5/img_001")
        page.wait_for_function(SHOWN)
        page.close()
        server.shutdown()
    assert problems == missed == []


def test_a_board_without_pictures_says_so_where_they_would_be(tab, base, tmp_path):
    tab.goto(sb.board(base, tmp_path / "site", pictures=False).as_uri() + "#/image/set5/img_001")
    tab.wait_for_selector("text=This board was made without pictures.")
    assert len(rows(tab, "main table tbody tr")) == 5
