"""What to do about repositories that are not as they should be: the smallest run that helps. Pure.

A run repeats by itself what failed and what is not in place. What is in place and cannot be
trusted is fetched again only by a full run, and a full run of a large account costs hours: the
advice narrows it to the repositories that need it.
"""

import json
import shlex
from collections.abc import Sequence

from backup_contract.github_names import restorable

MOST_NAMED = 12
"""So many repositories are named in a run; for more, a run of everything is simpler."""
_BUCKET = "s3://"


def run_now(names: Sequence[str], source: str, *, full: bool = False) -> str:
    """A sentence: the run that saves these repositories, for the destination ``source``.

    A name that GitHub would never give is in no command.
    """
    named = list(names) if len(names) <= MOST_NAMED and all(map(restorable, names)) else []
    if source.startswith(_BUCKET):
        event = {**({"only": named} if named else {}), **({"full": True} if full else {})}
        return f"To run now, invoke the launcher with {json.dumps(event)}."
    words = [word for name in named for word in ("--only", name)]
    command = ["repo_backup", "backup", "--destination", source, *words, *["--full"] * full]
    return f"To run now: {shlex.join(command)}"
