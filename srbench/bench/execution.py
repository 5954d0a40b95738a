"""A plan is carried out in its folder: what is there is kept, what is made is written down, alone or beside shards."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from srbench.bench import journal as journals
from srbench.bench import locks, provenance, results, seals, validity
from srbench.bench.engine import CallingProcess, Engine
from srbench.bench.interrupt import Interrupt, Interrupted
from srbench.bench.journal import Journal, Outcomes
from srbench.bench.luggage import can_travel, pack
from srbench.bench.plan import ImageTask, RunPlan, open_tasks
from srbench.bench.results import RunResults
from srbench.bench.rows import ImageOutcome
from srbench.bench.validity import StaleRows
from srbench.errors import RunError

if TYPE_CHECKING:
    import pandas as pd

    from srbench.metrics import Metric, Protocol

LUGGAGE = ".luggage{}.pkl"


def carry_out(
    plan: RunPlan,
    engine: Engine,
    interrupt: Interrupt,
    command: Sequence[str],
    on_start: Callable[[int, int], None] | None,
    on_outcome: Callable[[ImageOutcome], None] | None,
) -> RunResults:
    """Do what of `plan` is not done, and return the scores that it asked for; see `evaluation.run`.

    Raises:
        SrbenchError: See `evaluation.run`.
        Interrupted: Ctrl-C.
    """
    started = datetime.now(UTC)
    total = left = sum(1 for _ in plan.share())
    with contextlib.ExitStack() as held:
        journal, info = _begin(plan, held)
        try:
            tasks, confirmed = open_tasks(plan, journal.outcomes)
            journal.append(*confirmed)
            left = len(tasks)
            if tasks and plan.shard is None:
                # Killed at any moment, the folder still says what it holds, and no table has more than that.
                _save(plan, journal.outcomes, info)
            if on_start:
                on_start(left, total - left)
            for outcome in _work(plan, tasks, engine, interrupt):
                journal.append(outcome)
                left -= 1
                if on_outcome:
                    on_outcome(outcome)
        except KeyboardInterrupt:  # the second: all in progress is ended already
            raise Interrupted(plan.folder, total - left, total) from None
        finally:
            journal.close()
            info, scores, stale = _conclude(plan, journal, info, command, started)
    if left:
        raise Interrupted(plan.folder, total - left, total)
    return RunResults(plan.folder, _selected(plan, scores), info, stale, plan.left_out, plan.broken)


def _begin(plan: RunPlan, held: contextlib.ExitStack) -> tuple[Journal, dict[str, Any]]:
    """Take the locks, and return the journal and what run.json shall say.

    Lines of older versions that hold are written anew, as run.json soon is.
    """
    held.enter_context(locks.folder(plan.folder, shared=plan.shard is not None))
    with locks.tables(plan.folder):
        beside = plan.shard is not None and held.enter_context(locks.shard(plan.folder, plan.shard))
        before = results.load_info(plan.folder) or {}
        if before and before.get("scale") != plan.setup.scale:
            raise RunError(
                f"{plan.folder} holds a run at x{before.get('scale')}, not x{plan.setup.scale}. Name another --out."
            )
        info = provenance.describe(plan, before)
        other = provenance.clash(before, info) if beside else ""
        if other:
            raise RunError(
                f"The shards at work in {plan.folder} have {other} otherwise than shard {plan.shard}. Give all of them "
                "the same srbench, options, --device and --precision, or wait until those have ended."
            )
        journal = Journal(plan.folder, plan.shard)
        held.callback(journal.close)
        journal.append(*validity.adopt(journal.outcomes, before))
        if plan.shard is not None and not provenance.says_the_same(before, info):
            _save(plan, journal.outcomes, info)
    _remove_torn(plan)
    return journal, info


def _remove_torn(plan: RunPlan) -> None:
    """Remove what a kill left of pictures in the making; a shard has no business with those of the others."""
    shared = plan.shard is not None
    places = ((spec.name, pair.dataset, pair.name) for spec, pair in plan.share()) if shared else ()
    own = {results.image_path(plan.folder, *place) for place in places}
    for torn in plan.folder.glob("images/**/.*.tmp"):
        whole = torn.with_name(torn.name.removeprefix(".").rsplit(".", 2)[0])
        if not shared or whole in own:
            torn.unlink(missing_ok=True)


def _conclude(
    plan: RunPlan, journal: Journal, info: dict[str, Any], command: Sequence[str], started: datetime
) -> tuple[dict[str, Any], pd.DataFrame, tuple[StaleRows, ...]]:
    """Write what is there now; beside a shard, others have written since it began."""
    folder, shard = plan.folder, plan.shard
    with locks.tables(folder):
        sizes = journals.sizes(folder)
        held = journal.contents
        if shard is not None:
            info = provenance.describe(plan, results.load_info(folder) or {})
            held = journals.contents(folder) or held
        # The last shard puts the journals together: no other can begin before the tables' lock is given up.
        outcomes, due = held.outcomes, held.is_due and (shard is None or not locks.beside(folder, shard))
        if due:
            info = {**info, "schema_version": results.SCHEMA_VERSION}
        info, scores, stale = _save(plan, outcomes, info, command, started)
        if due:
            journals.compact(folder, outcomes)
            sizes = journals.sizes(folder)
        if sizes and outcomes:
            seals.seal(folder, sizes, stale)
        return info, scores, stale


def _save(
    plan: RunPlan,
    outcomes: Outcomes,
    info: dict[str, Any],
    command: Sequence[str] = (),
    started: datetime | None = None,
) -> tuple[dict[str, Any], pd.DataFrame, tuple[StaleRows, ...]]:
    """Write the tables and run.json, with the command once that is done, and return what they hold."""
    holding, stale = validity.sift(outcomes.values(), info)
    info = provenance.conclude(info, holding, command, started)
    scores = results.table(holding, plan.setup.scale)
    if outcomes:
        results.save(plan.folder, scores, info)
    else:
        results.save_info(plan.folder, info)
    return info, scores, stale


def _work(
    plan: RunPlan, tasks: list[ImageTask], engine: Engine, interrupt: Interrupt
) -> Generator[ImageOutcome, None, None]:
    """Yield the outcomes of `tasks`, which are taken out: first of those that cannot leave this process."""
    own = plan.luggage()
    staying = {name for name, method in own.methods.items() if not can_travel(method)}
    rules: list[Metric | Protocol] = [*own.metrics.values(), *own.protocols.values()]
    if not all(can_travel(rule) for rule in rules):
        staying = {task.spec for task in tasks}
    here = [task for task in tasks if task.spec in staying]
    there = [task for task in tasks if task.spec not in staying]
    tasks.clear()
    file = plan.folder.absolute() / LUGGAGE.format(f"-{plan.shard.tag}" if plan.shard else "")
    if there and own:
        methods = {name: method for name, method in own.methods.items() if name not in staying}
        pack(replace(own, methods=methods), file)
        there = [replace(task, luggage=file) for task in there]
    try:
        for worker, part in ((CallingProcess(own), here), (engine, there)):
            with contextlib.closing(worker.outcomes(part, interrupt)) as outcomes:
                yield from outcomes
    finally:
        file.unlink(missing_ok=True)


def _selected(plan: RunPlan, scores: pd.DataFrame) -> pd.DataFrame:
    chosen = {(spec.name, pair.dataset, pair.name) for spec, pair in plan.share()}
    places = zip(scores["method"], scores["dataset"], scores["image"], strict=True)
    rules = scores["protocol"].isin(plan.protocols) & scores["metric"].isin(plan.metric_names)
    return scores[rules & np.array([place in chosen for place in places], dtype=bool)].reset_index(drop=True)
