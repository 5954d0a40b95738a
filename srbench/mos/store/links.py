"""The tokens in raters' personal links: known to the holder alone."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """Return 256 random bits as text that is safe in an address."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what the store keeps of a token; so many random bits need neither salt nor stretching."""
    return hashlib.sha256(token.encode()).hexdigest()
