"""Reads typed settings from environment variables and reports all errors together."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from shared.errors import ConfigError

T = TypeVar("T")
_LARGEST_INTEGER = 10**6


class Environment:
    """Reads variables one at a time and records each that is missing or malformed.

    ``check()`` raises :class:`ConfigError` with all problems, so that a broken deployment can be
    corrected in one go.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._problems: list[str] = []

    def text(self, name: str, *, optional: bool = False) -> str:
        """The variable's value without surrounding whitespace; empty only if ``optional``."""
        value = self._variables.get(name, "").strip()
        if not value and not optional:
            self._problems.append(f"{name} is not set")
        return value

    def entries(self, name: str, *, optional: bool = False) -> tuple[str, ...]:
        """The entries of a comma-separated list, stripped of whitespace; empty ones are dropped."""
        return tuple(w.strip() for w in self.text(name, optional=optional).split(",") if w.strip())

    def integer(self, name: str, *, least: int = 1) -> int:
        """An integer from ``least`` to a million."""
        return self._parsed(name, lambda text: _within(int(text), least), least) or least

    def boolean(self, name: str) -> bool:
        """``true`` or ``false``."""
        return bool(self._parsed(name, {"true": True, "false": False}.__getitem__, False))

    def require(self, condition: bool, problem: str) -> None:
        """Record the problem unless the condition, which concerns several variables, is met."""
        if not condition:
            self._problems.append(problem)

    def check(self) -> None:
        """Raise :class:`ConfigError` if any variable read so far is missing or malformed."""
        if self._problems:
            raise ConfigError("; ".join(self._problems))

    def _parsed(self, name: str, parse: Callable[[str], T], fallback: T) -> T:
        text = self.text(name)
        if not text:
            return fallback
        try:
            return parse(text)
        except (ValueError, KeyError):
            self._problems.append(f"{name} is malformed: {text!r}")
            return fallback


def _within(number: int, least: int) -> int:
    if not least <= number <= _LARGEST_INTEGER:
        raise ValueError(number)
    return number
