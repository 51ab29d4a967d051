"""Advises the smallest run that repairs the repositories with problems. Pure.

Every run retries what failed and what is missing. Damaged archives are only fetched again by a full
run, which takes hours for a large account, so the advice narrows it to the repositories that need
it.
"""

import json
import shlex
from collections.abc import Sequence

from backup_contract.github_names import restorable

MOST_NAMED = 12
"""How many repositories a run names; for more, a run of everything is simpler."""
_BUCKET = "s3://"


def run_now(names: Sequence[str], source: str, *, full: bool = False) -> str:
    """A sentence with the run that saves these repositories to the destination ``source``.

    Names that GitHub does not allow are left out of commands.
    """
    named = list(names) if len(names) <= MOST_NAMED and all(map(restorable, names)) else []
    if source.startswith(_BUCKET):
        event = {**({"only": named} if named else {}), **({"full": True} if full else {})}
        return f"To run now, invoke the launcher with {json.dumps(event)}."
    words = [word for name in named for word in ("--only", name)]
    command = ["repo-backup", "backup", "--destination", source, *words, *["--full"] * full]
    return f"To run now: {shlex.join(command)}"
