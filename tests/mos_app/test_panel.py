"""The whole path of a rater whom a panel sent: consent, tests, questions, practice, traps, a break, the way back."""

from __future__ import annotations

from srbench.mos.design import screening
from srbench.mos.design.questionnaire import Question
from srbench.mos.design.screening import Screening
from srbench.mos.study import Study
from tests.mos_app.conftest import STUDY

VERSIONS = ("nearest", "bicubic", "srgan", "hr")
RIGHT = screening.items(STUDY, 1)
PARTS = {
    "consent": {"en": "We store what you rate."},
    "questions": (
        Question("age", {"en": "How old are you?"}, kind="number", minimum=18, maximum=99),
        Question("remarks", {"en": "Anything else?"}, "after", required=False),
    ),
    "screening": Screening(colour=5, contrast=8),
}


def test_a_rater_whom_a_panel_sent_goes_from_consent_to_the_panels_code(run, browse):
    server = run(
        "acr", versions=VERSIONS, pictures=5, parts=PARTS, trials_per_rater=20, gold=2, traps=2, on_misses="end",
        session_minutes=1.5, seconds_per_trial=5.0,
    )  # fmt: skip
    study = Study(STUDY, server.study.folder.parent)
    link = study.recruit(
        5, panel="prolific", minutes=60, completed="C1", screened_out="C2", failed="C3", address=server.address
    ).replace("{{%PROLIFIC_PID%}}", "5f3c7a9b2e")
    page = browse()
    page.page.goto(link)
    page.screen("consent")
    page.proceed()
    page.screen("welcome")
    page.proceed()
    page.screen("screening_colour")
    for digit in RIGHT(1, "colour", 1):
        if digit == screening.NOTHING:
            page.page.get_by_role("button", name="No digit").click()
        else:
            page.page.get_by_role("button", name=str(digit), exact=True).click()
    page.screen("screening_contrast")
    for corner in RIGHT(1, "contrast", 1):
        page.key(str(corner + 1))
    page.screen("questions_before")
    page.page.get_by_label("How old are you?").fill("40")
    page.proceed()
    page.screen("calibration")
    page.practise(expected(server, "attempt = 1"))
    page.screen("calibration_passed")
    page.proceed()

    scores, undone = {}, False
    for position in range(1, 25):
        if position == 13:
            page.screen("break")
            page.proceed()
        page.shows(position, 24)
        scores[position] = known(server, position) or 2
        page.key(str(scores[position]))
        if position == 5 and not undone:
            undone = True
            page.shows(6, 24)
            page.key("u")
            page.shows(5, 24)
            page.key(str(scores[5]))
        if position == 8:
            page.shows(9, 24)
            page.page.reload()
            page.screen("welcome_back")
            page.proceed()
    page.screen("questions_after")
    page.proceed()
    page.screen("finished")
    back = page.page.get_by_role("link", name="Return").get_attribute("href")
    assert back == "https://app.prolific.com/submissions/complete?cc=C1"
    assert page.errors == []

    with server.study.store as store:
        assert list(store.analyst.screening(STUDY)["passed"]) == [True, True]
        assert store.analyst.checks(STUDY)["right"].tolist() == [True] * 4
        ratings = store.analyst.ratings(STUDY)
        assert dict(zip(ratings["trial"], ratings["score"], strict=True)) == {
            position: score for position, score in scores.items() if known(server, position) is None
        }
        assert list(store.analyst.replies(STUDY)["value"]) == ["40"]
    (paid,) = study.payments().itertuples()
    assert (paid.panel, paid.outcome, paid.rated) == ("prolific", "completed", 24)


def expected(server, which):
    with server.study.store as store, store.database.read() as connection:
        query = f"SELECT expected FROM trial WHERE {which} ORDER BY position"
        return list(connection.exec_driver_sql(query).scalars())


def known(server, position):
    """Return the answer that a gold or trap trial expects, or None."""
    (answer,) = expected(server, f"attempt = 0 AND position = {position}")
    return answer
