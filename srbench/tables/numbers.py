"""How numbers are printed, in every table, sentence and figure."""

from __future__ import annotations

import math

DASH, INFINITY, MINUS = "\u2013", "\u221e", "\u2212"


def number(value: float, digits: int = 2, sign: bool = False) -> str:
    """Return a number as it is printed; a dash where there is none.

    >>> number(0.126, sign=True), number(-0.001, sign=True), number(math.inf) == INFINITY
    ('+0.13', '0.00', True)
    """
    if math.isnan(value):
        return DASH
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    if float(text) == 0:
        return text.lstrip("+-")
    return text.replace("-", MINUS).replace("inf", INFINITY)


def span(low: float, high: float, digits: int = 2, sign: bool = False) -> str:
    """Return an interval in brackets, or a dash where there is none.

    An end that is not 0 is not printed as 0, because whether an interval holds 0 decides: it gets more digits.

    >>> span(0.0021, 0.126), span(0.0, 0.5)
    ('[0.002, 0.13]', '[0.00, 0.50]')
    """
    if math.isnan(low) or math.isnan(high):
        return DASH
    return f"[{_end(low, digits, sign)}, {_end(high, digits, sign)}]"


def _end(value: float, digits: int, sign: bool) -> str:
    while abs(value) > 1e-6 and float(f"{value:.{digits}f}") == 0:
        digits += 1
    return number(value, digits, sign)


def p_text(p: float) -> str:
    """Return p with three significant digits, or how small it is.

    >>> p_text(0.0625), p_text(0.00001234)
    ('0.0625', '< 0.0001')
    """
    if math.isnan(p):
        return DASH
    return "< 0.0001" if p < 0.0001 else f"{p:.3g}"


def count(number: int, thing: str) -> str:
    """Return a number of things.

    >>> count(1, "image"), count(29_328, "rating")
    ('1 image', '29,328 ratings')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
