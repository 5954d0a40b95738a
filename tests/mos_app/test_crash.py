"""A server that dies with kill -9 loses no acknowledged rating, stores none twice, and the page goes on by itself."""

from __future__ import annotations


def test_ratings_survive_three_kills_with_double_presses_and_a_reload(serve, browse):
    server = serve()
    token = server.study.invite(calibrations=0)
    page = browse()
    page.page.goto(server.link(token))
    page.screen("welcome")
    page.proceed()
    for position in range(1, 7):
        page.shows(position)
        if position in (2, 4, 6):
            server.kill()
        page.key(str(1 + position % 5))
        page.key(str(1 + position % 5))
        if position in (2, 4, 6):
            page.page.wait_for_selector(".trouble:visible")
            assert "kept" in page.page.inner_text(".trouble")
            server.start()
        if position == 5:
            page.shows(6)
            page.page.reload()
            page.screen("welcome_back")
            page.proceed()
    page.screen("break")
    page.proceed()
    page.shows(7)
    assert not page.page.locator(".trouble").is_visible()
    assert server.study.scores(token) == [1 + position % 5 for position in range(1, 7)]
    assert page.errors == []
