"""One-time addresses of pictures: for one rater and one use, equally long, and with nothing in common."""

from __future__ import annotations

import base64
import time

import pytest

from srbench.mos.site import tickets
from srbench.mos.site.tickets import TicketError, Tickets

STIMULUS, TRIAL = "0123456789abcdef" * 2, "fedcba9876543210" * 2
TICKETS = Tickets(b"k" * 32, "picture")


def issue(**changes):
    return TICKETS.issue(changes.get("stimulus", STIMULUS), changes.get("trial", TRIAL), rater=changes.get("rater", 7))


def raw(ticket):
    return base64.urlsafe_b64decode(ticket + "=" * (-len(ticket) % 4))


def test_a_ticket_tells_its_server_and_every_other_of_the_study_what_it_was_issued_for():
    opened = Tickets(b"k" * 32, "picture").open(issue(), rater=7)
    assert (opened.stimulus, opened.trial) == (STIMULUS, TRIAL)
    assert abs(opened.issued - time.time()) < 60


def test_a_change_of_any_byte_is_refused():
    ticket = raw(issue())
    for place in range(len(ticket)):
        forged = ticket[:place] + bytes([ticket[place] ^ 1]) + ticket[place + 1 :]
        with pytest.raises(TicketError, match="got another one"):
            TICKETS.open(base64.urlsafe_b64encode(forged).decode(), rater=7)


@pytest.mark.parametrize("ticket", ["", "A", "A" * 20, "A" * 91, "ä" * 91, "-" * 500, "a b", "=" * 8])
def test_whatever_is_no_ticket_is_refused(ticket):
    with pytest.raises(TicketError, match="got another one"):
        TICKETS.open(ticket, rater=7)


def test_a_ticket_is_good_for_nobody_else_for_no_other_purpose_and_in_no_other_study():
    ticket = issue()
    for others, rater in (
        (TICKETS, 8),
        (TICKETS, 77),
        (Tickets(b"k" * 32, "sealed"), 7),
        (Tickets(b"l" * 32, "picture"), 7),
    ):
        with pytest.raises(TicketError, match="got another one"):
            others.redeem(ticket, rater=rater)
    assert TICKETS.redeem(ticket, rater=7).stimulus == STIMULUS, "what was refused has not used it up"


def test_a_ticket_serves_once_and_not_for_ever(monkeypatch):
    ticket, late = issue(), issue()
    TICKETS.redeem(ticket, rater=7)
    with pytest.raises(TicketError, match="used already"):
        TICKETS.redeem(ticket, rater=7)
    now = time.time()
    monkeypatch.setattr(tickets.time, "time", lambda: now + tickets.LIFETIME + 1)
    with pytest.raises(TicketError, match="too old"):
        TICKETS.redeem(late, rater=7)


def test_tickets_are_equally_long_and_have_nothing_in_common():
    many = [issue() for _ in range(500)] + [issue(stimulus="0" * 32, trial="f" * 32, rater=10**6)]
    assert {len(ticket) for ticket in many} == {91}
    places = zip(*(raw(ticket) for ticket in many), strict=True)
    assert min(len(set(bytes_)) for bytes_ in places) > 150, "every byte takes most of its 256 values"
