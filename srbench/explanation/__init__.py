"""Which rule of scoring gives a published figure: every usual one is tried on the pictures that it was taken from."""

from __future__ import annotations

from srbench.explanation.figures import PublishedFigure
from srbench.explanation.rules import ScoringRule
from srbench.explanation.search import Explanation, explain

__all__ = ["Explanation", "PublishedFigure", "ScoringRule", "explain"]
