"""All data of a study in one file: tidy tables, each with its data dictionary, named as in the BIDS standard."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

from srbench.mos.store.definitions import StudyRecord
from srbench.mos.store.dictionary import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from srbench.mos.store.analyst import AnalystStore

_EPOCH = (1980, 1, 1, 0, 0, 0)  # equal data makes equal files; 1980 is the first year of a zip file's calendar


def tables(store: AnalystStore, study: str, names: bool = False) -> dict[str, pd.DataFrame]:
    """Return every table of a study by the names of `dictionary.TABLES`; only one of ratings and comparisons.

    Raises:
        StudyError: The study is unknown.
    """
    compares = store.study(study).settings.compares
    return {
        "comparisons" if compares else "ratings": store.results(study, names),
        "answers": store.answers(study, names),
        "raters": store.raters(study, names),
        "screening": store.screening(study, names),
        "checks": store.checks(study, names),
        "visits": store.visits(study, names),
        "consents": store.consents(study, names),
        "replies": store.replies(study, names),
        "stimuli": store.stimuli(study),
        "events": store.events(study),
    }


def archive(store: AnalystStore, study: str, names: bool = False) -> bytes:
    """Return a zip file of all tables as TSV, each with a JSON file that explains its columns.

    Missing values are written `n/a`, as BIDS wants it. study.toml, the pre-registration, is there too.

    Raises:
        StudyError: The study is unknown.
    """
    record, buffer = store.study(study), io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        _add(file, "dataset_description.json", _json(_description(record)))
        if record.definition:
            _add(file, "study.toml", record.definition)
        for name, table in tables(store, study, names).items():
            _add(file, f"{name}.tsv", table.to_csv(sep="\t", index=False, na_rep="n/a"))
            _add(file, f"{name}.json", _json({key: {"Description": text} for key, text in TABLES[name].items()}))
    return buffer.getvalue()


def _description(record: StudyRecord) -> dict[str, object]:
    from srbench import __version__

    return {
        "Name": record.name,
        "BIDSVersion": "1.10.0",
        "DatasetType": "raw",
        "GeneratedBy": [{"Name": "srbench", "Version": __version__}],
        "Origin": record.origin,
        "Design": record.settings.design,
        "StudyTomlSHA256": record.digest if record.definition else "",
    }


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _add(file: zipfile.ZipFile, name: str, text: str) -> None:
    file.writestr(zipfile.ZipInfo(name, _EPOCH), text, zipfile.ZIP_DEFLATED)
