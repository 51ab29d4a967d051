"""Reads the facts that the preflight needs from GitHub: owners, and the token's or App's access."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3
from aws_lambda_powertools import Logger

from backup_contract.app_jwt import app_token
from backup_contract.github_names import CREDENTIAL, OWNER
from backup_contract.github_refusal import Refusal, read_refusal, without_credentials
from backup_contract.text import one_line
from backup_contract.tls_failure import tls_failure
from backup_contract.visibility import count
from launcher.preflight import github_rights as rights
from launcher.preflight.github_rights import AccessReport, settled
from launcher.preflight.secrets import Secrets
from shared.errors import RefusedError

_OWNER = re.compile(OWNER)
_TOKEN = re.compile(CREDENTIAL)
_TIMEOUT = urllib3.Timeout(connect=3, read=5)
_MOST_BYTES = 1 << 20


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of GitHub. ``status`` is 0 if there was none."""

    status: int
    headers: urllib3.HTTPHeaderDict
    document: Any
    refused: Refusal

    def field(self, name: str) -> Any:
        """A field of the document; None if it is missing."""
        return self.document.get(name) if isinstance(self.document, dict) else None

    @property
    def absent(self) -> bool:
        """Whether the 404 comes from the API itself and not from a proxy in front of it."""
        return self.status == 404 and self.field("message") == "Not Found"


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """GitHub's view of the owners: ``seen`` has an entry for each owner.

    ``notes`` are lines about missing permissions, ``limits`` lines about hidden repositories, each
    with the remedy.
    """

    notes: list[str]
    seen: list[AccessReport]
    limits: list[str]


@dataclass(frozen=True, slots=True)
class GitHub:
    """GitHub's API for the preflight. ``app_id`` is empty unless an App is used."""

    http: urllib3.PoolManager
    secrets: Secrets
    api_url: str
    app_id: str
    log: Logger
    now: Callable[[], datetime] = _now

    def check(self, owners: tuple[str, ...]) -> None:
        """Raise :class:`RefusedError` for an owner, token or App that is definitely wrong.

        That is a malformed name, GitHub's own 404 for an owner or an App's installation, or its 401
        for the token or the App's signature. Other problems of GitHub are only logged: they must
        not prevent a scheduled backup.
        """
        _check_names(owners)
        if self.app_id:
            self._installations(owners)
            return
        token = self.secrets.token()
        for owner in owners:
            self._owner(owner, token)

    def access(self, owners: tuple[str, ...]) -> GitHubAccess:
        """Like :meth:`check`, and find missing permissions and hidden repositories as far as
        possible."""
        _check_names(owners)
        if self.app_id:
            notes, limits = self._installations(owners)
            return GitHubAccess(notes, [], limits)
        token = self.secrets.token()
        notes, limits = [], []
        seen: list[AccessReport] = []
        for owner in owners:
            account = self._owner(owner, token)
            notes += rights.of_no_answer(account.refused, owner)
            limits += rights.of_refusal(account.refused, owner)
            public = account.field("public_repos")
            one = AccessReport(owner, public if type(public) is int else None, None if token else 0)
            if not token and account.status == 200:
                limits += rights.without_token()
            elif account.status == 200:
                scopes = account.headers.get("X-OAuth-Scopes")
                limits += rights.of_scopes(scopes)
                expiry = account.headers.get("GitHub-Authentication-Token-Expiration")
                notes += rights.of_expiry(expiry, self.now())
                kind = str(account.field("type"))
                found, hidden, one = self._private(one, kind, token)
                one = replace(one, settled=one.private is not None and settled(scopes, kind))
                notes += found
                limits += hidden
                limits += rights.of_total(one)
            seen.append(one if token else replace(one, settled=True))
        return GitHubAccess(list(dict.fromkeys(notes)), seen, list(dict.fromkeys(limits)))

    def _private(
        self, seen: AccessReport, kind: str, token: str
    ) -> tuple[list[str], list[str], AccessReport]:
        """Check the token with one private repository of the owner, and count the private ones.

        Returns notes, limits (as in :class:`GitHubAccess`) and the report with the count.
        """
        owner, counted = seen.owner, f"/orgs/{seen.owner}"
        path = f"/orgs/{owner}/repos?type=private&per_page=1"
        if kind != "Organization":
            counted, path = "/user", "/user/repos?affiliation=owner&visibility=private&per_page=1"
        account = self.get(counted, token)
        if kind != "Organization":
            if account.status != 200:
                what = "whose the token is"
                notes = rights.of_no_answer(account.refused, what)
                return notes, rights.of_refusal(account.refused, what), seen
            viewer = str(account.field("login") or "")
            if notes := rights.of_owner(viewer, owner, kind):
                return (notes if viewer else []), [], seen
        seen = replace(seen, total=count(account.document))
        listed = self.get(path, token)
        what = f"the private repositories of {owner}"
        if listed.status != 200:
            notes = rights.of_no_answer(listed.refused, what)
            return notes, rights.of_refusal(listed.refused, what), seen
        if hidden := rights.of_single_sign_on(listed.headers.get("X-GitHub-SSO"), owner):
            return [], hidden, seen
        if not isinstance(listed.document, list):
            return [], [f"GitHub does not show {what} (its answer is no list)"], seen
        private = [each for each in listed.document if isinstance(each, dict)]
        private = [each for each in private if each.get("private")]
        if not private:
            return rights.of_private(0, owner), [], replace(seen, private=0)
        number = rights.count_of_pages(listed.headers.get("Link")) or len(private)
        notes = rights.of_contents(*self._contents(private[0], token))
        return notes, [], replace(seen, private=number)

    def _contents(self, repository: dict[str, Any], token: str) -> tuple[Refusal, str]:
        """The response to git's request for the repository's refs, and the repository's name."""
        name = one_line(str(repository.get("full_name")))
        if not all(_OWNER.fullmatch(part.replace(".", "-")) for part in name.split("/")):
            return Refusal(0, ""), name
        # Built here and not taken from the response, so that the token goes to no other address.
        api = urlsplit(self.api_url)
        host = f"{api.scheme}://{api.netloc.removeprefix('api.')}"
        credentials = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        url = f"{host}/{name}.git/info/refs?service=git-upload-pack"
        return self._ask(url, f"Basic {credentials}").refused, name

    def _installations(self, owners: tuple[str, ...]) -> tuple[list[str], list[str]]:
        """The missing permissions of the installations, and what they hide."""
        notes: list[str] = []
        limits: list[str] = []
        for owner in owners:
            self._owner(owner, "")
            answer = self.installation(owner)
            if answer.status == 401:
                raise RefusedError(
                    "GitHubAppId",
                    f"GitHub rejects the signature of App {self.app_id} ({answer.refused.reason}).",
                    "GitHubAppId and the key in GitHubAppKeyParameter must be of the same App.",
                )
            if answer.absent:
                raise RefusedError(
                    "GitHubAppId",
                    f"App {self.app_id} is not installed at {owner}.",
                    "Install it there: on GitHub, Settings, Developer settings, GitHub Apps, Edit, "
                    "Install App.",
                )
            if answer.field("suspended_at"):
                raise RefusedError(
                    "GitHubAppId",
                    f"the installation of App {self.app_id} at {owner} is suspended.",
                    "Unsuspend it in the account's settings, under Applications.",
                )
            what = f"the App's installation at {owner}"
            notes += rights.of_no_answer(answer.refused, what)
            limits += rights.of_refusal(answer.refused, what)
            if answer.status == 200 and isinstance(answer.document, dict):
                notes += rights.of_installation(answer.document, owner)
                limits += rights.of_selection(answer.document, owner)
        return notes, limits

    def installation(self, owner: str) -> Answer:
        """The App's installation at an owner. Raises RefusedError for an invalid key."""
        signature = app_token(self.app_id, self.secrets.app_key(), self.now())
        answer = self.get(f"/users/{owner}/installation", signature)
        if answer.absent:
            answer = self.get(f"/orgs/{owner}/installation", signature)
        return answer

    def _owner(self, owner: str, token: str) -> Answer:
        answer = self.get(f"/users/{owner}", token)
        if answer.status == 401 and token:
            name = self.secrets.token_parameter
            raise RefusedError(
                "GitHubTokenParameter",
                f"GitHub rejects the token in {name} ({answer.refused.reason}).",
                "Create a new token and store it: aws ssm put-parameter --overwrite "
                f"--type SecureString --name {name} --value YOUR_TOKEN",
            )
        if answer.absent:
            raise RefusedError(
                "GitHubOwner",
                f"GitHub knows no account named {owner}.",
                "Correct the name and deploy again; it is the NAME of https://github.com/NAME.",
            )
        return answer

    def get(self, path: str, token: str) -> Answer:
        """GET a path of the API. Any status is returned; 0 if GitHub does not respond."""
        return self._ask(f"{self.api_url}{path}", f"Bearer {token}" if token else "")

    def graphql(self, query: str, variables: Mapping[str, str], token: str) -> Answer:
        """The response to a query, whatever its status."""
        # On an Enterprise Server REST is below /api/v3, and GraphQL at /api/graphql.
        url = f"{self.api_url.removesuffix('/v3')}/graphql"
        question = json.dumps({"query": query, "variables": variables}).encode()
        return self._ask(url, f"Bearer {token}", question)

    def _ask(self, url: str, authorization: str, question: bytes | None = None) -> Answer:
        headers = {"Accept": "application/vnd.github+json", "User-Agent": "online-backup"}
        if authorization:
            headers["Authorization"] = authorization
        try:
            answer = self.http.request(
                "POST" if question else "GET",
                url,
                body=question,
                headers=headers,
                timeout=_TIMEOUT,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            body = answer.read(_MOST_BYTES, decode_content=True)
            answer.close()
        except urllib3.exceptions.HTTPError as error:
            untrusted = tls_failure(error)
            detail = untrusted or type(error).__name__
            self.log.warning("GitHub could not be asked", extra={"problem": detail})
            silence = Refusal(0, detail, passing=not untrusted)
            return Answer(0, urllib3.HTTPHeaderDict(), None, silence)
        refused = Refusal(answer.status, "")
        if answer.status != 200:
            shown = without_credentials(authorization, body)
            refused = read_refusal(answer.status, answer.headers, shown)
        if answer.status not in (200, 401, 404):
            extra = {"status": answer.status, "reason": refused.reason}
            self.log.warning("GitHub gave no answer of use", extra=extra)
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        return Answer(answer.status, answer.headers, document, refused)


def _check_names(owners: tuple[str, ...]) -> None:
    if not owners:
        raise RefusedError(
            "GitHubOwner", "it is empty.", "Name the user or organization to back up."
        )
    for owner in owners:
        if _TOKEN.search(owner):
            raise RefusedError(
                "GitHubOwner",
                "it holds a token, and everyone who may see the stack can read it there.",
                "Name the account, revoke this token, and store a new one as the README shows.",
            )
        if not _OWNER.fullmatch(owner):
            raise RefusedError(
                "GitHubOwner",
                f"{owner!r} is not a GitHub account name.",
                "Give the name as in https://github.com/NAME, several separated by commas.",
            )
