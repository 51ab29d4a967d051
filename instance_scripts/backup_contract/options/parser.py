"""An argument parser that suggests the right option for a typo."""

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from backup_contract.github_names import CREDENTIAL

_NO_VALUE = re.compile(r"(--[\w-]+)=--")
_TOKEN = re.compile(CREDENTIAL)
_TOKEN_OPTION = re.compile(r"--(?:github-)?token\b")
_IN_ENVIRONMENT = "\ngive a token in the environment variable GITHUB_TOKEN, not as an argument"
_EXPOSED = "; revoke the one in this command, which the shell's history may now contain"


class Parser(argparse.ArgumentParser):
    """Exits with code 2 like argparse, but with a suggestion and without the usage block."""

    _given: Sequence[str] = ()

    def parse_known_args(  # type: ignore[override]  # argparse types it by overloads
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Like argparse, but refuse ``--option=--``, which Python 3.11 reads as an empty list."""
        given = list(sys.argv[1:] if args is None else args)
        if found := next(filter(None, map(_NO_VALUE.fullmatch, given)), None):
            self.error(f"argument {found[1]}: expected one argument")
        self._given = given
        return super().parse_known_args(given, namespace)

    def error(self, message: str) -> NoReturn:
        """Print the error without any token in it, and exit with code 2."""
        shown = _without_tokens(self.explain(message))
        self.exit(2, f"{self.prog}: error: {shown}\n(see {self.prog} --help)\n")

    def explain(self, message: str) -> str:
        """argparse's message, with suggestions for misspelled words in it."""
        known = [word for action in self._actions for word in action.option_strings]
        known += [
            word
            for action in self._actions
            if isinstance(action, argparse._SubParsersAction)
            for word in action.choices
        ]
        wrong = re.findall(r"'([^']+)'|(--?[\w-]+)", message.partition("(choose")[0])
        words = [first or second for first, second in wrong]
        if "are required" in message:
            # The cause may be a misspelled option, which argparse does not name.
            given = [word.partition("=")[0] for word in self._given if word.startswith("--")]
            words = [word for word in given if word not in known]
        for word in words:
            for close in difflib.get_close_matches(word, known, 1):
                if close != word and not _TOKEN_OPTION.match(word):
                    unknown = "" if word in message else f"{word} is unknown; "
                    message += f"\n{unknown}did you mean {close}?"
        return message


def _without_tokens(message: str) -> str:
    """The message without tokens. If it is about a token, it says where a token belongs."""
    shown, tokens = _TOKEN.subn("…", message)
    if not tokens and not _TOKEN_OPTION.search(message):
        return message
    return shown + _IN_ENVIRONMENT + (_EXPOSED if tokens else "")
