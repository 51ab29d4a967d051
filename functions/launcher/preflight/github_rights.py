"""What GitHub's answers say about the rights of a token or of a GitHub App. Pure.

Each function returns lines for a person, empty when nothing is missing. What cannot be known up
front (a fine-grained token does not tell what it may do) the backup itself finds out and names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backup_contract.github_refusal import Refusal
from backup_contract.link_header import links_of, page_number

_NEEDED = ("contents", "metadata")
_EXPIRY_NOTICE_DAYS = 30


@dataclass(frozen=True, slots=True)
class AccessReport:
    """How many repositories of an owner GitHub shows; None is not known.

    ``total`` is GitHub's own count. ``settled`` is True where the kind of access alone tells
    whether private ones are hidden.
    """

    owner: str
    public: int | None
    private: int | None
    total: int | None = None
    settled: bool = False

    @property
    def nothing(self) -> bool:
        """Whether it is certain that there is nothing to back up."""
        return self.public == 0 and self.private == 0


def access_text(seen: AccessReport) -> str:
    """For a person: ``octo, 12 repositories seen (3 private)``."""
    if seen.public is None:
        return seen.owner
    number = seen.public + (seen.private or 0)
    unknown = "" if seen.private is not None else "public "
    private = f" ({seen.private} private)" if seen.private else ""
    noun = "repository" if number == 1 else "repositories"
    total = "" if seen.settled or seen.total is not None else ", total unknown"
    return f"{seen.owner}, {number} {unknown}{noun} seen{private}{total}"


def count_of_pages(link: str | None) -> int | None:
    """The last page's number out of a ``Link`` header: how many there are, at one a page.

    https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
    """
    return page_number(links_of(link or "").get("last", "")) or None


def of_nobody() -> list[str]:
    """Of access without a token."""
    return [
        "public only: without a token no private repository is visible. Store a token that may "
        "read them and name it in GitHubTokenParameter, or use a GitHub App"
    ]


def of_scopes(header: str | None) -> list[str]:
    """From ``X-OAuth-Scopes``, which answers to a classic token carry, and only they.

    https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    """
    if header is None or "repo" in (scope.strip() for scope in header.split(",")):
        return []
    return [
        "the token lacks the scope repo: private repositories are not seen. Give it that scope, or "
        "create a fine-grained token for all repositories"
    ]


def of_total(seen: AccessReport) -> list[str]:
    """Of what GitHub counts beyond what it shows; disabled repositories are never shown."""
    if seen.total is None or seen.public is None or seen.private is None:
        return []
    visible = seen.public + seen.private
    if visible >= seen.total:
        return []
    return [
        f"{visible} of {seen.total} repositories of {seen.owner} are visible: give the token "
        "access to all of them"
    ]


def settled(scopes: str | None, kind: str) -> bool:
    """Whether a classic token's scopes alone tell what it hides of an account.

    Without ``repo`` all that is private, with it nothing of its own user. A member of an
    organisation sees what he was given there.
    """
    return scopes is not None and (kind != "Organization" or bool(of_scopes(scopes)))


def of_expiry(header: str | None, now: datetime) -> list[str]:
    """From ``GitHub-Authentication-Token-Expiration``: ``2026-12-20 17:00:00 UTC`` or ``-0500``."""
    try:
        text = (header or "").replace("UTC", "+0000")
        ends_at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return []
    days = (ends_at - now).days
    return [f"the token expires in {days} days"] if days <= _EXPIRY_NOTICE_DAYS else []


def of_owner(viewer: str, owner: str, kind: str) -> list[str]:
    """Of a token that belongs to ``viewer`` and is to list a user's repositories."""
    if kind == "Organization" or viewer.lower() == owner.lower():
        return []
    return [
        f"the token belongs to {viewer}: of {owner} it sees what is public, and private "
        f"repositories on which {viewer} collaborates"
    ]


def of_private(private: int, owner: str) -> list[str]:
    """Of a listing that asked for one private repository of the owner."""
    if private:
        return []
    return [f"the token sees no private repository of {owner}"]


def of_contents(refused: Refusal, repository: str) -> list[str]:
    """Of git's refusal for a private repository that was listed a moment ago."""
    if refused.passing or refused.status in (0, 200):
        return []
    # GitHub hides what a token must not read.
    hidden = refused.status == 404 and not refused.remedy
    remedy = ": give it Contents (read-only)" if hidden else ""
    return [f"the token may list {repository} but not read it ({refused.reason}){remedy}"]


def of_single_sign_on(header: str | None, owner: str) -> list[str]:
    """From ``X-GitHub-SSO``, with which GitHub says that it holds something back.

    https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
    """
    if not header:
        return []
    return [
        f"{owner} requires single sign-on: authorise the token for it in GitHub's settings, "
        "or its repositories are left out"
    ]


def of_installation(document: Mapping[str, Any], owner: str) -> list[str]:
    """From a GitHub App's installation as the API describes it."""
    permissions = document.get("permissions") or {}
    notes = [
        f"the GitHub App lacks the permission {name.capitalize()} (read-only) at {owner}"
        for name in _NEEDED
        if name not in permissions
    ]
    return notes


def of_selection(document: Mapping[str, Any], owner: str) -> list[str]:
    """From the same, whether the App was given all repositories."""
    selection = document.get("repository_selection")
    if selection == "all":
        return []
    if selection != "selected":
        return [f"GitHub does not say whether the GitHub App sees all repositories of {owner}"]
    return [
        f"the GitHub App is installed on selected repositories of {owner} only: other private "
        "ones are not seen. Choose All repositories in the installation's settings"
    ]


def of_silence(refused: Refusal, what: str) -> list[str]:
    """Of an answer from which nothing can be learnt now, and something later."""
    if refused.status == 200 or not refused.passing:
        return []
    answer = f"status {refused.reason}" if refused.status else f"no answer{refused.words}"
    return [f"GitHub could not be asked about {what} ({answer}): check again later"]


def of_refusal(refused: Refusal, what: str) -> list[str]:
    """Of an answer that stays the same until somebody does something about it."""
    if refused.status == 200 or refused.passing:
        return []
    answer = refused.reason if refused.status else refused.message
    return [f"GitHub does not show {what} ({answer})"]
