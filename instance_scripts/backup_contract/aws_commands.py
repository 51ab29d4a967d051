"""Commands of the AWS CLI that this project prints for people to paste. Pure."""

import re
import shlex

from backup_contract import object_keys as layout

_PLAIN_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~/+-]*")
"""No command is made of what is no key of this program's, nor any pattern of the AWS CLI's."""


def remove_archive(location: str, key: str) -> str | None:
    """What removes an archive with all overlays over it and their lists; None for a strange key.

    ``location`` is ``s3://BUCKET``. The patterns are those of
    https://docs.aws.amazon.com/cli/latest/reference/s3/#use-of-exclude-and-include-filters, in
    which ``+`` means itself. GitHub gives no name with a ``+``, so that nothing else has such keys.
    """
    if not _PLAIN_KEY.fullmatch(key) or not layout.is_archive(key):
        return None
    folder, _, name = key.rpartition("/")
    patterns = (name, layout.overlays_of(name))
    # What begins with a hyphen would be taken for an option.
    sign = "=" if name.startswith("-") else " "
    included = " ".join(f"--include{sign}{shlex.quote(pattern)}" for pattern in patterns)
    where = shlex.quote(f"{location}/{folder}/")
    return f"aws s3 rm {where} --recursive --exclude '*' {included}"
