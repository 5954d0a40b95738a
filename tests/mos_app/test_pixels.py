"""What the screen shows is the stimulus, pixel by pixel, or the page says why it shows nothing."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from srbench import images

BOX = """
() => {
  const image = document.querySelector(".stage img");
  const box = image.getBoundingClientRect();
  const ratio = window.devicePixelRatio;
  return [box.left * ratio, box.top * ratio, image.naturalWidth, image.naturalHeight, ratio];
}
"""


def photograph(page):
    """Return what the screen shows where the image is, and the ratio."""
    left, top, width, height, ratio = page.page.evaluate(BOX)
    screen = np.asarray(Image.open(io.BytesIO(page.page.screenshot(scale="device"))).convert("RGB"))
    left, top = round(left), round(top)
    return screen[top : top + height, left : left + width], ratio


@pytest.mark.parametrize("ratio", [1, 1.1, 1.25, 1.5, 1.75, 2, 3])
def test_the_screen_shows_the_exact_pixels_at_any_ratio(server, browse, ratio):
    study = server.study
    stimuli = {s.id: images.read(study.folder / "stimuli" / f"{s.id}.png") for s in study.stimuli}
    page = browse(ratio=ratio, window=(1003, 701))  # odd sizes, so that centring falls between pixels
    page.page.goto(server.link(study.invite(calibrations=0)))
    page.screen("welcome")
    page.proceed()
    for position in (1, 2, 3):
        page.shows(position)
        seen, measured = photograph(page)
        assert measured == pytest.approx(ratio, rel=1e-3)
        assert any(np.array_equal(seen, pixels) for pixels in stimuli.values()), f"image {position} at ratio {ratio}"
        page.key("3")


def test_a_window_made_too_small_shows_no_image_and_says_what_it_needs(server, browse):
    page = browse(window=(900, 600))
    token = server.study.invite(calibrations=0)
    page.page.goto(server.link(token))
    page.screen("welcome")
    page.proceed()
    page.shows(1)
    page.page.set_viewport_size({"width": 420, "height": 200})
    page.screen("view_window")
    assert "420 x 200" in page.text()
    assert not page.page.locator(".stage img").is_visible()
    page.key("3")
    page.page.set_viewport_size({"width": 900, "height": 600})
    page.shows(1)
    page.page.set_viewport_size({"width": 900, "height": 150})
    page.screen("view_window")
    page.key("4")
    page.page.set_viewport_size({"width": 900, "height": 600})
    page.shows(1)
    page.key("5")
    page.shows(2)
    assert server.study.scores(token) == [5]


def test_a_page_that_is_zoomed_out_or_pinched_shows_no_image_and_says_so(server, browse):
    page = browse(ratio=0.75)
    page.page.goto(server.link(server.study.invite(calibrations=0)))
    page.screen("welcome")
    page.proceed()
    page.screen("view_zoomed_out")
    assert "75 %" in page.text()

    page = browse()
    page.page.goto(server.link(server.study.invite(calibrations=0)))
    page.screen("welcome")
    page.proceed()
    page.shows(1)
    devtools = page.page.context.new_cdp_session(page.page)
    devtools.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 1.5})
    page.screen("view_pinched")
    devtools.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 1})
    page.shows(1)


def test_a_transform_on_the_page_is_noticed(server, browse):
    page = browse()
    page.page.goto(server.link(server.study.invite(calibrations=0)))
    page.screen("welcome")
    page.page.evaluate("Object.assign(document.body.style, { transform: 'scale(0.97)', height: '100vh' })")
    page.proceed()
    page.screen("view_inexact")
    assert "exact pixels" in page.text()
