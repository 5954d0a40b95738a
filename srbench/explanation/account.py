"""An explanation in words: which rules give the figure, which come near, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from srbench.explanation.conversions import AS_COLOUR, OWN
from srbench.explanation.rules import ScoredRule

if TYPE_CHECKING:
    from srbench.explanation.search import Explanation, RuleGroup

_SHOWN = 8
_GRAY = {AS_COLOUR: "gray as colour", OWN: "gray by its own values"}


def lines(explanation: Explanation) -> Iterator[str]:
    """Yield the account of an explanation, line by line."""
    figures = " and ".join(f"{figure.metric.upper()} {figure.text}" for figure in explanation.figures)
    pictures = "1 picture" if explanation.images == 1 else f"{explanation.images} pictures"
    yield f"{figures} on {pictures} at x{explanation.scale}; {explanation.tried} rules were tried."
    yield ""
    yield from _found(explanation)
    yield ""
    yield from _untold(explanation)
    yield explanation.likely_input.sentence
    yield from explanation.notes


def _found(explanation: Explanation) -> Iterator[str]:
    fitting = explanation.fitting
    if not fitting:
        yield "No rule gives it. The nearest:"
        for group in explanation.nearest():
            yield from _described(group, explanation)
        return
    rules = [rule for group in fitting for rule in _distinct(group, bool(explanation.gray))]
    yield "One rule gives it:" if len(rules) == 1 else f"{len(rules)} rules give it, the most usual first:"
    for group in fitting[:_SHOWN]:
        yield from _described(group, explanation)
    if len(fitting) > _SHOWN:
        yield f"  and {len(fitting) - _SHOWN} further values, all of them unusual"
    others = [group for group in explanation.groups if group.protocols and not group.fits]
    if others:
        yield ""
        yield "Protocols that do not:"
        for group in others:
            yield from _described(group, explanation)


def _described(group: RuleGroup, explanation: Explanation) -> Iterator[str]:
    rules = _distinct(group, bool(explanation.gray))
    values = " / ".join(figure.show(group.usual.value(figure.metric)) for figure in explanation.figures)
    for number, scored in enumerate(rules[:_SHOWN]):
        yield f"  {values if not number else '':<{len(values)}}  {_words(scored, group, bool(explanation.gray))}"
    if len(rules) > _SHOWN:
        yield f"  {'':<{len(values)}}  and {len(rules) - _SHOWN} more with the same value"


def _distinct(group: RuleGroup, with_gray: bool) -> list[ScoredRule]:
    """Return the rules of a group; where no original is gray, those that differ in nothing else only once."""
    seen: dict[object, ScoredRule] = {}
    for scored in group.rules:
        rule = scored.rule
        seen.setdefault((rule.compared, rule.border, rule.mean, rule.window, rule.gray if with_gray else ""), scored)
    return list(seen.values())


def _words(scored: ScoredRule, group: RuleGroup, with_gray: bool) -> str:
    rule = scored.rule
    names = (
        [rule.protocol]
        if with_gray
        else [
            other.rule.protocol for other in group.rules if other.rule.compared == rule.compared and other.rule.protocol
        ]
    )
    parts = [
        rule.compared,
        _GRAY.get(rule.gray, f"gray: {rule.gray}") if with_gray and rule.gray else "",
        f"border {rule.border}",
        f"mean {rule.mean}" if rule.mean else "",
        f"SSIM {rule.window}" if rule.window else "",
    ]
    said = ", ".join(filter(None, parts))
    protocols = " = ".join(filter(None, names)) if not rule.departures else ""
    return f"{protocols}: {said}" if protocols else said


def _untold(explanation: Explanation) -> Iterator[str]:
    fitting = explanation.fitting
    if not explanation.gray:
        yield "None of the originals is gray: what becomes of gray ones cannot be told from them."
    several = [group for group in fitting if len(_distinct(group, bool(explanation.gray))) > 1]
    if several:
        yield "Rules with one and the same value cannot be told apart by these pictures."
    if len(fitting) > 1:
        more = "Both measures of a table" if len(explanation.figures) == 1 else "Further digits"
        yield (
            f"The {len(fitting)} values that round to the figure cannot be told apart by it. {more} would tell more "
            "(--published PSNR/SSIM)."
        )
    given, possible = explanation.by_chance
    if fitting and given * 5 > possible:
        yield (
            f"Of the {possible} nearest other figures, some rule gives {given}: that an unusual rule fits says little; "
            "that a protocol does says more."
        )
