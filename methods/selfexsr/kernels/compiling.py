"""How the kernels are compiled, and what makes numba compile them anew.

numba keeps compiled code in files named after the function, and compares the date of the function's own file only: a
change to a function or a constant of another file would go unnoticed. Here the name of each function carries a digest
of all files that kernels are made of, so that a change to any of them is a change to all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba as nb

from srbench.methods.selfexsr import state

_F = TypeVar("_F", bound=Callable[..., Any])


def digest_of(files: list[Path]) -> str:
    """Return twelve hexadecimal digits that change with the content of any of the files."""
    whole = hashlib.sha256()
    for file in sorted(files):
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:12]


DIGEST = digest_of([*Path(__file__).parent.glob("*.py"), Path(state.__file__)])


def compiled(function: _F) -> _F:
    """Compile a kernel that allocates nothing and returns no arrays, hence needs no reference counts.

    With them (numba's default, `_nrt`) dozens of atomic increments for every state that is tried took almost half of
    the time.
    """
    return _compile(function, _nrt=False)  # numba's own types leave `_nrt` out


def compiled_with_memory(function: _F) -> _F:
    """Compile a kernel that allocates arrays of its own."""
    return _compile(function)


def _compile(function: _F, **options: Any) -> _F:
    function.__qualname__ = f"{function.__qualname__}_{DIGEST}"
    kernel: _F = nb.njit(cache=True, nogil=True, **options)(function)
    return kernel
