"""The script that an instance is born with: its variables, then the bootstrap. Pure."""

import shlex
from collections.abc import Iterable, Mapping

from shared.errors import RefusedError

LIMIT_BYTES = 16 * 1024
"""EC2's limit for raw user data."""


def render(variables: Mapping[str, str], arguments: Iterable[str], bootstrap: str) -> str:
    """One bash script, at most 16 KiB. It stays readable on the instance: no secret goes in.

    ``arguments`` are the words that the backup program gets, as a bash array.

    Raises :class:`RefusedError` when it would be larger than EC2 takes.
    """
    lines = ["#!/bin/bash"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    lines += [f"ONLINE_BACKUP_ARGUMENTS=({shlex.join(arguments)})"]
    body = bootstrap.removeprefix("#!/bin/bash\n")
    script = "\n".join(lines) + "\n" + body
    if len(script.encode()) > LIMIT_BYTES:
        raise RefusedError(
            "only",
            f"the instance's script would have {len(script.encode())} bytes, EC2 takes "
            f"{LIMIT_BYTES}.",
            "Give fewer patterns in only, or fewer words in GitHubOwner and BackupOptions.",
        )
    return script
