"""The tables of what changed between two runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from srbench.stats import Change
from srbench.tables.names import Names
from srbench.tables.numbers import count, number, p_text, span
from srbench.tables.table import Table, TableCell, cells

_HEAD = ["Method", "Set", "Before", "After", "Difference", "95 % interval", "p (Holm)", "Images", "Verdict"]
_LOUD = ("worse", "failed", "gone", "better")


def change_tables(changes: Sequence[Change], names: Names, everything: bool = False) -> Iterator[Table]:
    """Yield one table per protocol and metric, PSNR and SSIM first.

    Args:
        changes: From `stats.changes`.
        names: Titles and orders.
        everything: Whether cells that are equal on every image stand in it too; else they are only counted.
    """

    def kind(change: Change) -> tuple[int, str, str]:
        return names.metrics.index(change.metric), change.protocol, change.protocol_version

    def place(change: Change) -> tuple[int, tuple[int, str]]:
        return names.methods.index(change.method), names.place(change.dataset)

    for (_, protocol, version), part in groupby(sorted(changes, key=kind), kind):
        found = sorted(part, key=place)
        shown = [change for change in found if everything or not change.unchanged]
        if shown:
            metric = found[0].metric
            caption = f"Changes in {names.metric(metric)}, protocol {protocol} (version {version})"
            rows = [_row(change, names) for change in shown]
            yield Table(f"changes-{metric}-{protocol}", caption, _HEAD, rows, notes=_notes(shown, found), labels=2)


def verdict(change: Change, names: Names) -> str:
    """Return in a word or two what became of a cell."""
    if not change.images_before or not change.images_after:
        return "gone" if change.images_before else "new"
    if change.newly_failed:
        return f"failed on {count(change.newly_failed, 'image')}"
    if not change.images:
        return "no common image"
    if change.equal == change.images:
        return "equal"
    if not change.significant:
        return "not significant"
    return "better" if (change.difference > 0) == names.higher_is_better(change.metric) else "worse"


def summary(changes: Sequence[Change], names: Names) -> str:
    """Return one sentence on all cells."""
    times = Counter(_kind(verdict(change, names)) for change in changes)
    order = (*_LOUD, "not significant", "new", "no common image", "equal")
    parts = ", ".join(f"{times[name]} {name}" for name in order if times[name])
    return f"{count(len(changes), 'cell')}: {parts}."


def _kind(text: str) -> str:
    return "failed" if text.startswith("failed") else text


def _row(change: Change, names: Names) -> list[TableCell]:
    digits, said = names.digits(change.metric), verdict(change, names)
    most = max(change.images_before, change.images_after)
    return [
        *cells(
            names.method(change.method),
            names.dataset(change.dataset),
            number(change.before, digits),
            number(change.after, digits),
            number(change.difference, digits + 1, sign=True),
            span(change.low, change.high, digits + 1, sign=True),
            p_text(change.p_adjusted),
            str(most) if change.images == most else f"{change.images} of {most}",
        ),
        TableCell(said, bold=_kind(said) in _LOUD),
    ]


def _notes(shown: Sequence[Change], found: Sequence[Change]) -> list[str]:
    explained = (
        "Difference: after minus before, paired by image, over the images that both runs have. p (Holm): two-sided "
        "Wilcoxon signed-rank test, adjusted over the cells of this metric that changed. Better and worse: an interval "
        "that holds for all of these at once excludes 0."
    )
    notes = [explained]
    if len(shown) < len(found):
        notes.append(f"Not shown: {count(len(found) - len(shown), 'cell')} equal on every image.")
    said = Counter(change.note for change in shown if change.note)
    return [*notes, *(f"{count(times, 'cell')}: {note}" for note, times in said.items())]
