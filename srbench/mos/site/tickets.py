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

from srbench.errors import StudyError

LIFETIME = 600.0
"""Seconds in which a ticket must be used: the page uses it at once, an eavesdropper later."""

_PAYLOAD = struct.Struct(">16s16sd")  # ids of the stimulus and of the trial, time of issue
_NONCE = 12
_MAC = 16
_LENGTH = _NONCE + _PAYLOAD.size + _MAC


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

    A ticket is nonce + masked payload + MAC: the mask is HMAC-SHA512 of the nonce, the MAC covers the rater. Two
    tickets for one picture have nothing in common, and nobody but the rater they were issued to can use them.

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
        self._mask_key = hmac.digest(key, f"mask:{purpose}".encode(), "sha256")
        self._mac_key = hmac.digest(key, f"mac:{purpose}".encode(), "sha256")
        self._used: dict[bytes, float] = {}  # nonce -> when it can be forgotten, oldest first
        self._lock = threading.Lock()

    def issue(self, stimulus: str, trial: str, *, rater: int) -> str:
        """Return a new ticket for a stimulus in a trial (ids of 32 hexadecimal digits); it is safe in an address."""
        nonce = secrets.token_bytes(_NONCE)
        payload = _PAYLOAD.pack(bytes.fromhex(stimulus), bytes.fromhex(trial), time.time())
        body = nonce + self._masked(nonce, payload)
        return base64.urlsafe_b64encode(body + self._mac(rater, body)).rstrip(b"=").decode()

    def open(self, ticket: str, *, rater: int) -> Ticket:
        """Return what `ticket` says, without using it.

        Raises:
            TicketError: It was not issued by this study to this rater.
        """
        try:
            raw = base64.b64decode(ticket + "=" * (-len(ticket) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if len(raw) != _LENGTH or not hmac.compare_digest(mac, self._mac(rater, body)):
            raise TicketError("Expected the address of a picture as it was given to this rater, got another one.")
        nonce = body[:_NONCE]
        stimulus, trial, issued = _PAYLOAD.unpack(self._masked(nonce, body[_NONCE:]))
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

    def _masked(self, nonce: bytes, payload: bytes) -> bytes:
        stream = hmac.digest(self._mask_key, nonce, "sha512")
        return bytes(a ^ b for a, b in zip(payload, stream, strict=False))

    def _mac(self, rater: int, body: bytes) -> bytes:
        return hmac.digest(self._mac_key, f"{rater}:".encode() + body, "sha256")[:_MAC]
