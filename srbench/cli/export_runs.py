"""The formats of `srbench export` that take a run: what a method reaches, for other places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.cli.export_formats import ExportRequest, Format
from srbench.errors import ClaimError, unknown

if TYPE_CHECKING:
    from srbench.claims import Claim

_OPTIONS = ("method", "url", "paper")
_DATASET = "dataset."


def _hf(request: ExportRequest) -> list[str]:
    import yaml

    from srbench.claims import elsewhere

    claim = _claim(request)
    ids = {name.removeprefix(_DATASET): given for name, given in request.options.items() if name.startswith(_DATASET)}
    for name in ids:
        if name not in claim.content["datasets"]:
            raise ClaimError(unknown("data set", name, claim.content["datasets"]))
    folder = request.out or Path(f"hf-{claim.method.replace('/', '-')}")
    url = request.options.get("url", "")
    card = yaml.safe_dump(elsewhere.model_index(claim, ids, url), sort_keys=False, allow_unicode=True)
    said = [_write(request, folder / "README.md", f"---\n{card}---\n")]
    entries = elsewhere.eval_results(claim, ids, url)
    if entries:
        text = yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)
        said.append(_write(request, folder / ".eval_results" / "srbench.yaml", text))
    without = [name for name in claim.content["datasets"] if name not in ids]
    if without:
        said.append(
            f"No eval results of {', '.join(without)}: they go by the Hub's name of a data set, as in "
            f"--set {_DATASET}{without[0]}=OWNER/NAME."
        )
    return said


def _pwc(request: ExportRequest) -> list[str]:
    from srbench.claims import elsewhere

    claim = _claim(request)
    options = request.options
    made = elsewhere.papers_with_code(claim, options.get("paper", ""), options.get("url", ""))
    path = request.out or Path(f"pwc-{claim.method.replace('/', '-')}.json")
    return [_write(request, path, json.dumps(made, indent=1, ensure_ascii=False) + "\n")]


def _claim(request: ExportRequest) -> Claim:
    """Return the claim of the method that is meant: the one that is named, or the only one that makes pictures."""
    from srbench import claims
    from srbench.bench import results
    from srbench.tables.table import ORIGINAL

    for name in request.options:
        if name not in _OPTIONS and not name.startswith(_DATASET):
            raise ClaimError(unknown("option", name, [*_OPTIONS, f"{_DATASET}NAME"]))
    run = results.load(request.name)
    there = [name for name in map(str, run.scores["method"].unique()) if name != ORIGINAL]
    method = request.options.get("method", there[0] if len(there) == 1 else "")
    if not method:
        raise ClaimError(f"{run.folder} has {len(there)} methods: {', '.join(there)}. Name one: --set method=NAME.")
    return claims.claim_of(run, method)


def _write(request: ExportRequest, path: Path, text: str) -> str:
    from srbench.images import write_atomically

    if path.exists() and not request.overwrite:
        raise ClaimError(f"{path} is there already. Name another --out, or say --overwrite.")
    write_atomically(path, text.encode())
    return f"Wrote {path}."


RUN_FORMATS = {
    "hf": Format("a run's results as a Hugging Face model card's model-index and eval results", _hf),
    "pwc": Format("a run's results by data set, metric and protocol, as lists of papers ask for them", _pwc),
}
"""How the results of a run are written for other places."""
