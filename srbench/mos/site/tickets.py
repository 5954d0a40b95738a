"""Tickets: one-time addresses of pictures, which tell nobody which picture they lead to."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import struct
import threading
import time
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from srbench.errors import StudyError

LIFETIME = 600.0
"""Seconds in which a ticket must be used: the page uses it at once, an eavesdropper later."""

_PAYLOAD = struct.Struct(">16s16sd")  # ids of the stimulus and of the trial, time of issue
_NONCE = 12


class TicketError(StudyError):
    """A ticket is forged, damaged, expired, used, or was issued to somebody else."""


@dataclass(frozen=True)
class Ticket:
    """What a ticket says once it has been opened."""

    stimulus: str
    trial: str
    issued: float
    nonce: bytes


class Tickets:
    """Issues and opens tickets with one key, so that every server of a study accepts them, also after a crash.

    A ticket is a random nonce and the payload under AES-256-GCM, which authenticates the rater as well. Two tickets
    for one picture have nothing in common, and nobody but the rater they were issued to can use them.

    Args:
        key: The server's secret.
        purpose: What the tickets are good for; tickets for another purpose are refused.

    >>> tickets = Tickets(b"k" * 32, "picture")
    >>> ticket = tickets.issue("00112233445566778899aabbccddeeff", "f" * 32, rater=7)
    >>> tickets.redeem(ticket, rater=7).stimulus
    '00112233445566778899aabbccddeeff'
    >>> tickets.redeem(ticket, rater=7)
    Traceback (most recent call last):
    srbench.mos.site.tickets.TicketError: The address of this picture was used already. Ask for a new one.
    """

    def __init__(self, key: bytes, purpose: str) -> None:
        self._cipher = AESGCM(hmac.digest(key, f"ticket:{purpose}".encode(), "sha256"))
        self._used: dict[bytes, float] = {}  # nonce -> when it can be forgotten, oldest first
        self._lock = threading.Lock()

    def issue(self, stimulus: str, trial: str, *, rater: int) -> str:
        """Return a new ticket for a stimulus in a trial (ids of 32 hexadecimal digits); it is safe in an address."""
        nonce = secrets.token_bytes(_NONCE)
        payload = _PAYLOAD.pack(bytes.fromhex(stimulus), bytes.fromhex(trial), time.time())
        sealed = self._cipher.encrypt(nonce, payload, _whose(rater))
        return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()

    def open(self, ticket: str, *, rater: int) -> Ticket:
        """Return what `ticket` says, without using it.

        Raises:
            TicketError: It was not issued by this study to this rater.
        """
        try:
            raw = base64.b64decode(ticket + "=" * (-len(ticket) % 4), altchars=b"-_", validate=True)
            nonce, sealed = raw[:_NONCE], raw[_NONCE:]
            stimulus, trial, issued = _PAYLOAD.unpack(self._cipher.decrypt(nonce, sealed, _whose(rater)))
        except (binascii.Error, ValueError, InvalidTag):
            message = "Expected the address of a picture as it was given to this rater, got another one."
            raise TicketError(message) from None
        return Ticket(stimulus.hex(), trial.hex(), issued, nonce)

    def redeem(self, ticket: str, *, rater: int) -> Ticket:
        """Return what `ticket` says; a ticket can be redeemed once.

        Raises:
            TicketError: It was not issued by this study to this rater, is too old, or was redeemed before.
        """
        opened = self.open(ticket, rater=rater)
        if abs(time.time() - opened.issued) > LIFETIME:
            raise TicketError("The address of this picture is too old. Ask for a new one.")
        with self._lock:
            self._forget()
            if opened.nonce in self._used:
                raise TicketError("The address of this picture was used already. Ask for a new one.")
            self._used[opened.nonce] = time.monotonic() + 2 * LIFETIME
        return opened

    def _forget(self) -> None:
        now = time.monotonic()
        while self._used and (oldest := next(iter(self._used.items())))[1] < now:
            del self._used[oldest[0]]


def _whose(rater: int) -> bytes:
    return str(rater).encode()
