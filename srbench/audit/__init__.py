"""Audits of generated pictures: is their sharpness structure of the photograph, or noise, ringing and a grid?"""

from __future__ import annotations

from srbench.audit.auditing import Audit, Audited, audit
from srbench.audit.criteria import Criterion, criteria
from srbench.audit.figures import consistency, correlation, grid, texture
from srbench.audit.scores import AuditScores, measure

__all__ = [
    "Audit",
    "AuditScores",
    "Audited",
    "Criterion",
    "audit",
    "consistency",
    "correlation",
    "criteria",
    "grid",
    "measure",
    "texture",
]
