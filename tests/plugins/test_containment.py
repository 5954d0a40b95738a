"""Code of others can neither end the program nor change what it runs in."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import pytest

from srbench.errors import PluginError
from srbench.plugins import contained


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: sys.exit(), "It ends the program. What only"),
        (lambda: sys.exit(2), "It ends the program with 2."),
        (lambda: os._exit(7), "It ends the program with 7."),
        (lambda: sys.exit("a reason"), "It ends the program with 'a reason'."),
    ],
)
def test_ending_the_program_becomes_an_error(action: object, message: str) -> None:
    with pytest.raises(PluginError, match=message), contained("It"):
        action()  # type: ignore[operator]


def test_other_exceptions_pass_and_an_interrupt_stays_one() -> None:
    for kind in (ValueError, KeyboardInterrupt):
        with pytest.raises(kind), contained("It"):
            raise kind


def test_everything_is_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    before = (Path.cwd(), sys.argv, sys.stdout, os._exit, threading.Thread.start)

    def rude() -> None:
        assert Path.cwd() == tmp_path / "home"
        assert len(sys.argv) == 1
        os.chdir("/")
        with contained("something inside"):
            pass
        os._exit(0)

    with pytest.raises(PluginError), contained("It", tmp_path / "home"):
        rude()
    assert before == (Path.cwd(), sys.argv, sys.stdout, os._exit, threading.Thread.start)


def test_output_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with contained("It"):
        print("hello")
    assert capsys.readouterr() == ("", "hello\n")


def test_only_threads_of_the_block_become_daemons() -> None:
    end = threading.Event()
    inner, outer = threading.Thread(target=end.wait), threading.Thread(target=end.wait)
    started, leave = threading.Event(), threading.Event()

    def other() -> None:
        started.wait()
        outer.start()
        leave.set()

    helper = threading.Thread(target=other)
    helper.start()
    with contained("It"):
        inner.start()
        started.set()
        leave.wait()
    assert (inner.daemon, outer.daemon) == (True, False)
    end.set()
    for thread in (inner, outer, helper):
        thread.join()


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_still_ends() -> None:
    with contained("It"):
        child = os.fork()
        if not child:
            os._exit(5)
    deadline = time.monotonic() + 20
    ended, status = os.waitpid(child, os.WNOHANG)
    while not ended and time.monotonic() < deadline:
        time.sleep(0.01)
        ended, status = os.waitpid(child, os.WNOHANG)
    assert os.waitstatus_to_exitcode(status) == 5
