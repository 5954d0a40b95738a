"""Ctrl-C in two steps."""

from __future__ import annotations

import select
import signal
import threading

import pytest

from srbench.bench.interrupt import Interrupt


@pytest.fixture(autouse=True)
def usual_handler() -> object:
    """Have Python's own handler, whatever shell started the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_asks_and_the_second_raises() -> None:
    told: list[bool] = []
    with Interrupt(lambda: told.append(True)) as interrupt:
        assert not select.select([interrupt], [], [], 0)[0]
        signal.raise_signal(signal.SIGINT)
        assert interrupt.asked
        assert told == [True]
        assert select.select([interrupt], [], [], 0)[0]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_programs_own_stays() -> None:
    got: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: got.append(number))
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGINT)
    assert got == [signal.SIGINT]
    assert not interrupt.asked


def test_outside_the_main_thread_nothing_changes() -> None:
    def work() -> None:
        with Interrupt():
            handlers.append(signal.getsignal(signal.SIGINT))

    handlers: list[object] = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]
