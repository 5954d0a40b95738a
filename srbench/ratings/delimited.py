"""Text tables as people write them: commas, semicolons or tabs, decimal points or commas, with or without a header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.errors import StudyError
from srbench.ratings.declaration import SEPARATORS, Declaration

if TYPE_CHECKING:
    import pandas as pd

NO_ANSWER = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "."})
"""What stands where nobody answered, in small letters."""
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d+)?", re.IGNORECASE)
_WITH_COMMA, _WITH_POINT = re.compile(r"[-+]?\d*,\d+"), re.compile(r"[-+]?\d*\.\d+")


@dataclass(frozen=True)
class TextTable:
    """A table of words.

    Attributes:
        path: Where it was read.
        head: Titles of the columns; empty where the first line holds numbers only.
        rows: The cells of every line below, without blanks around them.
        numbers: The number of each row's line in the file.
        separator: What stands between cells; empty where the file is no text.
    """

    path: Path
    head: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int]
    separator: str

    def column(self, title: str) -> list[str]:
        """Return the cells below a title."""
        place = self.head.index(title)
        return [row[place] for row in self.rows]


def read(path: Path, declared: Declaration) -> TextTable:
    """Read a text table, or a Parquet file as one.

    Raises:
        StudyError: It cannot be read, is empty, or a line has more or fewer cells than the first one.
    """
    if path.suffix.lower() == ".parquet":
        return _parquet(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"Cannot read ratings from {path}: {error}. Expected text in UTF-8.") from None
    separator = SEPARATORS[declared.separator] if declared.separator else _separator(text)
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    rows, numbers = [], []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append(cells)
                numbers.append(reader.line_num)
    except csv.Error as error:
        raise StudyError(f"Cannot read ratings from {path}, line {reader.line_num}: {error}.") from None
    if not rows:
        raise StudyError(f"Cannot read ratings from {path}: it is empty.")
    width = len(rows[0])
    for row, number in zip(rows, numbers, strict=True):
        if len(row) != width:
            raise StudyError(
                f"{path}, line {number}: expected {width} cells as in the first line, got {len(row)}. The separator is "
                f"{named(separator)}; --separator names another."
            )
    # An empty first cell stands above the names of rows.
    if rows[0][0] and all(_NUMBER.fullmatch(cell) or cell.lower() in NO_ANSWER for cell in rows[0]):
        return TextTable(path, (), rows, numbers, separator)
    titles = tuple(rows[0])
    twice = next((title for title in titles if title and titles.count(title) > 1), "")
    if twice:
        raise StudyError(f"{path}: two columns are called '{twice}'. Give them different names.")
    return TextTable(path, titles, rows[1:], numbers[1:], separator)


def named(separator: str) -> str:
    """Return the name of a separator."""
    return next(name for name, sign in SEPARATORS.items() if sign == separator)


def _separator(text: str) -> str:
    """Return the separator of the first line: a tab, semicolon or bar before a comma, which may be a decimal one."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return next((sign for sign in ("\t", ";", "|") if sign in first), ",")


def _parquet(path: Path) -> TextTable:
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise StudyError(f"Cannot read ratings from {path}: {error}.") from None
    words = frame.astype(object).where(frame.notna(), "").astype(str)
    rows = words.to_numpy().tolist()
    return TextTable(path, tuple(map(str, frame.columns)), rows, range(1, len(rows) + 1), "")


def decimal_sign(path: Path, cells: Sequence[str], declared: Declaration) -> str:
    """Return the decimal sign of scores: the declared one, or that which occurs.

    Raises:
        StudyError: Both signs occur, and nobody said which one is meant.
    """
    if declared.decimal:
        return "," if declared.decimal == "comma" else "."
    commas = next((cell for cell in cells if _WITH_COMMA.fullmatch(cell)), "")
    points = next((cell for cell in cells if _WITH_POINT.fullmatch(cell)), "")
    if commas and points:
        raise StudyError(
            f"{path}: scores have decimal commas ('{commas}') and decimal points ('{points}'). Make them alike, or say "
            "--decimal comma or --decimal point."
        )
    return "," if commas else "."


def as_numbers(cells: Sequence[str], decimal: str = ".") -> pd.Series[float]:
    """Return cells as numbers; NaN where there is no answer, and where there is no number."""
    import pandas as pd

    words = pd.Series(list(cells), dtype=object)
    if decimal == ",":
        # A point is no decimal sign then: '1.000' must not pass for one.
        words = words.where(~words.str.contains(".", regex=False), "?").str.replace(",", ".", regex=False)
    return pd.to_numeric(words, errors="coerce").astype(float)
