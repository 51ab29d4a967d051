"""The grammar of the parameter ``BackupOptions``. Pure.

It is generated from the program's own options. ``make patterns`` writes it into the template as a
regular expression, and the launcher uses the same expression. So both accept the same texts, and
the program accepts each option in them.
"""

import argparse
import re
from collections.abc import Iterator
from functools import cache

from backup_contract.kinds import KINDS
from backup_contract.options.choices import add_choices
from backup_contract.options.values import Value

_PLAIN = r"A-Za-z0-9_.,:=/*?!\[\]"
"""The characters of a name pattern, none of which has a meaning in a shell's quotation."""
_GLOB = (
    rf"(=((?!--( |$))[{_PLAIN}-]+|'(?!--'| +')[{_PLAIN} -]+')"
    rf"| +([{_PLAIN}][{_PLAIN}-]*|'(?! +')[{_PLAIN} ][{_PLAIN} -]*'))"
)
"""After a space, a value may not begin with a hyphen, because that would be another option. ``--``
is never a value."""
REWRITE_GLOB = r"[A-Za-z0-9_./*?!\[\]][A-Za-z0-9_./*?!\[\]-]*"
"""A glob in ``KnownRewrites``: of branches, or of refs by their full names."""
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
    """The regular expression of the full text, for Python and for CloudFormation (Java)."""
    return _pattern(tuple(KINDS))


@cache
def _pattern(_kinds: tuple[str, ...]) -> str:
    return f"^ *(({'|'.join(_patterns())})( +|$))*$"


def accepts(text: str) -> bool:
    """Whether the text consists of valid options, separated by spaces."""
    return re.fullmatch(pattern(), text) is not None


def description() -> str:
    """The options with examples of their values, for the message about an invalid text."""
    shown = [_shown(action) for action in _options()]
    return f"Options, separated by spaces: {', '.join(shown)}."


def _options() -> list[argparse.Action]:
    parser = argparse.ArgumentParser(add_help=False)
    add_choices(parser)
    return parser._actions


def _patterns() -> Iterator[str]:
    """One pattern for all options that take the same values, or no value."""
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
