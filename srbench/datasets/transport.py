"""One connection to a server: fetches a file as pooch asks for it, and says in one sentence what went wrong."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import Any

TIMEOUT = 30.0
"""Seconds without a byte after which a connection counts as broken."""

_CHUNK = 1 << 16
# Other refusals (not found, forbidden, ...) are final: asking again would only waste everybody's time.
_WORTH_A_RETRY = frozenset({408, 425, 429})


class Refused(Exception):  # noqa: N818 - the name says what happened to the request
    """A file cannot be downloaded, for the reason in the message."""


class Stopped(Exception):  # noqa: N818 - no error: another thread has failed, or the user pressed Ctrl-C
    """The whole download was given up."""


class Transport:
    """A downloader for pooch that keeps its connection open from file to file and can be stopped."""

    def __init__(self, stop: threading.Event) -> None:
        import requests  # here, because most commands download nothing

        self._session = requests.Session()
        self._stop = stop

    def __enter__(self) -> Transport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._session.close()

    def __call__(self, url: str, output_file: str, pooch: Any, check_only: bool = False) -> None:  # noqa: ARG002 - pooch's signature
        """Download `url` to `output_file`.

        Raises:
            Refused: The server says that asking again is of no use.
            Stopped: The download was given up.
            requests.RequestException: Anything that a retry may cure, a connection cut midway among them.
        """
        import requests

        if self._stop.is_set():
            raise Stopped
        with self._session.get(url, stream=True, timeout=TIMEOUT) as response:
            status = response.status_code
            if 400 <= status < 500 and status not in _WORTH_A_RETRY:
                raise Refused(f"{url} answers with HTTP status {status} ({response.reason}).")
            response.raise_for_status()
            size = 0
            with Path(output_file).open("wb") as file:
                for chunk in response.iter_content(_CHUNK):
                    if self._stop.is_set():
                        raise Stopped
                    size += file.write(chunk)
            promised = response.headers.get("Content-Length")
            if promised and "Content-Encoding" not in response.headers and size != int(promised):
                # urllib3 before 2.0 takes a cut connection for the end of the file.
                raise requests.ConnectionError(f"{size} bytes came instead of {promised}")


def explain(error: BaseException, address: str) -> BaseException:
    """Return the error to show for one that a download ended with, after all its retries."""
    import requests

    if isinstance(error, requests.HTTPError):
        return Refused(f"{address} answers with HTTP status {error.response.status_code}.")
    if isinstance(error, requests.Timeout):
        return Refused(f"{address} does not answer within {TIMEOUT:.0f} seconds.")
    if isinstance(error, requests.RequestException):
        return Refused(f"No connection to {address}, or it breaks midway. Is this machine online?")
    if isinstance(error, ValueError):
        return Refused(f"What comes from {address} is not the file of the manifest: its SHA-256 differs.")
    return error
