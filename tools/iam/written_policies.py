"""Writes every role's policy as AWS gets it, for tools that read policies: one JSON file per role.

``python -m tools.iam.written_policies FOLDER``: of a stack that has every option.
"""

import json
import sys
from pathlib import Path

from tools.iam.deployed import SHAPES, deploy
from tools.iam.template import read_template


def write(folder: Path) -> None:
    """Write them, in place of what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    stack = deploy(read_template(), **SHAPES["everything"])
    for role in stack.roles():
        (folder / f"{role}.json").write_text(json.dumps(stack.policy(role), indent=1))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
