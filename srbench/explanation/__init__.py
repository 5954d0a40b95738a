"""Which rule of scoring gives a published figure: every usual one is tried on the pictures that it was taken from."""

from __future__ import annotations

from srbench.explanation.explain import Explanation, explain
from srbench.explanation.figures import PublishedFigure
from srbench.explanation.rules import ScoringRule

__all__ = ["Explanation", "PublishedFigure", "ScoringRule", "explain"]
