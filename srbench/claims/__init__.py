"""Claims: what a method reaches, in one small file that anybody can compute again."""

from __future__ import annotations

from srbench.claims.claim import Claim, claim_of, read, write
from srbench.claims.verification import Verdict, verify

__all__ = ["Claim", "Verdict", "claim_of", "read", "verify", "write"]
