"""The data dictionary of a study's tables: what every column means, in the order in which it is exported."""

from __future__ import annotations

_RATER = "Anonymous code of the rater, or the organiser's label where labels were asked for"
_AT = "When, in seconds since 1970-01-01 UTC"
_PICTURE = {
    "dataset": "Data set of the picture",
    "image": "Picture",
    "method": "Method that made this version of the picture; hr is the original",
    "repeat": "0, or 1 for the second showing of a retest or a repeat",
}

TABLES: dict[str, dict[str, str]] = {
    "ratings": {
        "study": "Name of the study",
        "rater": _RATER,
        "trial": "Position in this rater's order, from 1",
        **_PICTURE,
        "score": "The rater's last answer: 1 (bad) to 5 (excellent)",
        "seconds": "From showing the picture to that answer, hidden tabs not counted",
    },
    "comparisons": {
        "study": "Name of the study",
        "rater": _RATER,
        "trial": "Position in this rater's order, from 1",
        "dataset": _PICTURE["dataset"],
        "image": _PICTURE["image"],
        "left": "Method of the left version; of versions that took turns, the first one",
        "right": "Method of the right version; of versions that took turns, the second one",
        "score": "The rater's last answer: 1 the left version looks better, 2 the right one, 1.5 no preference",
        "seconds": "From showing the pictures to that answer, hidden tabs not counted",
    },
    "answers": {
        "rater": _RATER,
        "phase": "practice or rating",
        "attempt": "Attempt at the practice, from 1; 0 for ratings",
        "session": "Session that the trial was planned for, from 1",
        "trial": "Position in this rater's order, from 1, within the attempt",
        "purpose": "Empty for what counts; gold (known score), trap (asked for) or repeat (shown again)",
        **_PICTURE,
        "other_method": "Method of the picture beside it (original in dcr, right version in pc); empty without one",
        "expected": "The score that the practice teaches, or that a gold or trap trial expects; empty for ratings",
        "score": "This answer; of pairs 1 left or first, 2 right or second, 3 no preference",
        "seconds": "From showing the picture to this answer, hidden tabs not counted",
        "revision": "0 for the first answer, n for the n-th one after an undo",
        "at": _AT + ", by the server's clock",
        "counts": "Whether this answer is the one in ratings or comparisons",
    },
    "raters": {
        "rater": _RATER,
        "number": "Number of the rater, from 1; with the study's seed it decides the order",
        "state": "invited, calibration, rating, finished, failed (the practice), closed (by the organiser), "
        "declined (the consent), screened-out (before the first picture), checks-failed (gold and traps) or withdrawn "
        "(every answer is deleted)",
        "rated": "Ratings given",
        "trials": "Ratings planned",
        "invited": _AT + ", the rater was invited",
        "last_rated": _AT + ", the last rating was given; empty before the first",
        "revisions": "Answers given anew after an undo",
    },
    "visits": {
        "rater": _RATER,
        "at": _AT + ", the page was opened",
        "device": "desktop, tablet or phone, by pointer and size",
        "pixel_ratio": "Device pixels per CSS pixel, zoom included",
        "screen_width": "Width of the screen in CSS pixels",
        "screen_height": "Height of the screen in CSS pixels",
        "window_width": "Width of the page in CSS pixels",
        "window_height": "Height of the page in CSS pixels",
        "room_width": "Pixels of pictures that fit beside each other",
        "room_height": "Pixels of pictures that fit above the scale",
        "browser": "What the browser calls itself",
        "language": "Language the page was shown in",
        "utc_offset": "Minutes that the rater's clock is ahead of UTC",
    },
    "screening": {
        "rater": _RATER,
        "test": "acuity (Landolt rings), colour (plates) or contrast (steps from black and from white)",
        "attempt": "From 1",
        "correct": "Right answers",
        "asked": "Questions of the test",
        "passed": "Whether that was enough, by [screening] of study.toml",
        "detail": "Right answers, given answers and what was measured (a card's width in pixels, distance), as JSON",
        "at": _AT + ", it was answered",
    },
    "checks": {
        "rater": _RATER,
        "trial": "Position in this rater's order, from 1",
        "purpose": "gold (a picture of the practice), trap (the page asked for an answer) or repeat (shown again)",
        **{key: text for key, text in _PICTURE.items() if key != "repeat"},
        "other_method": "Method of the second picture; empty without one",
        "expected": "The known or demanded answer; of a repeat the answer to the first showing",
        "score": "The rater's last answer",
        "right": "Whether it is near the known answer (by the tolerance of study.toml), or the demanded one; empty for "
        "repeats",
    },
    "consents": {
        "rater": _RATER,
        "language": "Language of the text that was agreed to",
        "sha256": "SHA-256 of that text, as UTF-8, in [consent] of study.toml",
        "at": _AT + ", the rater agreed",
    },
    "replies": {
        "rater": _RATER,
        "question": "Name of the question in study.toml",
        "value": "The answer",
        "at": _AT + ", it was given",
    },
    "stimuli": {
        "role": "rating, calibration, or reference (the original beside a dcr stimulus)",
        **_PICTURE,
        "sha256": "SHA-256 of the frozen file",
        "width": "Pixels",
        "height": "Pixels",
    },
    "events": {
        "at": _AT,
        "rater": "Number of the rater; empty for the organiser and for unknown visitors",
        "kind": "What happened: joined, undo, left-break, calibration, refused-..., peeked, exported, ...",
        "detail": "More about it, as text",
    },
}
"""Every table that is exported, and its columns."""


def columns(table: str) -> list[str]:
    """Return the names of a table's columns in order."""
    return list(TABLES[table])
