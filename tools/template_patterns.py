"""The patterns of template.yaml that the contract owns: ``make patterns`` writes them there.

A test compares the template with them.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from backup_contract.github_names import APP_ID, ITEM, OWNER
from backup_contract.options import grammar

_NO_TOKEN = r"(?!.*(gh[pousr]_[A-Za-z0-9]{30}|github_pat_[A-Za-z0-9]{20}))"
"""For text in which a name like ``/team/gha_token_of_the_backups`` must be allowed, but which would
show a token that was pasted there to everyone who may see the stack."""
_SSM_NAME = "/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*"
TEMPLATE = Path(__file__).parents[1] / "template.yaml"


def attributes() -> Mapping[str, Mapping[str, str]]:
    """What the template says of each parameter whose values the contract knows."""
    return {
        "GitHubOwner": {"AllowedPattern": f"^{_separated_by_commas(OWNER)}$"},
        "GitHubTokenParameter": {"AllowedPattern": f"^(|{_NO_TOKEN}{_SSM_NAME})$"},
        "GitHubAppKeyParameter": {"AllowedPattern": f"^(|{_NO_TOKEN}{_SSM_NAME})$"},
        "HeartbeatUrl": {"AllowedPattern": rf"^(|{_NO_TOKEN}https://[^\s]+)$"},
        "GitHubAppId": {"AllowedPattern": f"^(|{APP_ID})$"},
        "BackupOptions": {
            "AllowedPattern": grammar.pattern(),
            "ConstraintDescription": grammar.description(),
        },
        "KnownRewrites": {"AllowedPattern": f"^(|{_separated_by_commas(grammar.REWRITE_GLOB)})$"},
        "KnownFailures": {"AllowedPattern": f"^(|{_separated_by_commas(ITEM)})$"},
    }


def written(template: str) -> str:
    """The text of the template with these attributes."""
    for parameter, wanted in attributes().items():
        for name, value in wanted.items():
            line = re.compile(rf"^(  {parameter}:\n(?:    .*\n)*?    {name}: ).*$", re.M)
            text = value if _is_plain(value) else json.dumps(value)
            found = line.search(template)
            if found is None:
                raise ValueError(f"{TEMPLATE.name}: {parameter} has no line {name}")
            template = template[: found.start()] + found[1] + text + template[found.end() :]
    return template


def _separated_by_commas(pattern: str) -> str:
    return f"{pattern}(,{pattern})*"


def _is_plain(value: str) -> bool:
    """Whether YAML needs no quotation marks around it."""
    return re.search(r": | #|[`\\]", value) is None


if __name__ == "__main__":
    TEMPLATE.write_text(written(TEMPLATE.read_text()))
