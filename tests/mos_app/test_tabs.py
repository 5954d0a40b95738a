"""Two raters at one computer: each tab stays whose it is, and whoever comes second is asked."""

from __future__ import annotations


def test_two_raters_in_two_tabs_of_one_browser_stay_two(server, browse):
    from tests.mos_app.conftest import Page

    first, second = server.study.invite(calibrations=0), server.study.invite(calibrations=0)
    ann = browse()
    ann.page.goto(server.link(first))
    ann.screen("welcome")
    ann.proceed()
    ann.shows(1)

    ben = Page(ann.page.context.new_page())
    ben.page.goto(server.link(second))
    ben.screen("who")
    names = {"ann": server.home(first).split("/")[2], "ben": server.home(second).split("/")[2]}
    assert names["ben"] in ben.text()
    assert f"rater {names['ann']} took part last" in ben.text()
    ben.proceed()
    ben.screen("welcome")
    assert names["ben"] in ben.page.inner_text(".card-who")
    ben.proceed()
    ben.shows(1)
    assert names["ben"] in ben.page.inner_text(".panel .who")

    for tab, scores in ((ann, (1, 2)), (ben, (4, 5))):
        tab.page.bring_to_front()
        for position, score in enumerate(scores, start=1):
            tab.shows(position)
            tab.key(str(score))
        tab.shows(3)
    assert server.study.scores(first) == [1, 2]
    assert server.study.scores(second) == [4, 5]

    ann.page.bring_to_front()
    ann.page.reload()
    ann.screen("welcome_back")  # this tab has not changed hands
    assert names["ann"] in ann.page.inner_text(".card-who")
    assert ann.errors == ben.errors == []


def test_whoever_says_no_sees_nothing_of_the_other(server, browse):
    from tests.mos_app.conftest import Page

    page = browse()
    page.page.goto(server.link(server.study.invite(calibrations=0)))
    page.screen("welcome")
    other = Page(page.page.context.new_page())
    token = server.study.invite(calibrations=0)
    other.page.goto(server.link(token))
    other.screen("who")
    other.page.click(".second")
    other.screen("stranger")
    assert "your own" in other.text()
    assert not other.page.locator(".proceed").is_visible()
    assert server.study.scores(token) == []
    assert other.errors == []
