"""What names on GitHub look like, as regular expressions without anchors. Pure.

GitHub's own limits are 39 characters for an account and 100 for a repository; a GitHub Enterprise
Server may allow longer accounts. Underscores stand in the accounts of managed users:
https://docs.github.com/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference
"""

import re

CREDENTIAL = r"gh[a-z]_[A-Za-z0-9_]{20,}|github_pat_[A-Za-z0-9_]{20,}"
"""A token that somebody gave instead of a name:
https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
"""
OWNER = rf"(?!{CREDENTIAL})[A-Za-z0-9][A-Za-z0-9_-]{{0,99}}"
"""An account that a person names."""
REPOSITORY = r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100}"
"""``owner/name``; old accounts may begin with a hyphen."""
ITEM = r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._~-]{1,120}"
"""A repository, or something beside it, as documents name them: ``octo/hello.wiki``,
``octo/hello~lfs``."""
LISTED_OWNER = r"[A-Za-z0-9._-]{1,100}"
"""An account as a document may name it, of whatever host."""
LISTED_REPOSITORY = rf"{LISTED_OWNER}/{LISTED_OWNER}"
"""``owner/name`` as a document may name it."""
APP_ID = r"[0-9]{1,12}|Iv[A-Za-z0-9.]{1,40}"
"""A GitHub App's id, or its client id, which GitHub accepts in its place."""

_ITEM = re.compile(ITEM)
_RESTORABLE = re.compile(rf"(?!-){REPOSITORY}")


def restorable(name: str) -> bool:
    """Whether ``repo-backup restore NAME`` takes it, and no shell or parser for anything else."""
    return _RESTORABLE.fullmatch(name) is not None


def acknowledgeable(name: str) -> bool:
    """Whether ``KnownFailures`` takes this name of an item."""
    return _ITEM.fullmatch(name) is not None
