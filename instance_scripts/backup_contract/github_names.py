"""Regular expressions, without anchors, of names on GitHub. Pure.

GitHub allows 39 characters for an account and 100 for a repository. A GitHub Enterprise Server may
allow longer account names. The names of managed users contain an underscore:
https://docs.github.com/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference
"""

import re

CREDENTIAL = r"gh[a-z]_[A-Za-z0-9_]{20,}|github_pat_[A-Za-z0-9_]{20,}"
"""A token, which users sometimes give instead of a name:
https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
"""
OWNER = rf"(?!{CREDENTIAL})[A-Za-z0-9][A-Za-z0-9_-]{{0,99}}"
"""An account in a user's input."""
REPOSITORY = r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100}"
"""``owner/name``. The names of old accounts may begin with a hyphen."""
ITEM = r"[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._~-]{1,120}"
"""The name of an item in documents: ``octo/hello``, ``octo/hello.wiki``, ``octo/hello~lfs``."""
LISTED_OWNER = r"[A-Za-z0-9._-]{1,100}"
"""An account of any host, in a document."""
LISTED_REPOSITORY = rf"{LISTED_OWNER}/{LISTED_OWNER}"
"""``owner/name`` of any host, in a document."""
APP_ID = r"[0-9]{1,12}|Iv[A-Za-z0-9.]{1,40}"
"""A GitHub App's id, or its client id, which GitHub accepts as well."""

_ITEM = re.compile(ITEM)
_RESTORABLE = re.compile(rf"(?!-){REPOSITORY}")


def restorable(name: str) -> bool:
    """Whether ``repo-backup restore NAME`` accepts the name, unquoted and as one argument."""
    return _RESTORABLE.fullmatch(name) is not None


def acknowledgeable(name: str) -> bool:
    """Whether ``KnownFailures`` accepts this name of an item."""
    return _ITEM.fullmatch(name) is not None
