"""Runs any program on a picture: within a time limit, in a clean folder, and nothing of it is left behind."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srbench import images
from srbench.errors import ImageError, MethodError
from srbench.images import Image

SECONDS = 600.0
_PLACES = ("{lr}", "{sr}", "{scale}", "{here}")
_LINES, _LETTERS = 3, 300


class Program:
    """A command line that enlarges one picture.

    In it `{lr}` is the PNG to read, `{sr}` the PNG to write, `{scale}` the factor, and `{here}` the folder that the
    command was written in. It runs without a shell, in a folder of its own; words that are paths of files or folders
    from `here` are made absolute.

    Args:
        line: The command line, with quotes where words hold spaces.
        here: The folder that its relative paths are relative to.

    Attributes:
        words: Its words.
        inputs: The files among them, the program first: they decide what is computed.

    Raises:
        MethodError: It cannot be split into words, lacks `{lr}` or `{sr}`, has another name in braces, or there is no
            such program.
    """

    def __init__(self, line: str, here: Path) -> None:
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise MethodError(f"command:{line}: {error}.") from None
        for place in _PLACES[:2]:
            if not any(place in word for word in words):
                raise MethodError(f"command:{line}: expected {{lr}} and {{sr}} in it, but there is no {place}.")
        self.here = here
        self.words = [self._absolute(word.replace("{here}", str(here))) for word in words]
        program = shutil.which(self.words[0], path=None)
        if program is None:
            raise MethodError(f"command:{line}: there is no program '{words[0]}' here or on PATH.")
        self.words[0] = str(Path(program).absolute())
        self.inputs = tuple(Path(word) for word in dict.fromkeys(self.words) if Path(word).is_file())

    @property
    def name(self) -> str:
        """What tables call it: the script that an interpreter runs, or the program."""
        scripts = [path.stem for path in self.inputs[1:]]
        return scripts[0] if scripts else Path(self.words[0]).stem

    def _absolute(self, word: str) -> str:
        path = self.here / word
        is_path = (os.sep in word or path.suffix != "") and not word.startswith("-")
        with contextlib.suppress(OSError):
            return str(path) if is_path and path.exists() else word
        return word

    def run(self, lr: Image, scale: int, seconds: float = SECONDS) -> Image:
        """Return the picture that the program writes for `lr`.

        Args:
            lr: The picture, as it is handed over.
            scale: The upscaling factor.
            seconds: After so long the program is ended, with all that it started.

        Raises:
            MethodError: It takes too long, fails, or writes no picture.
        """
        with tempfile.TemporaryDirectory(prefix="srbench-") as folder:
            place = Path(folder)
            (place / "work").mkdir()
            images.write(place / "lr.png", lr)
            names = {"{lr}": str(place / "lr.png"), "{sr}": str(place / "sr.png"), "{scale}": str(scale)}
            code = _call([_filled(word, names) for word in self.words], place, seconds)
            if code is None:
                raise MethodError(f"{self.name} took more than {seconds:g} s and was ended.{_said(place)}")
            if code:
                ending = f"was ended by signal {-code}" if code < 0 else f"failed with status {code}"
                raise MethodError(f"{self.name} {ending}.{_said(place)}")
            if not (place / "sr.png").is_file():
                raise MethodError(f"{self.name} wrote no {{sr}}, although it ended well.{_said(place)}")
            try:
                return images.read(place / "sr.png")
            except ImageError as error:
                reason = str(error).replace(str(place / "sr.png"), "{sr}")
                raise MethodError(f"{self.name} wrote no picture: {reason}") from None


def _filled(word: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        word = word.replace(name, value)
    return word


def _call(words: list[str], place: Path, seconds: float) -> int | None:
    """Return the status of a program, or None where the time was not enough; its whole group is ended in any case."""
    with (place / "said").open("wb") as said:
        # Into a file: a pipe would be kept open by whatever the program leaves running.
        process = subprocess.Popen(
            words,
            cwd=place / "work",
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ, "TMPDIR": str(place / "work")},
            start_new_session=True,
        )
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _said(place: Path) -> str:
    """Return the last lines that the program printed, as a sentence; nothing where it printed nothing."""
    with (place / "said").open("rb") as file:
        file.seek(max(0, (place / "said").stat().st_size - 4096))
        text = file.read().decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = " / ".join(lines[-_LINES:])[-_LETTERS:]
    return f" It said: {last}" if last else ""


class ProgramUpscaler:
    """Enlarges pictures with a program.

    Args:
        program: The program.
        scale: The upscaling factor.
        gray: How a gray image is handed over: `colour` (three equal channels, and their mean afterwards) or `as-is`.
        seconds: How long it may take for one picture.

    Attributes:
        path: The way of computing, stored in every row of a run.
    """

    def __init__(self, program: Program, scale: int, gray: str = "colour", seconds: float = SECONDS) -> None:
        self.program, self.scale, self.gray, self.seconds = program, scale, gray, seconds
        self.path = f"program {program.name}"

    def __call__(self, lr: Image) -> NDArray[Any]:
        """Return the SR image of `lr`: 8 bits, or the mean of three channels of 8 bits for a gray image."""
        if lr.ndim == 3 or self.gray == "as-is":
            return self.program.run(lr, self.scale, self.seconds)
        sr: NDArray[Any] = self.program.run(np.repeat(lr[..., None], 3, axis=2), self.scale, self.seconds)
        return sr.astype(np.float64).mean(axis=2) if sr.ndim == 3 else sr
