"""Faults to inject, by rule: a short declarative list that may change while the server runs."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

Action = Literal["status", "reset", "truncate", "corrupt", "hang", "slow"]


@dataclass
class Fault:
    """One rule: what happens to requests whose path (without query) matches the glob ``path``.

    ``status`` answers with ``status``, ``headers`` and ``body``. The others let the true answer
    begin: after ``after_bytes`` of its body ``reset`` resets the connection, ``truncate`` ends the
    body early but properly, ``corrupt`` inverts one byte, ``hang`` sends nothing more until the
    server closes, ``slow`` sends a byte every 50 ms. ``times`` is how often the rule still fires
    (None: always); ``skip`` lets that many matching requests pass first.
    """

    path: str
    action: Action = "status"
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"injected fault"
    after_bytes: int = 0
    times: int | None = None
    skip: int = 0
    method: str | None = None


class Faults:
    """The rules in force; thread-safe."""

    def __init__(self, rules: Iterable[Fault] = ()) -> None:
        self._rules = list(rules)
        self._lock = threading.Lock()

    def add(self, *rules: Fault) -> None:
        """Put rules in force."""
        with self._lock:
            self._rules.extend(rules)

    def clear(self) -> None:
        """Withdraw all rules."""
        with self._lock:
            self._rules.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The rule that this request fires, counting it; None when the request goes well."""
        with self._lock:
            for rule in self._rules:
                if rule.times == 0 or not fnmatchcase(path, rule.path):
                    continue
                if rule.method not in (None, method):
                    continue
                if rule.skip:
                    rule.skip -= 1
                    continue
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None
