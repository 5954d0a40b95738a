"""Degradations: bicubic reduction, blur, noise, JPEG, and Real-ESRGAN's second-order chain, from a stated seed."""

from srbench.degradations.specs import Degradation, Range, is_plain, parse

__all__ = ["Degradation", "Range", "is_plain", "parse"]
