"""Consent, questions and withdrawal as the rating page asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srbench.errors import StudyError
from srbench.mos.design import questionnaire
from srbench.mos.site import bodies
from srbench.mos.site.bodies import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from srbench.mos.design.questionnaire import Question
    from srbench.mos.store.rater import RaterStore
    from srbench.mos.store.session import Card, Rater, TrialView

LARGEST_REPLIES = 32_768
"""Bytes of a page of answers, more than any rating needs."""


class Asking:
    """What one study asks besides ratings.

    Args:
        store: Where answers go.
        consent: The text to agree to, by language; empty for none.
        questions: All questions.
    """

    def __init__(self, store: RaterStore, consent: Mapping[str, str], questions: Sequence[Question]) -> None:
        self._store = store
        self._consent = consent
        self._questions = questions

    def shown(self, card: Card) -> dict[str, Any]:
        """Return what the page shows on a card of ours; nothing on others."""
        if card.kind == "consent":
            return {"consent": dict(self._consent)}
        return {"questions": [_shown(each) for each in self._of(card.kind)]} if self._of(card.kind) else {}

    def agree(self, rater: Rater, body: dict[str, Any]) -> TrialView | Card:
        """Store a consent, or the end of who does not agree."""
        agrees = body.get("agrees")
        if not isinstance(agrees, bool):
            raise BadRequestError(f"Expected true or false as 'agrees', got {agrees!r:.80}.")
        if not agrees:
            return self._store.decline(rater)
        language = bodies.text(body, "language", 32)
        try:
            return self._store.agree(rater, language, questionnaire.consent_sha256(self._consent, language))
        except StudyError as error:
            raise BadRequestError(str(error)) from None

    def reply(self, rater: Rater, body: dict[str, Any]) -> TrialView | Card:
        """Store the answers to a page of questions."""
        kind, values = bodies.text(body, "screen"), body.get("replies")
        if not isinstance(values, dict) or not self._of(kind):
            raise BadRequestError("Expected the answers to a page of questions.")
        try:
            found = questionnaire.replies(self._of(kind), values)
        except StudyError as error:
            raise BadRequestError(str(error)) from None
        return self._store.reply(rater, kind, found)

    def withdraw(self, rater: Rater, body: dict[str, Any]) -> Card:
        """Delete what a rater gave."""
        if body.get("sure") is not True:
            raise BadRequestError("Expected true as 'sure'.")
        return self._store.withdraw(rater)

    def _of(self, kind: str) -> list[Question]:
        return [each for each in self._questions if f"questions-{each.when}" == kind]


def _shown(question: Question) -> dict[str, Any]:
    return {
        "name": question.name,
        "text": question.text,
        "kind": question.kind,
        "required": question.required,
        "choices": list(question.choices),
        "labels": {language: list(labels) for language, labels in question.labels.items()},
        "minimum": question.minimum,
        "maximum": question.maximum,
    }
