"""Access to GitHub by what the environment has: a token, a GitHub App, or neither."""

import math
import os
import re
import time
from collections.abc import Sequence

from backup_contract.app_jwt import PrivateKey, PrivateKeyError
from backup_contract.github_names import APP_ID, CREDENTIAL
from repo_backup.aws.ssm import read_parameter
from repo_backup.hosts.github.api.allowance import Allowance
from repo_backup.hosts.github.app_installations import AppSignature, Installations
from repo_backup.hosts.github.client import GitHub
from repo_backup.hosts.github.creation import CreationGate, GitHubOwner
from repo_backup.hosts.github.data.reader import GitHubData
from repo_backup.net.credentials import Credentials, Token
from repo_backup.net.http import Http
from repo_backup.net.origins import is_private
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import UsageError
from repo_backup.runtime.retry import RetryPolicy

DEFAULT_API_URL = "https://api.github.com"
_LISTING_CONNECTIONS = 4
_CREATION_STALL_SECONDS = 60.0
_DEADLINE = "ONLINE_BACKUP_DEADLINE_MINUTES"
_MINUTES_FOR_THE_END = 15
"""Five for the restore drill, five in which the instance stops the program, and some to spare."""
_APP = re.compile(APP_ID)
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    r"(?P<path>(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)"
)
_TOKEN = re.compile(CREDENTIAL)
_PRINTABLE = re.compile(r"[!-~]+")


def connect(
    owners: Sequence[str], stop: CancellationToken, stall_seconds: float, jobs: int
) -> tuple[GitHub, Http]:
    """The API, and the HTTP client for git, which shares its rate limits.

    Raises UsageError for a combination that cannot work, and FatalError if a parameter cannot be
    read.
    """
    api_url = api_address()
    rate_limit_gate = RateLimitGate(stop)
    app, token = os.environ.get("GITHUB_APP_ID", "").strip(), github_token()
    credentials: Credentials = Token(token)
    installations = None
    if app:
        if token:
            raise UsageError("give GITHUB_TOKEN or GITHUB_APP_ID, not both")
        if not owners:
            raise UsageError("name an --owner: a GitHub App sees one account at a time")
        signing = Http(
            AppSignature(app, _app_key(app)),
            rate_limit_gate,
            stall_seconds=stall_seconds,
            connections=1,
        )
        credentials = installations = Installations(signing, api_url, owners)
    elif not owners and not token:
        raise UsageError("name an --owner, or give GITHUB_TOKEN to back up all that it can see")
    http = Http(
        credentials,
        rate_limit_gate,
        stall_seconds=stall_seconds,
        connections=jobs + _LISTING_CONNECTIONS,
    )
    return GitHub(http, api_url, RetryPolicy(stop), installations), http


def new_owner(login: str, token: str | None, stop: CancellationToken, jobs: int) -> GitHubOwner:
    """Look up the account in which to create repositories.

    Raises UsageError without a token, and FatalError if nothing can be created there.
    """
    if not token:
        raise UsageError("--push-to-owner: give GITHUB_TOKEN; the token creates the repositories")
    http = Http(
        Token(token), RateLimitGate(stop), stall_seconds=_CREATION_STALL_SECONDS, connections=jobs
    )
    owner = GitHubOwner(http, api_address(), RetryPolicy(stop), CreationGate(stop), login)
    owner.look_up()
    return owner


def project_data(http: Http, stop: CancellationToken, share_percent: int = 80) -> GitHubData | None:
    """The reader of project data, which uses git's HTTP client; None without a token.

    GitHub allows only 60 requests an hour without one. Requests that would have to wait beyond the
    attempt's deadline, which the environment names, are left to the next run. ``share_percent`` is
    the largest share of each hour's limits to use.
    """
    if not http.has_token:
        return None
    ends_at = time.monotonic() + _seconds_left()
    allowance = Allowance(stop, share=share_percent / 100, ends_at=ends_at)
    one_token = not os.environ.get("GITHUB_APP_ID", "").strip()
    return GitHubData(http, api_address(), RetryPolicy(stop), allowance, one_token=one_token)


def _seconds_left() -> float:
    """How long waits for GitHub's limits may last, to leave time for the drill and the marker."""
    minutes = os.environ.get(_DEADLINE, "")
    if not re.fullmatch("[0-9]{1,6}", minutes):
        return math.inf
    return max(0, int(minutes) - _MINUTES_FOR_THE_END) * 60.0


def api_address() -> str:
    """The API URL of GitHub, or of the Enterprise server that the environment names.

    Raises UsageError if it cannot be one, and for http:// to a host outside a private network:
    the token would be sent in the clear.
    """
    address = os.environ.get("GITHUB_API_URL", "").strip().rstrip("/") or DEFAULT_API_URL
    if "://" not in address:
        raise _no_api(address, f"it must begin with https://, as https://{address}")
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise _no_api(address, "give https://HOST/api/v3 as GitHub Enterprise Server has it")
    scheme, host, path = found["scheme"], found["host"].lower(), found["path"]
    if scheme == "http" and not is_private(host):
        raise _no_api(address, "the token would go in clear; give https://")
    if host in ("github.com", "www.github.com") or (host == "api.github.com" and path):
        raise _no_api(address, f"GitHub's is {DEFAULT_API_URL}")
    return address


def _no_api(address: str, why: str) -> UsageError:
    # Do not show credentials in the URL: they are after the scheme and before an @.
    shown = re.sub(r"//[^/]*@", "//…@", address)
    return UsageError(f"GITHUB_API_URL: {shown!r} is not the address of an API: {why}")


def github_token() -> str | None:
    """The token from the environment, or from the parameter store; never written anywhere."""
    token = _secret("GITHUB_TOKEN")
    if token and not _PRINTABLE.fullmatch(token):
        raise UsageError("the GitHub token contains blanks or line breaks; set it again")
    return token or None


def _app_key(app: str) -> PrivateKey:
    if not _APP.fullmatch(app):
        raise UsageError(f"GITHUB_APP_ID: {app!r} is neither an App's id nor its client id")
    text = _secret("GITHUB_APP_KEY")
    if not text:
        raise UsageError(
            "GITHUB_APP_ID needs the App's private key: set GITHUB_APP_KEY, or "
            "GITHUB_APP_KEY_PARAMETER"
        )
    try:
        return PrivateKey.from_pem(text)
    except PrivateKeyError as error:
        raise UsageError(f"the GitHub App's private key cannot be used: {error}") from error


def _secret(name: str) -> str:
    """The secret in this variable, or in the SSM parameter that ``<name>_PARAMETER`` names.

    The variable is removed from the environment, so that no child process inherits it.
    """
    value = os.environ.pop(name, "").strip()
    parameter = os.environ.get(f"{name}_PARAMETER", "")
    if _TOKEN.match(parameter):
        raise UsageError(f"{name}_PARAMETER names an SSM parameter; set {name} to the token itself")
    return value or (read_parameter(parameter).strip() if parameter else "")
