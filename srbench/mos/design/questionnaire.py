"""What a study asks besides ratings: consent before anything is stored, and questions before and after."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from srbench.errors import StudyError, unknown

LONGEST_REPLY = 500
_KINDS = ("text", "choice", "number", "scale")
_WHEN = ("before", "after")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class Question:
    """One question; its words are given per language, by the names of the files in `mos_app/languages`.

    Attributes:
        name: Column of the answers in exports: a small letter, then letters, digits and '_'.
        text: The question.
        when: Before the practice, or after the last rating.
        kind: `text` of a line; `choice` of one; `number`; or `scale`, whole numbers from `minimum` to `maximum`.
        required: Whether the page goes on without an answer.
        choices: What is stored of a choice.
        labels: What is shown for each choice; for a scale its two ends.
        minimum: Least number that is taken.
        maximum: Largest number that is taken.
    """

    name: str
    text: dict[str, str]
    when: Literal["before", "after"] = "before"
    kind: Literal["text", "choice", "number", "scale"] = "text"
    required: bool = True
    choices: tuple[str, ...] = ()
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    minimum: float = 1.0
    maximum: float = 5.0

    def reply(self, value: object) -> str:
        """Return what is stored of an answer; empty for none.

        Raises:
            StudyError: It is no answer to this question, or one is missing.
        """
        if value is None or value == "":
            if self.required:
                raise StudyError(f"Question {self.name!r} needs an answer.")
            return ""
        if self.kind in ("number", "scale"):
            return self._number(value)
        if not isinstance(value, str) or len(value) > LONGEST_REPLY or not value.isprintable():
            raise StudyError(f"Expected a line of at most {LONGEST_REPLY} characters for {self.name!r}.")
        if self.kind == "choice" and value not in self.choices:
            raise StudyError(f"Expected one of {', '.join(self.choices)} for {self.name!r}, got {value[:80]!r}.")
        return value

    def _number(self, value: object) -> str:
        whole = self.kind == "scale"
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not self.minimum <= value <= self.maximum  # NaN lies nowhere
            or (whole and value != int(value))
        ):
            raise StudyError(
                f"Expected a {'whole ' if whole else ''}number from {self.minimum:g} to {self.maximum:g} for "
                f"{self.name!r}, got {str(value)[:80]!r}."
            )
        return f"{value:.12g}"


def replies(questions: Sequence[Question], values: Mapping[str, object]) -> dict[str, str]:
    """Return what is stored of the answers to a page of questions.

    Raises:
        StudyError: An answer is missing, is none to its question, or was not asked for.
    """
    names = [each.name for each in questions]
    for name in values:
        if name not in names:
            raise StudyError(unknown("question", str(name)[:80], names))
    found = {each.name: each.reply(values.get(each.name)) for each in questions}
    return {name: text for name, text in found.items() if text}


def consent_sha256(consent: Mapping[str, str], language: str) -> str:
    """Return the SHA-256 of the text that was agreed to.

    Raises:
        StudyError: The study has no text in that language.
    """
    if language not in consent:
        raise StudyError(unknown("language of the consent", language[:32], consent))
    return hashlib.sha256(consent[language].encode()).hexdigest()


def asked(consent: Mapping[str, str], questions: Sequence[Question]) -> tuple[str, ...]:
    """Return which pages a study has besides those of every study: `consent`, `before`, `after`."""
    pages = ["consent"] if consent else []
    return tuple(pages + [when for when in _WHEN if any(each.when == when for each in questions)])


def check(consent: Mapping[str, str], questions: Sequence[Question], where: str) -> None:
    """Refuse questions that nobody could answer; `where` names the file in the message.

    Raises:
        StudyError: A text is empty, a name is used twice, or an entry does not fit the kind.
    """
    if any(not text.strip() for text in consent.values()):
        raise StudyError(f"{where}: a text of [consent] is empty.")
    names = [each.name for each in questions]
    if len(set(names)) < len(names):
        raise StudyError(f"{where}: two [[questions]] have the same name.")
    for each in questions:
        _check_question(each, f"{where}: question {each.name!r}")


def _check_question(question: Question, where: str) -> None:
    for entry, value, known in (("kind", question.kind, _KINDS), ("when", question.when, _WHEN)):
        if value not in known:
            raise StudyError(f"{where}: {unknown(entry, str(value), known)}")
    if not _NAME.fullmatch(question.name):
        raise StudyError(f"{where}: a name begins with a small letter and holds small letters, digits and '_'.")
    if not question.text or any(not text.strip() for text in question.text.values()):
        raise StudyError(f"{where} needs a text, such as [questions.text] with en = '...'.")
    if question.kind in ("number", "scale") and not question.minimum < question.maximum:
        raise StudyError(f"{where}: minimum must lie below maximum.")
    if question.kind == "scale":
        _check_scale(question, where)
    if question.kind == "choice" and (len(question.choices) < 2 or len(set(question.choices)) < len(question.choices)):
        raise StudyError(f"{where} needs two choices or more, each of them once.")
    shown = {"choice": len(question.choices), "scale": 2}.get(question.kind, 0)
    for language, labels in question.labels.items():
        if len(labels) != shown:
            raise StudyError(f"{where}: expected {shown} labels in {language!r}, got {len(labels)}.")


def _check_scale(question: Question, where: str) -> None:
    ends = (question.minimum, question.maximum)
    if any(end != int(end) for end in ends) or ends[1] - ends[0] > 10:
        raise StudyError(f"{where}: a scale has whole ends and at most 11 steps, got {ends[0]:g} to {ends[1]:g}.")
