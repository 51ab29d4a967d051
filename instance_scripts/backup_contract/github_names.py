"""What names on GitHub look like, as regular expressions without anchors. Pure.

GitHub's own limits are 39 characters for an account and 100 for a repository; a GitHub Enterprise
Server may allow longer accounts. Underscores stand in the accounts of managed users:
https://docs.github.com/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference
"""

import re

OWNER = r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}"
"""An account that a person names."""
REPOSITORY = r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100}"
"""``owner/name``; old accounts may begin with a hyphen."""
LISTED_OWNER = r"[A-Za-z0-9._-]{1,100}"
"""An account as a document may name it, of whatever host."""
LISTED_REPOSITORY = rf"{LISTED_OWNER}/{LISTED_OWNER}"
"""``owner/name`` as a document may name it."""
APP_ID = r"[0-9]{1,12}|Iv[A-Za-z0-9.]{1,40}"
"""A GitHub App's id, or its client id, which GitHub accepts in its place."""

_RESTORABLE = re.compile(rf"(?!-){REPOSITORY}")


def restorable(name: str) -> bool:
    """Whether ``repo_backup restore NAME`` takes it, and no shell or parser for anything else."""
    return _RESTORABLE.fullmatch(name) is not None
