"""Asks GitHub whose repositories the demo would back up, before anything is built."""

from backup_contract.text import size
from local_cloud.session import SessionError
from repo_backup.hosts.github.client import GitHub
from repo_backup.net.credentials import Token
from repo_backup.net.http import Http
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import BackupError
from repo_backup.runtime.retry import RetryPolicy

_STALL_SECONDS = 15.0
_KIB = 1024


def ask(owner: str, api_url: str, token: str) -> str:
    """The number of the account's repositories, as text.

    Raises :class:`SessionError` if it has none.
    """
    stop = CancellationToken()
    http = Http(
        Token(token or None), RateLimitGate(stop), stall_seconds=_STALL_SECONDS, connections=1
    )
    github = GitHub(http, api_url, RetryPolicy(stop))
    try:
        found = github.repositories(owner, github.viewer())
    except BackupError as error:
        raise SessionError(
            f"GitHub cannot be asked for {owner}'s repositories.", str(error)
        ) from error
    if not found:
        seen = "GITHUB_TOKEN sees" if token else "without GITHUB_TOKEN there are"
        raise SessionError(f"There is nothing to back up: {seen} no repositories of {owner}.")
    count = f"{len(found)} {'repository' if len(found) == 1 else 'repositories'}"
    return f"{count}, {size(sum(each.size_kib for each in found) * _KIB)} by GitHub's estimate"
