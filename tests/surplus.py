"""Parameters that prove what others prove already are left to the slower checks."""

from collections.abc import Iterable

import pytest


def slow_but(kept: set[int], values: Iterable[object]) -> list[object]:
    """The values for ``parametrize``, marked slow but for those at the positions in ``kept``.

    A tuple is several parameters. Raises IndexError for a position that is none.
    """
    known = [*values]
    marked: list[object] = [
        pytest.param(*(each if isinstance(each, tuple) else (each,)), marks=pytest.mark.slow)
        for each in known
    ]
    for position in kept:
        marked[position] = known[position]
    return marked
