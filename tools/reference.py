"""docs/reference.md, made from the sources: ``make reference`` writes it, a test compares it."""

import argparse
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

from samtranslator.yaml_helper import yaml_parse

from backup_contract import exit_codes as exits
from backup_contract.documents.output import (
    archives,
    backup,
    project_data,
    pruning,
    restore,
    rows,
    runs,
    schema,
)
from backup_contract.moments import moment_of
from launcher.request import MANUAL, CheckRequest, LaunchRequest, read_request
from repo_backup.cli.parser import command_line
from reporter.events import read_trigger
from shared.errors import EventError

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference.md"
_NOW = moment_of("2026-11-27T17-00-00Z")
OF_THE_PERSON = ("ONLINE_BACKUP_DESTINATION", "ONLINE_BACKUP_STACK")
"""Variables that change what the command line says of itself."""
_CONDITIONS = {
    "schedule": "starts the run that was due at this time",
    "retry": "starts the next attempt of a run",
}


def page() -> str:
    """The text of docs/reference.md."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    parts = (
        ["# Reference", "", "Made from the sources by `make reference`; a test compares it."],
        _parameters(template),
        _outputs(template),
        _manual(),
        _events(),
        _commands(),
        _exit_codes(),
        _documents(),
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _parameters(template: Mapping[str, Any]) -> Iterator[str]:
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    labels = interface["ParameterLabels"]
    yield "## Parameters of the stack"
    yield ""
    yield "`sam deploy --parameter-overrides Name=value` sets one and leaves the others alone."
    for group in interface["ParameterGroups"]:
        yield from ("", f"### {group['Label']['default']}", "")
        yield from _table("parameter", "default", "meaning")
        for name in group["Parameters"]:
            found = template["Parameters"][name]
            meaning = f"**{labels[name]['default']}** · {found['Description']}{_limits(found)}"
            yield _row(f"`{name}`", _default(found), meaning)


def _default(parameter: Mapping[str, Any]) -> str:
    if "Default" not in parameter:
        return "*must be given*"
    return f"`{parameter['Default']}`" if parameter["Default"] != "" else "empty"


def _limits(parameter: Mapping[str, Any]) -> str:
    if "AllowedValues" in parameter:
        return f" One of {', '.join(f'`{value}`' for value in parameter['AllowedValues'])}."
    if "MaxValue" in parameter:
        return f" From {parameter['MinValue']} to {parameter['MaxValue']}."
    return (
        f" *{parameter['ConstraintDescription']}*" if "ConstraintDescription" in parameter else ""
    )


def _outputs(template: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## Outputs of the stack", "")
    yield from _table("output", "meaning")
    for name, output in template["Outputs"].items():
        yield _row(f"`{name}`", f"{output['Description']}.")


def _manual() -> Iterator[str]:
    yield from ("## What the launcher can be asked", "")
    yield "`{}` starts a backup now. These fields may be added, also together:"
    yield ""
    yield from _table("field", "kind", "meaning")
    for name, (kind, meaning) in MANUAL.items():
        yield _row(f"`{name}`", "true or false" if kind is bool else "list of patterns", meaning)
    yield from ("", '`{"action": "check"}` stands alone: the preflight, one line for each check.')


def _events() -> Iterator[str]:
    yield from ("## Events", "", "One example of each is in [`events/`](../events/).", "")
    yield from _table("file", "function", "what it does")
    for path in sorted((ROOT / "events").glob("*.json")):
        event = json.loads(path.read_text())
        function, meaning = _meaning(event)
        yield _row(f"[`{path.name}`](../events/{path.name})", function, meaning)


def _meaning(event: Mapping[str, Any]) -> tuple[str, str]:
    try:
        request = read_request(event, _NOW)
    except EventError:
        trigger = type(read_trigger(event))
        return "reporter", _first_line(trigger)
    if isinstance(request, CheckRequest):
        return "launcher", _first_line(CheckRequest)
    return "launcher", _of_launch(event, request)


def _of_launch(event: Mapping[str, Any], request: LaunchRequest) -> str:
    if request.trigger != "manual":
        return _CONDITIONS[request.trigger]
    return "; ".join(MANUAL[name][1] for name in event) or "starts a run now"


def _commands() -> Iterator[str]:
    parser = command_line()
    yield from (
        "## Commands",
        "",
        "```",
        "pipx install .     # in a clone of this repository",
        "```",
    )
    for name, command in _subparsers(parser).items():
        yield from ("", f"### repo-backup {name}", "", str(command.description), "")
        yield from _table("option", "meaning")
        for action in command._actions:
            if not isinstance(action, argparse._HelpAction):
                yield _row(_option(action), _help(action))
    yield from ("", "### Environment", "", "```")
    epilog = str(parser.epilog)
    yield epilog[epilog.index("environment:\n") : epilog.index("\nexit codes:")].rstrip()
    yield "```"


def _subparsers(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    (found,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    choices: Mapping[str, argparse.ArgumentParser] = found.choices
    return choices


def _option(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"`{action.metavar}`"
    takes = action.nargs != 0
    value = f" {action.metavar or action.dest.upper()}" if takes else ""
    return ", ".join(f"`{word}{value}`" for word in action.option_strings)


def _help(action: argparse.Action) -> str:
    text = action.help or "whose archive"
    return f"{text} *(required)*" if action.required and action.option_strings else text


def _exit_codes() -> Iterator[str]:
    yield from ("## Exit codes", "")
    yield from _table("code", "command", "meaning")
    for code, meaning in exits.MEANINGS.items():
        yield _row(str(code), "any", meaning)
        for command, special in exits.OF_COMMANDS.items():
            if code in special:
                yield _row(str(code), f"`{command}`", special[code])


def _documents() -> Iterator[str]:
    yield from ("## What --json prints", "", *_paragraphs(schema.__doc__ or ""))
    modules = (backup, runs, archives, restore, project_data, pruning, rows)
    found = [each for module in modules for each in vars(module).values() if is_typeddict(each)]
    shared = vars(schema).values()
    for kind in dict.fromkeys(each for each in found if each not in shared):
        yield from ("", f"### {kind.__name__}", "", _first_line(kind), "")
        yield from _table("name", "type", "meaning")
        for name, hint in get_type_hints(kind, include_extras=True).items():
            yield _row(f"`{name}`", *_typed(name, hint))


def _paragraphs(text: str) -> list[str]:
    return text.replace("``", "`").strip().splitlines()


def _typed(name: str, hint: Any) -> tuple[str, str]:
    if get_origin(hint) is Annotated:
        kind, meaning = get_args(hint)
        return _type_name(kind), meaning
    if get_origin(hint) is NotRequired:
        inner, message = _typed(name, get_args(hint)[0])
        return f"{inner}, or absent", message
    fixed = {"schema": str(schema.SCHEMA), "command": "the command's name"}
    return _type_name(hint), fixed[name]


def _type_name(kind: Any) -> str:
    arguments = get_args(kind)
    if kind is type(None):
        return "null"
    if get_origin(kind) is list:
        return f"list of {_type_name(arguments[0])}"
    if get_origin(kind) is dict:
        return "object"
    if arguments:
        return " or ".join(_type_name(each) for each in arguments)
    names = {str: "string", int: "number", float: "number", bool: "true or false"}
    return names.get(kind) or f"[{kind.__name__}](#{kind.__name__.lower()})"


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0].replace("``", "`")


def _table(*headings: str) -> Iterable[str]:
    return (_row(*headings), f"|{'---|' * len(headings)}")


def _row(*cells: str) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


if __name__ == "__main__":
    for variable in OF_THE_PERSON:
        os.environ.pop(variable, None)
    PAGE.write_text(page())
