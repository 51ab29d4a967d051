"""A parser that answers a typo with what was probably meant."""

import argparse
import difflib
import re
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """Ends as argparse does, with code 2, and says more."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and end."""
        super().error(self.explain(message))

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
