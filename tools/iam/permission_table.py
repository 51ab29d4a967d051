"""The table of docs/security.md: role, action, resource, condition, from the template itself.

``python -m tools.iam.permission_table`` writes it anew and keeps the last column, the
reason, which is the only one that a person writes. A test compares.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.iam.template import Template, read_template

DOCUMENT = Path(__file__).parents[2] / "docs" / "security.md"
BEGIN, END = "<!-- permissions: begin -->", "<!-- permissions: end -->"
HEADINGS = "| statement | actions | resources | condition | why |\n|---|---|---|---|---|"
ROLES = {
    "LauncherRole": "The launcher (Lambda)",
    "InstanceRole": "The instance (EC2)",
    "ReporterRole": "The reporter (Lambda)",
    "SchedulerRole": "The schedules (EventBridge Scheduler)",
}
_WORDS = {
    "AWS::Partition": "aws",
    "AWS::Region": "REGION",
    "AWS::AccountId": "ACCOUNT",
    "AWS::StackName": "STACK",
    "Bucket": "BUCKET",
}
_ROW = re.compile(r"^\| `(?P<sid>\w+)` .*\| (?P<why>[^|]*) \|$", re.MULTILINE)


def table(template: Template, reasons: Mapping[tuple[str, str], str]) -> str:
    """The table of every role; ``reasons`` are by role and statement."""
    parts = []
    for role, title in ROLES.items():
        rows = [_row(role, statement, when, reasons) for statement, when in _said(template, role)]
        parts.append("\n".join([f"### {title}", "", HEADINGS, *rows]))
    return "\n\n".join(parts)


def reasons(document: str) -> dict[tuple[str, str], str]:
    """The last column as it is written."""
    found = {}
    for section in re.split(r"^### ", document, flags=re.MULTILINE)[1:]:
        role = next((name for name, title in ROLES.items() if section.startswith(title)), "")
        for row in _ROW.finditer(section):
            found[role, row["sid"]] = row["why"].strip()
    return found


def written_anew(template: Template, document: str) -> str:
    """The document with its table as the template has it now."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(template, reasons(document))}\n\n{END}{after}"


def _said(template: Template, role: str) -> Iterator[tuple[dict[str, Any], str]]:
    for policy in template.properties(role)["Policies"]:
        for each in policy["PolicyDocument"]["Statement"]:
            if "Fn::If" in each:
                condition, statement, _ = each["Fn::If"]
                word = "without" if _asks_for_nothing(template, condition) else "with"
                yield statement, f"{word} {' or '.join(_parameters(template, condition))}"
            else:
                yield each, ""


def _asks_for_nothing(template: Template, condition: str) -> bool:
    """Whether a condition holds where a parameter is left empty."""
    return "" in template.source["Conditions"][condition].get("Fn::Equals", ())


def _parameters(template: Template, condition: str) -> Iterator[str]:
    """The parameters that a condition of the template asks for, as code."""
    written = str(template.source["Conditions"][condition])
    for kind, name in re.findall(r"'(Ref|Condition)': '(\w+)'", written):
        yield from _parameters(template, name) if kind == "Condition" else (f"`{name}`",)


def _row(
    role: str, statement: dict[str, Any], when: str, why: Mapping[tuple[str, str], str]
) -> str:
    sid = statement["Sid"]
    name = f"`{sid}`" + (f" ({when})" if when else "")
    actions = _cell(_listed(statement["Action"]))
    resources = _cell([_text(each) for each in _listed(statement["Resource"])])
    conditions = "; ".join(_conditions(statement.get("Condition", {})))
    reason = why.get((role, sid), "?")
    return f"| {name} | {actions} | {resources} | {conditions} | {reason} |"


def _conditions(condition: Any) -> Iterator[str]:
    if "Fn::If" in condition:
        name, given, _ = condition["Fn::If"]
        yield from (f"{each} (if {name})" for each in _conditions(given))
        return
    for operator, keys in condition.items():
        for key, value in keys.items():
            yield f"{operator} `{key}` = {_cell([_text(each) for each in _listed(value)])}"


def _cell(texts: list[str]) -> str:
    return ", ".join(f"`{each}`" for each in texts)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """A value with intrinsic functions as a person writes it."""
    if isinstance(value, str):
        text = re.sub(
            r"\$\{([\w:.]+)\}", lambda found: _WORDS.get(found[1], f"<{found[1]}>"), value
        )
        return text.replace("${!", "${")  # a policy's own variable
    (function, argument), *_ = value.items()
    if function == "Fn::Sub":
        text, local = (argument, {}) if isinstance(argument, str) else argument
        for name, given in local.items():
            if name not in _WORDS:
                text = text.replace(f"${{{name}}}", f"<{_text(given)}>")
        return _text(text)
    if function == "Fn::If":
        condition, given, otherwise = argument
        rest = "" if otherwise == {"Ref": "AWS::NoValue"} else f" or {_text(otherwise)}"
        return f"{_text(given)} (if {condition}){rest}"
    if function == "Fn::Split":
        return f"each of {_text(argument[1])}"
    if function == "Fn::GetAtt":
        return ".".join(argument)
    return _WORDS.get(argument, str(argument))


def main() -> None:
    """Write the document's table anew."""
    document = DOCUMENT.read_text()
    DOCUMENT.write_text(written_anew(read_template(), document))


if __name__ == "__main__":
    main()
