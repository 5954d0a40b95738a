"""Pictures that a browser holds before their turn: encrypted, under a key that comes with the turn."""

from __future__ import annotations

import base64
import hmac

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = bytes(12)  # every key encrypts one text alone


class Seals:
    """Keys and names of pictures for one rater and trial, from the server's secret alone.

    Every server of a study derives the same ones, also after a crash. Without the secret a name tells nothing: a
    picture that comes again, in another trial or for another rater, has another name and another key.

    >>> seals = Seals(b"k" * 32)
    >>> seals.name(7, "f" * 32, "0" * 32) == seals.name(7, "e" * 32, "0" * 32)
    False
    """

    def __init__(self, key: bytes) -> None:
        self._names = hmac.digest(key, b"seal name", "sha256")
        self._keys = hmac.digest(key, b"seal key", "sha256")

    def name(self, rater: int, trial: str, stimulus: str) -> str:
        """Return what the rater's browser calls a picture that it holds."""
        return hmac.digest(self._names, _what(rater, trial, stimulus), "sha256")[:12].hex()

    def key(self, rater: int, trial: str, stimulus: str) -> str:
        """Return, in base64, the key to a picture: it is told with the turn of the trial, and never before."""
        return base64.b64encode(self._key(rater, trial, stimulus)).decode()

    def seal(self, data: bytes, rater: int, trial: str, stimulus: str) -> bytes:
        """Return `data` encrypted by AES-256-GCM, 16 bytes longer."""
        return AESGCM(self._key(rater, trial, stimulus)).encrypt(_NONCE, data, None)

    def _key(self, rater: int, trial: str, stimulus: str) -> bytes:
        return hmac.digest(self._keys, _what(rater, trial, stimulus), "sha256")


def _what(rater: int, trial: str, stimulus: str) -> bytes:
    return f"{rater}:{trial}:{stimulus}".encode()
