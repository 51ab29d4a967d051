"""``BackupOptions``: the text in which a stack's owner writes the choices down. Pure.

Its grammar is made from the program's own options. The template has it as a regular expression
(``make patterns`` writes it there), the launcher judges by the same one: what the one accepts the
other accepts, and the program accepts each of its words.
"""

import argparse
import re
from collections.abc import Iterator
from functools import cache

from backup_contract.kinds import KINDS
from backup_contract.options.choices import add_choices
from backup_contract.options.values import Value

_PLAIN = r"A-Za-z0-9_.,:=/*?!\[\]"
"""What a name pattern may hold: no shell, quotation or blank has a meaning in it."""
_GLOB = (
    rf"(=((?!--( |$))[{_PLAIN}-]+|'(?!--'| +')[{_PLAIN} -]+')"
    rf"| +([{_PLAIN}][{_PLAIN}-]*|'(?! +')[{_PLAIN} ][{_PLAIN} -]*'))"
)
"""Behind a blank no word begins with a hyphen, which would be another option's; ``--`` is none."""
REWRITE_GLOB = r"[A-Za-z0-9_./*?!\[\]][A-Za-z0-9_./*?!\[\]-]*"
"""What ``KnownRewrites`` may name: branches, or refs by their whole names."""
_EXAMPLES = {
    "--keep-pins-days": "365",
    "--kinds": "git,wiki",
    "--max-size": "2G",
    "--max-lfs": "5G",
    "--max-assets": "2G",
    "--include": "GLOB",
    "--exclude": "GLOB",
    "--known-rewrites": "GLOB",
}


def pattern() -> str:
    """The regular expression of the whole text, for Python and for CloudFormation (Java)."""
    return _pattern(tuple(KINDS))


@cache
def _pattern(_kinds: tuple[str, ...]) -> str:
    return f"^ *(({'|'.join(_patterns())})( +|$))*$"


def accepts(text: str) -> bool:
    """Whether the text is options, separated by spaces."""
    return re.fullmatch(pattern(), text) is not None


def description() -> str:
    """The options by name, each with an example, for a person whose text is not accepted."""
    shown = [_shown(action) for action in _options()]
    return f"Options, separated by spaces: {', '.join(shown)}."


def _options() -> list[argparse.Action]:
    parser = argparse.ArgumentParser(add_help=False)
    add_choices(parser)
    return parser._actions


def _patterns() -> Iterator[str]:
    """One for all options that take the same values, or none."""
    names: dict[str, list[str]] = {}
    for action in _options():
        names.setdefault(_value(action), []).append(action.option_strings[0].removeprefix("--"))
    for value, alike in names.items():
        yield f"--({'|'.join(alike)}){value}"


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    return f"(=| +)({action.type.pattern})" if isinstance(action.type, Value) else _GLOB


def _shown(action: argparse.Action) -> str:
    name = action.option_strings[0]
    if action.nargs == 0:
        return name
    return f"{name} {_EXAMPLES.get(name, action.default)}"
