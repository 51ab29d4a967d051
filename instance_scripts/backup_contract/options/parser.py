"""A parser that answers a typo with what was probably meant."""

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
    """Ends as argparse does, with code 2; it says more, and without a block of all options."""

    _given: Sequence[str] = ()

    def parse_known_args(  # type: ignore[override]  # argparse types it by overloads
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """As argparse does, but refuse ``--option=--``: of that Python 3.11 makes an empty list."""
        given = list(sys.argv[1:] if args is None else args)
        if found := next(filter(None, map(_NO_VALUE.fullmatch, given)), None):
            self.error(f"argument {found[1]}: expected one argument")
        self._given = given
        return super().parse_known_args(given, namespace)

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and end. A token in the message is not shown."""
        shown = _without_tokens(self.explain(message))
        self.exit(2, f"{self.prog}: error: {shown}\n(see {self.prog} --help)\n")

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
        if "are required" in message:
            # A misspelt option is among them; argparse does not name what was given for it.
            given = [word.partition("=")[0] for word in self._given if word.startswith("--")]
            words = [word for word in given if word not in known]
        for word in words:
            for close in difflib.get_close_matches(word, known, 1):
                if close != word and not _TOKEN_OPTION.match(word):
                    unknown = "" if word in message else f"{word} is unknown; "
                    message += f"\n{unknown}did you mean {close}?"
        return message


def _without_tokens(message: str) -> str:
    """The message without tokens, and with where a token belongs if it is about one."""
    shown, tokens = _TOKEN.subn("…", message)
    if not tokens and not _TOKEN_OPTION.search(message):
        return message
    return shown + _IN_ENVIRONMENT + (_EXPOSED if tokens else "")
