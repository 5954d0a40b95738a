"""What a browser holds before its turn: opened by the key of the turn alone, named and sized without a meaning."""

from __future__ import annotations

import base64

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from srbench.mos.site.seals import Seals
from srbench.mos.site.tickets import TicketError, Tickets

RATER, TRIAL, STIMULUS = 7, "a" * 32, "b" * 32
SEALS = Seals(b"k" * 32)


def opened(sealed, key):
    return AESGCM(base64.b64decode(key)).decrypt(bytes(12), sealed, None)


def test_the_key_of_the_turn_opens_what_was_sealed_and_no_other_key_does():
    data = b"pixels" * 1000
    sealed = SEALS.seal(data, RATER, TRIAL, STIMULUS)
    assert len(sealed) == len(data) + 16
    assert opened(sealed, SEALS.key(RATER, TRIAL, STIMULUS)) == data
    others = [(8, TRIAL, STIMULUS), (RATER, "c" * 32, STIMULUS), (RATER, TRIAL, "d" * 32)]
    for other in others:
        with pytest.raises(InvalidTag):
            opened(sealed, SEALS.key(*other))
    with pytest.raises(InvalidTag):
        opened(sealed, Seals(b"l" * 32).key(RATER, TRIAL, STIMULUS))


def test_one_picture_in_two_trials_or_for_two_raters_has_nothing_in_common():
    whats = [(RATER, TRIAL, STIMULUS), (RATER, "c" * 32, STIMULUS), (8, TRIAL, STIMULUS)]
    assert len({SEALS.name(*what) for what in whats}) == 3
    assert len({SEALS.seal(b"pixels" * 1000, *what)[:16] for what in whats}) == 3


def test_a_second_server_with_the_same_secret_has_the_same_names_and_keys():
    again = Seals(b"k" * 32)
    assert again.name(RATER, TRIAL, STIMULUS) == SEALS.name(RATER, TRIAL, STIMULUS)
    assert again.seal(b"x", RATER, TRIAL, STIMULUS) == SEALS.seal(b"x", RATER, TRIAL, STIMULUS)


def test_a_ticket_for_a_sealed_picture_does_not_open_the_picture():
    sealed, clear = Tickets(b"k" * 32, "sealed"), Tickets(b"k" * 32, "picture")
    ticket = sealed.issue(STIMULUS, TRIAL, rater=RATER)
    with pytest.raises(TicketError):
        clear.redeem(ticket, rater=RATER)
    with pytest.raises(TicketError):
        sealed.redeem(ticket, rater=8)
    found = sealed.redeem(ticket, rater=RATER)
    assert (found.stimulus, found.trial) == (STIMULUS, TRIAL)
