"""Put the tables that the other benchmarks printed into the page on statistics.

    python benchmarks/significance.py > significance.txt
    python benchmarks/people.py --studies 400 --tastes 0.2 > people.txt
    python benchmarks/statistics_page.py significance.txt people.txt [--page docs/statistics.md]

A table of the page is replaced by the one of the same head, numbers in it (of studies) left aside. A table whose head
the page does not have is an error: the page says in words what its columns are.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "statistics.md"


def tables(text: str) -> dict[str, list[str]]:
    """Return the lines of every Markdown table of a text by its first line, the head, with N for every whole number.

    Raises:
        ValueError: Two tables have one head.
    """
    found: dict[str, list[str]] = {}
    for inside, lines in itertools.groupby(text.splitlines(), lambda line: line.startswith("|")):
        if inside:
            whole = list(lines)
            head = re.sub(r"\b\d+\b", "N", whole[0])
            if head in found:
                raise ValueError(f"Two tables begin with '{head}'.")
            found[head] = whole
    return found


def replaced(page: str, printed: dict[str, list[str]]) -> str:
    """Return the page with its tables replaced.

    Raises:
        ValueError: The page has no table of such a head.
    """
    old = tables(page)
    for head, lines in printed.items():
        if head not in old:
            raise ValueError(f"The page has no table that begins with '{head}'.")
        page = page.replace("\n".join(old[head]), "\n".join(lines))
    return page


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("outputs", type=Path, nargs="+", metavar="OUTPUT")
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    page = options.page.read_text(encoding="utf-8")
    for path in options.outputs:
        try:
            page = replaced(page, tables(path.read_text(encoding="utf-8")))
        except ValueError as error:
            sys.exit(f"{path}: {error}")
    options.page.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
