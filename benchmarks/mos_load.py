"""Load on a study's server: many raters at once, on SQLite or PostgreSQL, with the server killed while they rate.

    python benchmarks/mos_load.py                       200 raters, 2 s think time, SQLite
    python benchmarks/mos_load.py --postgresql          the same on a PostgreSQL server of its own
    python benchmarks/mos_load.py --kills 10            kill -9 ten times; every acknowledged rating must be stored
    python benchmarks/mos_load.py --postgresql --servers 2 --raters 1000 --think 10

Every rater is a connection of its own over the loopback, and does what the page does: fetch the pictures of the next
two trials, think, send the rating, and send it again until it is acknowledged. With several servers each request goes
to any of them. Latency is that of `POST .../rate`, from the first byte sent to the last received. The exit status is
1 when a rating was lost or stored twice, or an answer was neither a success nor a dead server. The load average stands
beside the figures: on a machine that does other things they say little.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from srbench import images
from srbench.mos.store.definitions import ScheduledTrial, Settings, Stimulus
from srbench.mos.store.stores import Store

STUDY = "load"
PICTURES = 40
SIZE = (320, 480)
SERVE = """
import sys
from pathlib import Path
from srbench.mos.store.stores import Store
from srbench.mos.site.server import Site, serve
folder, url, port = sys.argv[1:]
serve(Site(Store.open(url), "load", Path(folder), f"http://localhost:{port}"), "127.0.0.1", int(port))
"""


@dataclass
class Tally:
    """What all raters saw."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    retries: int = 0
    pictures: int = 0  # bytes


class Connection:
    """HTTP/1.1 on one kept-alive connection, which is opened again after it broke."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.head = f"Host: localhost:{port}\r\nCookie: srbench_rater={token}\r\nOrigin: http://localhost:{port}\r\n"
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send a request; return the status and body of the answer."""
        try:
            if self.streams is not None and self.streams[0].at_eof():  # the server closes what is idle for long
                self.close()
            if self.streams is None:
                self.streams = await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = self.streams
            kind = "Content-Type: application/json\r\n" if body else ""
            head = f"{method} {path} HTTP/1.1\r\n{self.head}{kind}Content-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
            length = next(
                int(line[15:]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:")
            )
            return int(answer[9:12]), await asyncio.wait_for(reader.readexactly(length), 20)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; the next request opens a new one."""
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


class RefusedError(Exception):
    """The server refused what the page would send: this rater's session is over, and the load has failed."""


@dataclass(frozen=True)
class Link:
    """What a rater's browser knows: the cookie, and below which address it is good."""

    token: str
    home: str


class Browser:
    """One rater: connections to all servers, any of which answers."""

    def __init__(self, ports: list[int], link: Link, tally: Tally) -> None:
        self.connections = [Connection(port, link.token) for port in ports]
        self.home = link.home
        self.tally = tally
        self.held: set[str] = set()

    async def ask(self, action: str, content: dict[str, object]) -> dict[str, Any]:
        """Ask until a server answers, as the rating page does."""
        wait = 0.25
        while True:
            try:
                body = json.dumps(content).encode()
                status, body = await random.choice(self.connections).send("POST", self.home + action, body)
            except (TimeoutError, OSError, asyncio.IncompleteReadError):
                self.tally.retries += 1
                await asyncio.sleep(wait * random.uniform(0.75, 1.25))
                wait = min(2 * wait, 4)
                continue
            self.tally.statuses[status] += 1
            if status == 200:
                return json.loads(body)  # type: ignore[no-any-return]
            if status != 429 and status < 500:
                raise RefusedError(f"{action}: {status} {body.decode(errors='replace')}")
            await asyncio.sleep(1)

    async def fetch_ahead(self, state: dict[str, Any]) -> None:
        """Fetch the pictures of the next trials that are not there yet."""
        for each in state["ahead"]:
            if each["name"] in self.held:
                continue
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
                status, body = await random.choice(self.connections).send("GET", each["source"])
                self.tally.statuses[status] += status != 404  # after a crash the address may have been used already
                self.tally.pictures += len(body)
                self.held.add(each["name"])

    def close(self) -> None:
        """Close all connections."""
        for connection in self.connections:
            connection.close()


async def rate_all(ports: list[int], link: Link, think: float, until: float, tally: Tally) -> None:
    """Be one rater until the time is over."""
    browser = Browser(ports, link, tally)
    await asyncio.sleep(random.uniform(0, think))
    state = await browser.ask("proceed", {"screen": "welcome"})
    while time.monotonic() < until and "trial" in state:
        await browser.fetch_ahead(state)
        await asyncio.sleep(random.uniform(0.5 * think, 1.5 * think))
        trial, score = str(state["trial"]), random.randint(1, 5)
        start = time.perf_counter()
        answer = await browser.ask("rate", {"trial": trial, "revision": 0, "score": score, "seconds": think})
        tally.latencies.append(time.perf_counter() - start)
        tally.acknowledged[trial] = score
        state = answer["next"]
    browser.close()


def make_study(folder: Path, url: str, raters: int, trials: int) -> list[Link]:
    """Write stimuli of noise, the largest PNG files there are of their size, and invite all raters."""
    rng = np.random.default_rng(0)
    stimuli = []
    for number in range(PICTURES):
        key = secrets.token_hex(16)
        pixels = rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
        sha256 = images.write(folder / "stimuli" / f"{key}.png", pixels)
        stimuli.append(Stimulus(key, "rating", "noise", str(number), "noise", 0, sha256, SIZE[1], SIZE[0]))
    store = Store.open(url)
    store.organiser.create_study(STUDY, Settings(session_minutes=600), stimuli)
    tokens = []
    for rater in range(1, raters + 1):
        plan = [ScheduledTrial(0, n + 1, 1, stimuli[(rater + n) % PICTURES].id) for n in range(trials)]
        tokens.append(store.organiser.add_rater(STUDY, rater, plan))
    links = [Link(token, f"/rating/{_code(store, token)}/") for token in tokens]
    store.close()
    return links


def _code(store: Store, token: str) -> str:
    rater = store.rater.rater_by_token(token)
    assert rater is not None
    return rater.code


class Server:
    """The study's server in a process of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.command = [sys.executable, "-c", SERVE, str(folder), url, str(self.port)]
        self.output = folder / "output.log"
        self.cpu = 0.0

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with self.output.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/_stcore/health", timeout=2).close()
                self.cpu -= self._spent()  # starting is no part of what a rating costs
                return
            time.sleep(0.05)
        sys.exit(f"The server did not start: {self.output.read_text()[-2000:]}")

    def _spent(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the server and count its CPU time."""
        self.cpu += self._spent()
        self.process.send_signal(how)
        self.process.wait(30)


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server of our own on a free port of the loopback; yields its address."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    bin_folder = programs[-1] if programs else Path(shutil.which("initdb") or sys.exit("PostgreSQL is missing")).parent
    data = folder / "postgresql"
    data.mkdir()
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    if user:
        shutil.chown(data, user, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def call(program: str, *arguments: str) -> None:
        subprocess.run([bin_folder / program, *arguments], user=user, cwd=data, check=True, stdout=subprocess.DEVNULL)

    call("initdb", "-D", str(data), "-U", "srbench", "--auth=trust", "-E", "UTF8")
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {data}"
    call("pg_ctl", "-D", str(data), "-l", str(data / "log"), "-o", options, "-w", "start")
    try:
        yield f"postgresql://srbench@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-D", str(data), "-m", "fast", "-w", "stop")


async def storm(servers: list[Server], links: list[Link], options: argparse.Namespace, tally: Tally) -> None:
    """Let all raters rate, and kill the servers in turn meanwhile."""
    until = time.monotonic() + options.seconds
    ports = [server.port for server in servers]
    work = [asyncio.create_task(rate_all(ports, link, options.think, until, tally)) for link in links]
    for kill in range(options.kills):
        await asyncio.sleep(options.seconds / (options.kills + 1) - 1)
        server = servers[kill % len(servers)]
        server.end(signal.SIGKILL)
        await asyncio.to_thread(server.start)
    for end in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(end, RefusedError):
            print(f"a rater was refused: {end}")
        elif end is not None:
            raise end


def stored(url: str) -> tuple[dict[str, int], int]:
    """Return the scores by trial, and how many rows there are."""
    store = Store.open(url)
    with store.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT trial_id, score FROM rating").all()
    store.close()
    return {row.trial_id: row.score for row in rows}, len(rows)


def report(options: argparse.Namespace, tally: Tally, url: str, elapsed: float, cpu: float) -> bool:
    """Print the figures; return whether nothing was lost, stored twice or refused."""
    scores, rows = stored(url)
    lost = [trial for trial, score in tally.acknowledged.items() if scores.get(trial) != score]
    failures = sum(count for status, count in tally.statuses.items() if status != 200)
    p50, p95, p99, most = (1000 * value for value in np.percentile(tally.latencies, [50, 95, 99, 100]))
    kind = "PostgreSQL" if options.postgresql else "SQLite"
    print(
        f"{kind}, {options.servers} server(s): {options.raters} raters, think time {options.think:g} s, {elapsed:.0f} s"
    )
    print(f"{options.kills} kills; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"ratings acknowledged {len(tally.acknowledged)} ({len(tally.acknowledged) / elapsed:.0f}/s), stored {rows}")
    print(f"latency of a rating: p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, max {most:.0f} ms")
    print(f"answers that failed {failures} {dict(tally.statuses)}, sent again {tally.retries}")
    each = 1000 * cpu / max(1, len(tally.acknowledged))
    print(f"lost or changed {len(lost)}, stored twice {rows - len(scores)}")
    print(f"server CPU {cpu:.1f} s after the start, {each:.1f} ms a rating with its picture")
    return not lost and rows == len(scores) and not failures and (options.kills > 0 or tally.retries == 0)


def main() -> None:
    """Run the load and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raters", type=int, default=200)
    parser.add_argument("--think", type=float, default=2.0, help="mean seconds between a picture and its rating")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the raters rate")
    parser.add_argument("--kills", type=int, default=0, help="how often the server is killed with kill -9")
    parser.add_argument("--servers", type=int, default=1, help="server processes; several need --postgresql")
    parser.add_argument("--postgresql", action="store_true", help="store in a PostgreSQL server started for this")
    options = parser.parse_args()
    if options.servers > 1 and not options.postgresql:
        parser.error("several servers share one PostgreSQL: add --postgresql")
    random.seed(1)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        url = stack.enter_context(postgresql(folder)) if options.postgresql else f"sqlite:///{folder / 'load.db'}"
        links = make_study(folder, url, options.raters, trials=int(4 * options.seconds / options.think) + 10)
        servers, tally = [Server(folder, url) for _ in range(options.servers)], Tally()
        for server in servers:
            server.start()
        start = time.monotonic()
        try:
            asyncio.run(storm(servers, links, options, tally))
        finally:
            for server in servers:
                server.end()
        cpu = sum(server.cpu for server in servers)
        sys.exit(not report(options, tally, url, time.monotonic() - start, cpu))


if __name__ == "__main__":
    main()
