"""A parser that answers a typo with what was probably meant."""

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

_NO_VALUE = re.compile(r"(--[\w-]+)=--")


class Parser(argparse.ArgumentParser):
    """Ends as argparse does, with code 2; it says more, and without a block of all options."""

    def parse_known_args(  # type: ignore[override]  # argparse types it by overloads
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As argparse does, but refuse ``--option=--``: of that Python 3.11 makes an empty list."""
        given = list(sys.argv[1:] if args is None else args)
        if found := next(filter(None, map(_NO_VALUE.fullmatch, given)), None):
            self.error(f"argument {found[1]}: expected one argument")
        return super().parse_known_args(given, namespace)

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and end."""
        self.exit(2, f"{self.prog}: error: {self.explain(message)}\n(see {self.prog} --help)\n")

    def explain(self, message: str) -> str:
        """argparse's message, with what each of its words was probably meant to be."""
        known = [word for action in self._actions for word in action.option_strings]
        known += [
            word
            for action in self._actions
            if isinstance(action, argparse._SubParsersAction)
            for word in action.choices
        ]
        wrong = re.findall(r"'([^']+)'|(--?[\w-]+)", message.partition("(choose")[0])
        words = [first or second for first, second in wrong]
        for word in words:
            for close in difflib.get_close_matches(word, known, 1):
                if close != word:
                    message += f"\ndid you mean {close}?"
        return message
