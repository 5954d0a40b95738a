"""The life of a worker process: it takes tasks from a channel, one after another, until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import SimpleQueue

from srbench.bench.plan import ImageTask
from srbench.bench.rows import ImageOutcome
from srbench.bench.worker import ImageWorker
from srbench.errors import RunError, SrbenchError


@dataclass(frozen=True, slots=True)
class Started:
    """Said once: tasks are taken now."""


@dataclass(frozen=True, slots=True)
class Scoring:
    """Said before a metric is computed in a careful task: who dies now dies in that metric."""

    metric: str


@dataclass(frozen=True, slots=True)
class Retired:
    """Said instead of an outcome: threads of an earlier method still run here, so that another process should do it."""


Message = Started | Scoring | Retired | ImageOutcome | Exception


def serve(descriptor: int) -> None:
    """Answer the tasks that come through a channel.

    Args:
        descriptor: Of this end of the channel. A task comes in, an outcome goes out, or the error that ends the run;
            None tells to stop after the task in progress.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process decides when it ends
    channel = Connection(descriptor)
    inbox: SimpleQueue[ImageTask | None] = SimpleQueue()
    stopping = threading.Event()
    threading.Thread(target=_receive, args=(channel, inbox, stopping), daemon=True).start()
    worker = ImageWorker(say=lambda metric: channel.send(Scoring(metric)))
    own_threads = set(threading.enumerate())
    last = ""
    channel.send(Started())
    while (task := inbox.get()) is not None and not stopping.is_set():
        if task.spec != last and set(threading.enumerate()) - own_threads:
            channel.send(Retired())
            break
        last = task.spec
        channel.send(_answer(worker, task))
    if any(thread not in own_threads and not thread.daemon for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # Python would wait for them


def _answer(worker: ImageWorker, task: ImageTask) -> ImageOutcome | Exception:
    try:
        return worker.do(task)
    except SrbenchError as error:
        return error
    except Exception as error:  # a fault of ours; it has to travel, whatever it holds
        return RunError(f"Internal error on {'/'.join(task.blank.place)}: {type(error).__name__}: {error}")


def _receive(channel: Connection, inbox: SimpleQueue[ImageTask | None], stopping: threading.Event) -> None:
    """Pass tasks on, so that an end is noticed at once, whatever the other thread is doing."""
    try:
        while (task := channel.recv()) is not None:
            inbox.put(task)
    except (EOFError, OSError):
        # Whoever started this process is gone: go too, with all that a method started.
        os.killpg(os.getpgrp(), signal.SIGKILL)
    stopping.set()
    inbox.put(None)
