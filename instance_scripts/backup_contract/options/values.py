"""The types of option values: their patterns, and the messages for invalid values."""

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
WILDCARDS = frozenset("*?[")
"""Characters that make a name a pattern."""
_SIZE = r"[0-9]{1,18}[KMGkmg]?[Ii]?[Bb]?"
_SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """A type of value, to be used as ``type`` of an argparse argument.

    ``pattern`` is its regular expression, which the template has, too. ``expected`` describes it in
    error messages. ``convert`` returns the value of a text that matches.
    """

    pattern: str
    expected: str
    convert: Callable[[str], T]

    def __call__(self, text: str) -> T:
        """The value of the text. Raises ArgumentTypeError."""
        if not re.fullmatch(self.pattern, text):
            raise argparse.ArgumentTypeError(f"{text!r} is not {self.expected}")
        return self.convert(text)


def number(low: int, high: int) -> Value[int]:
    """An integer from ``low`` to ``high``."""
    return Value(f"0*({between(low, high)})", f"a number from {low} to {high}", int)


def some_of(words: Sequence[str], what: str) -> Value[tuple[str, ...]]:
    """A comma-separated list of some of these words. ``what`` names them in error messages."""
    one = "|".join(map(re.escape, words))
    return Value(
        f"({one})(,({one}))*",
        f"a list of {what}, separated by commas without spaces: {', '.join(words)}",
        lambda text: tuple(dict.fromkeys(text.split(","))),
    )


def glob(text: str) -> str:
    """A pattern of names. Raises ArgumentTypeError if nothing could match it."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty; give a name, or a pattern such as 'name*'")
    return text


def between(low: int, high: int) -> str:
    """A regular expression for the integers from ``low`` to ``high``, without leading zeros."""
    parts = []
    for digits in range(len(str(low)), len(str(high)) + 1):
        first, last = 10 ** (digits - 1) if digits > 1 else 0, 10**digits - 1
        parts.append(_of_one_length(str(max(low, first)), str(min(high, last))))
    return "|".join(parts)


def _of_one_length(low: str, high: str) -> str:
    """``37`` to ``64`` as ``(3[7-9]|[4-5][0-9]|6[0-4])``."""
    if low == high:
        return low
    if low[0] == high[0]:
        return low[0] + _of_one_length(low[1:], high[1:])
    rest, first, last = len(low) - 1, int(low[0]), int(high[0])
    before, after = [], []
    if low[1:] != "0" * rest:
        before, first = [low[0] + _of_one_length(low[1:], "9" * rest)], first + 1
    if high[1:] != "9" * rest:
        after, last = [high[0] + _of_one_length("0" * rest, high[1:])], last - 1
    whole = [f"[{first}-{last}]" + "[0-9]" * rest] if first <= last else []
    parts = [*before, *whole, *after]
    return parts[0] if len(parts) == 1 else f"({'|'.join(parts)})"


def _kib(text: str) -> int:
    figures = text.upper().rstrip("IBKMG")
    return int(figures) * _SIZES.get(text[len(figures) :][:1].upper(), 1) // 1024


size = Value(_SIZE, "a size like 500M or 2G", _kib)
"""A size such as ``500M``; its value is in KiB."""
