"""AWS CLI commands that OnlineBackup prints for users to paste. Pure."""

import re
import shlex

from backup_contract import object_keys as layout

_PLAIN_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~/+-]*")
"""A key of this program without wildcards of the AWS CLI. Others are never put into a command."""


def remove_archive(location: str, key: str) -> str | None:
    """The command that removes an archive, its overlays and their lists; None for an unusual key.

    ``location`` is ``s3://BUCKET``. In the patterns, ``+`` is an ordinary character:
    https://docs.aws.amazon.com/cli/latest/reference/s3/#use-of-exclude-and-include-filters. GitHub
    allows no ``+`` in a name, so the patterns match no other archive.
    """
    if not _PLAIN_KEY.fullmatch(key) or not layout.is_archive(key):
        return None
    folder, _, name = key.rpartition("/")
    patterns = (name, layout.overlays_of(name))
    # A pattern that begins with a hyphen would be taken for an option.
    sign = "=" if name.startswith("-") else " "
    included = " ".join(f"--include{sign}{shlex.quote(pattern)}" for pattern in patterns)
    where = shlex.quote(f"{location}/{folder}/")
    return f"aws s3 rm {where} --recursive --exclude '*' {included}"
