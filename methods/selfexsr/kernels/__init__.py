"""The compiled inner part: patch transforms, their cost, random search, propagation and voting.

Every kernel works on the rows or columns [first, last) of its level and writes nothing outside them, hence strips may
run in threads and give the same bits.
"""

from srbench.methods.selfexsr.kernels.cost import evaluate
from srbench.methods.selfexsr.kernels.geometry import apply, choose_level, transform
from srbench.methods.selfexsr.kernels.propagation import propagate
from srbench.methods.selfexsr.kernels.random_search import search
from srbench.methods.selfexsr.kernels.states import begin, inherit
from srbench.methods.selfexsr.kernels.voting import vote

__all__ = ["apply", "begin", "choose_level", "evaluate", "inherit", "propagate", "search", "transform", "vote"]
