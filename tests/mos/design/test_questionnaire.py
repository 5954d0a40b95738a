"""Questions of a study file: what can be asked, and what counts as an answer."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from srbench.errors import StudyError
from srbench.mos.design import questionnaire, studyfile
from srbench.mos.design.questionnaire import Question

FILE = """
name = "asking"
seed = 1
[consent]
en = "We store your ratings."
de = "Wir speichern Ihre Bewertungen."
[[questions]]
name = "age"
kind = "number"
minimum = 18
maximum = 99
text = {en = "How old are you?", de = "Wie alt sind Sie?"}
[[questions]]
name = "screen"
kind = "choice"
choices = ["lcd", "oled"]
text = {en = "Which screen?"}
labels = {en = ["LCD", "OLED"]}
required = false
[[questions]]
name = "tired"
when = "after"
kind = "scale"
text = {en = "How tired are you?"}
labels = {en = ["not at all", "very"]}
[[questions]]
name = "remarks"
when = "after"
required = false
text = {en = "Anything else?"}
[[sets]]
name = "set5"
versions = ["bicubic", "hr"]
"""


def test_a_study_file_with_consent_and_questions_is_read_and_written_without_loss() -> None:
    study = studyfile.parse(FILE)
    assert study.settings.asks == ("consent", "before", "after")
    assert study.consent == tomllib.loads(FILE)["consent"]
    assert [question.name for question in study.questions] == ["age", "screen", "tired", "remarks"]
    assert studyfile.parse(studyfile.write(study)) == study


def test_a_study_file_without_them_asks_nothing(tmp_path: Path) -> None:
    study = studyfile.parse('name = "a"\nseed = 1\n[[sets]]\nname = "set5"\nversions = ["hr"]\n')
    assert study.settings.asks == ()
    with pytest.raises(StudyError, match="no entry of"):
        studyfile.parse(
            'name = "a"\nseed = 1\n[settings]\nasks = ["consent"]\n[[sets]]\nname = "x"\nversions = ["hr"]\n'
        )


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('name = "age"', 'name = "Age"', "small letter"),
        ('name = "age"', 'name = "tired"', "same name"),
        ("minimum = 18", "minimum = 99", "below maximum"),
        ('choices = ["lcd", "oled"]', 'choices = ["lcd"]', "two choices"),
        ('labels = {en = ["LCD", "OLED"]}', 'labels = {en = ["LCD"]}', "expected 2 labels in 'en', got 1"),
        ('kind = "scale"', 'kind = "slider"', "kind 'slider'"),
        ('kind = "scale"', 'kind = "scale"\nminimum = 0\nmaximum = 100', "11 steps"),
        ("required = false", 'required = "no"', "true or false"),
        ('en = "We store your ratings."', 'en = " "', "empty"),
        ('text = {en = "Anything else?"}', 'text = "Anything else?"', "per language"),
    ],
)
def test_a_question_that_nobody_could_answer_is_one_clear_sentence(before: str, after: str, message: str) -> None:
    assert before in FILE
    with pytest.raises(StudyError, match=message):
        studyfile.parse(FILE.replace(before, after, 1))


def test_answers_are_stored_as_text_and_empty_ones_are_not() -> None:
    questions = studyfile.parse(FILE).questions[:2]
    assert questionnaire.replies(questions, {"age": 40, "screen": ""}) == {"age": "40"}
    assert questionnaire.replies(questions, {"age": 40.5, "screen": "oled"}) == {"age": "40.5", "screen": "oled"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("age", value) for value in (None, "", 17, 100, "40", True, float("nan"), float("inf"), [40])]
    + [("tired", value) for value in (0, 6, 2.5, "2", None)]
    + [("screen", value) for value in ("crt", 1, "lcd\n")]
    + [("remarks", value) for value in ("x" * 501, "a\x00b", 3)],
)
def test_what_is_no_answer_is_refused(name: str, value: object) -> None:
    question = next(each for each in studyfile.parse(FILE).questions if each.name == name)
    with pytest.raises(StudyError, match=name):
        question.reply(value)


def test_an_answer_to_no_question_is_refused() -> None:
    with pytest.raises(StudyError, match="question 'height'"):
        questionnaire.replies([Question("age", {"en": "Age?"})], {"age": "1", "height": "2"})


def test_the_hash_is_that_of_the_text_that_was_shown() -> None:
    consent = studyfile.parse(FILE).consent
    expected = hashlib.sha256(b"Wir speichern Ihre Bewertungen.").hexdigest()
    assert questionnaire.consent_sha256(consent, "de") == expected
    with pytest.raises(StudyError, match="language"):
        questionnaire.consent_sha256(consent, "zh")
