"""Typed reading of environment variables that reports all mistakes together."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from shared.errors import ConfigError

T = TypeVar("T")
_MOST = 10**6


class Environment:
    """Reads variables one by one and remembers what is missing or malformed.

    ``check()`` raises :class:`ConfigError` with every problem found, so that a broken
    deployment is corrected once and not name by name.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._problems: list[str] = []

    def text(self, name: str, *, optional: bool = False) -> str:
        """The variable's text without surrounding blanks; empty only where optional."""
        value = self._variables.get(name, "").strip()
        if not value and not optional:
            self._problems.append(f"{name} is not set")
        return value

    def words(self, name: str, *, optional: bool = False) -> tuple[str, ...]:
        """A comma-separated list without blanks and empty entries."""
        return tuple(w.strip() for w in self.text(name, optional=optional).split(",") if w.strip())

    def whole(self, name: str, *, least: int = 1) -> int:
        """A whole number not below ``least``, and not so large that it is no number of ours."""
        return self._parsed(name, lambda text: _within(int(text), least), least) or least

    def yes(self, name: str) -> bool:
        """``true`` or ``false``."""
        return bool(self._parsed(name, {"true": True, "false": False}.__getitem__, False))

    def demand(self, fulfilled: bool, problem: str) -> None:
        """Remember the problem unless variables that depend on each other fit together."""
        if not fulfilled:
            self._problems.append(problem)

    def check(self) -> None:
        """Raise :class:`ConfigError` if anything read so far was missing or malformed."""
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
    if not least <= number <= _MOST:
        raise ValueError(number)
    return number
