"""The life of a worker process: it takes tasks from a channel, one after another, until it is told to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection
from queue import SimpleQueue

from srbench.bench.batches import BatchWorker
from srbench.bench.messages import Message, Retired, Scoring, Started
from srbench.bench.plan import ImageTask
from srbench.bench.rows import ImageOutcome
from srbench.bench.worker import ImageWorker, internal_error
from srbench.errors import RunError, SrbenchError


def serve(descriptor: int) -> None:
    """Answer the tasks that come through a channel.

    Args:
        descriptor: Of this end of the channel. Lists of tasks come in, an outcome goes out for each task, or the error
            that ends the run; None tells to stop after the task in progress.
    """
    channel = _Channel(descriptor)
    worker = ImageWorker(say=lambda metric: channel.say(Scoring(metric)))
    waiting: deque[ImageTask] = deque()
    last = ""
    channel.say(Started())
    while (tasks := channel.take(wait=not waiting)) is not None:
        waiting.extend(tasks)
        task = waiting.popleft()
        if task.spec != last and channel.has_strangers():
            channel.say(Retired())
            break
        last = task.spec
        channel.say(_answer(worker, task))
    channel.leave()


def serve_batches(descriptor: int, size: int) -> None:
    """Enlarge for the tasks that come through a channel, and leave their scores to others.

    Args:
        descriptor: As for `serve`, but the outcomes have no scores yet, and come in any order.
        size: The most images to compute at once.
    """
    channel = _Channel(descriptor)
    last = ""
    with BatchWorker(size, channel.say) as worker:
        channel.say(Started())
        while (tasks := channel.take(wait=not worker.next_spec)) is not None:
            worker.read(tasks)
            if worker.next_spec != last and channel.has_strangers():
                break
            last = worker.next_spec
            try:
                worker.enlarge()
            except SrbenchError as error:
                channel.say(error)
            except Exception as error:
                channel.say(RunError(f"Internal error in a batch of '{last}': {type(error).__name__}: {error}"))
    if tasks is not None:
        channel.say(Retired())  # all pictures are written now
    channel.leave()


def _answer(worker: ImageWorker, task: ImageTask) -> ImageOutcome | Exception:
    try:
        return worker.do(task)
    except SrbenchError as error:
        return error
    except Exception as error:  # a fault of ours; it has to travel, whatever it holds
        return internal_error(task, error)


class _Channel:
    """The worker's end of a channel; tasks are received beside the work, so that an end is noticed at once."""

    def __init__(self, descriptor: int) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process decides when it ends
        self._connection = Connection(descriptor)
        self._inbox: SimpleQueue[Sequence[ImageTask] | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._speaking = threading.Lock()
        threading.Thread(target=self._receive, daemon=True).start()
        self._own_threads = set(threading.enumerate())

    def say(self, message: Message) -> None:
        """Send a message; any thread may."""
        with self._speaking:
            self._connection.send(message)

    def take(self, *, wait: bool) -> list[ImageTask] | None:
        """Return the tasks that came since the last call, at least one if `wait`; None when it is time to stop."""
        tasks: list[ImageTask] = []
        while not self._stopping.is_set() and (wait or not self._inbox.empty()):
            tasks += self._inbox.get() or ()
            wait = False
        return None if self._stopping.is_set() else tasks

    def has_strangers(self) -> bool:
        """Return whether threads run that are not ours."""
        return bool(self._strangers())

    def leave(self) -> None:
        """End the process, if threads of others would keep it from ending."""
        if any(not thread.daemon for thread in self._strangers()):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)  # Python would wait for them

    def _strangers(self) -> list[threading.Thread]:
        threads = (thread for thread in threading.enumerate() if thread not in self._own_threads)
        return [thread for thread in threads if not thread.name.startswith("srbench-")]

    def _receive(self) -> None:
        try:
            while (tasks := self._connection.recv()) is not None:
                self._inbox.put(tasks)
        except (EOFError, OSError):
            # Whoever started this process is gone: go too, with all that a method started.
            os.killpg(os.getpgrp(), signal.SIGKILL)
        self._stopping.set()
        self._inbox.put(None)
