"""A seal says which tables were made of which journals and run.json: while it holds, readers need the tables only."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.bench import journal
from srbench.bench.journal import writing
from srbench.bench.validity import StaleRows
from srbench.images import file_sha256, write_atomically

if TYPE_CHECKING:
    import pandas as pd

_NAME, _TABLE, _INFO = ".seal.json", "scores.parquet", "run.json"


@dataclass(frozen=True, slots=True)
class SealedTables:
    """What a run's tables say, where they are known to say what its journals do.

    Attributes:
        scores: Rows in long form, of the columns that were asked for.
        stale: Rows of the journals that did not hold.
    """

    scores: pd.DataFrame
    stale: tuple[StaleRows, ...]


def seal(run: Path, journals: Mapping[str, int], stale: Sequence[StaleRows]) -> None:
    """Say that the tables and run.json of a run were made of its journals; the tables' lock must be held.

    Args:
        run: The run folder.
        journals: `journal.sizes` from before they were read.
        stale: What was left out of the tables.

    Raises:
        RunError: The disk is full or gone.
    """
    content = {
        "journals": dict(journals),
        "files": {name: file_sha256(run / name) for name in (_TABLE, _INFO)},
        "stale": [asdict(rows) for rows in stale],
    }
    with writing(run / _NAME):
        write_atomically(run / _NAME, (json.dumps(content) + "\n").encode())


def open_tables(run: Path, info_sha256: str, columns: Sequence[str]) -> SealedTables | None:
    """Return the tables of a run where its seal holds, else None: something was written since, or changed by hand.

    Args:
        run: The run folder.
        info_sha256: Checksum of the run.json that was read.
        columns: The columns that are read.
    """
    import pandas as pd

    said = _said(run)
    if said is None or said["files"][_INFO] != info_sha256 or said["journals"] != journal.sizes(run):
        return None
    try:
        table = (run / _TABLE).read_bytes()
    except OSError:  # the journals have it all
        return None
    if said["files"][_TABLE] != hashlib.sha256(table).hexdigest():
        return None
    stale = tuple(StaleRows(rows["reason"], rows["count"], tuple(rows["methods"])) for rows in said["stale"])
    return SealedTables(pd.read_parquet(io.BytesIO(table), columns=list(columns)), stale)


def _said(run: Path) -> dict[str, Any] | None:
    try:
        said: dict[str, Any] = json.loads((run / _NAME).read_bytes())
        return said if said["files"].keys() >= {_TABLE, _INFO} and said["journals"] and "stale" in said else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
