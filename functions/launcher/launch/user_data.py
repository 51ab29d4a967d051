"""The instance's user data: environment variables, then the bootstrap script. Pure."""

import shlex
from collections.abc import Iterable, Mapping

from backup_contract import object_keys as layout
from launcher.config import Config
from shared.errors import RefusedError
from shared.model.run import POWER_OFF_MARGIN

LIMIT_BYTES = 16 * 1024
"""EC2's limit for raw user data."""


def variables(config: Config, run_id: str, attempt: int, program_sha256: str) -> dict[str, str]:
    """The environment variables of the bootstrap and the program."""
    lifetime = config.deadline - POWER_OFF_MARGIN
    return {
        "ONLINE_BACKUP_RUN_ID": run_id,
        "ONLINE_BACKUP_ATTEMPT": str(attempt),
        "ONLINE_BACKUP_BUCKET": config.bucket,
        "ONLINE_BACKUP_PROGRAM_KEY": layout.program(program_sha256),
        "ONLINE_BACKUP_PROGRAM_SHA256": program_sha256,
        "ONLINE_BACKUP_ROLE_ID": config.instance_role_id,
        "ONLINE_BACKUP_DEADLINE_MINUTES": str(int(lifetime.total_seconds() // 60)),
        "GITHUB_API_URL": config.github_api_url,
        "GITHUB_TOKEN_PARAMETER": config.github_token_parameter,
        "GITHUB_APP_ID": config.github_app_id,
        "GITHUB_APP_KEY_PARAMETER": config.github_app_key_parameter,
        "AWS_DEFAULT_REGION": config.region,
    }


def render(environment: Mapping[str, str], arguments: Iterable[str], bootstrap: str) -> str:
    """One bash script, at most 16 KiB. It stays readable on the instance, so it has no secrets.

    ``arguments`` are those of :mod:`launcher.launch.program_arguments`, in the script a bash
    array.

    Raises :class:`RefusedError` if it would exceed EC2's limit.
    """
    lines = ["#!/bin/bash"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    lines += [f"ONLINE_BACKUP_ARGUMENTS=({shlex.join(arguments)})"]
    body = bootstrap.removeprefix("#!/bin/bash\n")
    script = "\n".join(lines) + "\n" + body
    if len(script.encode()) > LIMIT_BYTES:
        raise RefusedError(
            "only",
            f"the instance's script would have {len(script.encode())} bytes; EC2 accepts "
            f"{LIMIT_BYTES}.",
            "Use fewer patterns in only, or fewer words in GitHubOwner and BackupOptions.",
        )
    return script
