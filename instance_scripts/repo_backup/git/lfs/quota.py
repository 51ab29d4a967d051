"""Recognizes an LFS server that refuses all downloads, usually because a quota is used up.

GitHub answers the whole batch with 403 and a message, other servers with 429, 507 or 509. All may
also give the code for single objects. Further requests in that month get the same answer.
https://docs.github.com/billing/concepts/product-billing/git-lfs
https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md#response-errors
"""

import threading

from repo_backup.runtime.errors import RepositoryError

_OF_OWNER = frozenset({429, 507, 509})
_FORBIDDEN, _TOO_MANY = 403, 429
_QUOTA_WORDS = ("quota", "budget", "bandwidth")
"""GitHub's 403 for other reasons, such as a missing permission, has none of these."""
_REMEDY = (
    "the LFS bandwidth of {owner} is probably used up. It is renewed each month; {owner} can raise "
    "the budget for Git LFS in its billing settings. This run requests no more LFS objects of "
    "{owner}; the next one tries again"
)
_LATER = (
    "this run requests no more LFS objects of {owner}; the next one tries again. With a lower "
    "--max-lfs each run requests fewer"
)


class DownloadsRefusedError(RepositoryError):
    """The server refuses all LFS objects of a repository; ``of_owner``: all of its owner.

    ``status`` is the HTTP status, or 0 without a response.
    """

    def __init__(self, reason: str, status: int, *, of_owner: bool) -> None:
        super().__init__(reason)
        self.status = status
        self.of_owner = of_owner


def refused_batch(error: RepositoryError) -> DownloadsRefusedError | None:
    """Whether a failed batch request means that further ones will fail; None if not. Pure."""
    refusal = error.refusal
    if refusal is None:
        return None
    return _refused(str(error), refusal.status, refusal.message)


def refused_object(code: int, reason: str) -> DownloadsRefusedError | None:
    """The same for the error code of one object. Pure."""
    found = _refused(reason, code, reason)
    return found if found and found.of_owner else None


def remedy(error: DownloadsRefusedError, owner: str) -> str:
    """What the user can do, as text to follow the reason. ``owner`` is empty if it is unknown whom
    the server bills. Pure."""
    if not (error.of_owner and owner):
        return "this run requests no more of its LFS objects; the next one tries again"
    return (_LATER if error.status == _TOO_MANY else _REMEDY).format(owner=owner)


class RefusedOwners:
    """Owners whose LFS objects this run no longer requests. Safe for several threads."""

    def __init__(self) -> None:
        self._owners: set[str] = set()
        self._changing = threading.Lock()

    def __contains__(self, owner: str) -> bool:
        return owner.lower() in self._owners

    def add(self, owner: str) -> bool:
        """Stop requesting this owner's objects. Returns False if that was known already."""
        with self._changing:
            known = owner.lower() in self._owners
            self._owners.add(owner.lower())
        return not known


def _refused(reason: str, status: int, message: str) -> DownloadsRefusedError | None:
    if status in _OF_OWNER:
        return DownloadsRefusedError(reason, status, of_owner=True)
    if status == _FORBIDDEN:
        of_owner = any(word in message.lower() for word in _QUOTA_WORDS)
        return DownloadsRefusedError(reason, status, of_owner=of_owner)
    return None
