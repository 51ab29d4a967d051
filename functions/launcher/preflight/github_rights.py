"""Interprets GitHub's responses about the access of a token or a GitHub App. Pure.

Each function returns lines for the user, or none if nothing is missing. Only a run can find out
what a fine-grained token may do, because GitHub does not reveal it.
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
    """How many repositories of an owner GitHub shows; None if unknown.

    ``total`` is GitHub's own count. ``settled``: the kind of access alone determines whether
    private repositories are hidden.
    """

    owner: str
    public: int | None
    private: int | None
    total: int | None = None
    settled: bool = False

    @property
    def nothing(self) -> bool:
        """Whether there is certainly nothing to back up."""
        return self.public == 0 and self.private == 0


def access_text(seen: AccessReport) -> str:
    """The report as text: ``octo, 12 repositories seen (3 private)``."""
    if seen.public is None:
        return seen.owner
    number = seen.public + (seen.private or 0)
    unknown = "" if seen.private is not None else "public "
    private = f" ({seen.private} private)" if seen.private else ""
    noun = "repository" if number == 1 else "repositories"
    total = "" if seen.settled or seen.total is not None else ", total unknown"
    return f"{seen.owner}, {number} {unknown}{noun} seen{private}{total}"


def count_of_pages(link: str | None) -> int | None:
    """The number of the last page in a ``Link`` header: the number of items, at one per page.

    https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
    """
    return page_number(links_of(link or "").get("last", "")) or None


def without_token() -> list[str]:
    """For access without a token."""
    return [
        "public only: without a token no private repository is visible. Store a token that may "
        "read them and name it in GitHubTokenParameter, or use a GitHub App"
    ]


def of_scopes(header: str | None) -> list[str]:
    """From ``X-OAuth-Scopes``, a header that only responses to classic tokens have.

    https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    """
    if header is None or "repo" in (scope.strip() for scope in header.split(",")):
        return []
    return [
        "the token lacks the scope repo: private repositories are not visible. Add that scope, or "
        "create a fine-grained token for all repositories"
    ]


def of_total(seen: AccessReport) -> list[str]:
    """For repositories that GitHub counts but does not show; it never shows disabled ones."""
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
    """Whether a classic token's scopes alone determine what it hides of an account.

    Without ``repo`` it hides all private repositories, with it none of its own user. A member of an
    organization sees what the organization allows.
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
    """For a token of ``viewer`` that lists another user's repositories."""
    if kind == "Organization" or viewer.lower() == owner.lower():
        return []
    return [
        f"the token belongs to {viewer}: of {owner} it only sees public repositories, and private "
        f"ones on which {viewer} collaborates"
    ]


def of_private(private: int, owner: str) -> list[str]:
    """For a request for one private repository of the owner."""
    if private:
        return []
    return [f"the token sees no private repository of {owner}"]


def of_contents(refused: Refusal, repository: str) -> list[str]:
    """For git's refusal of a private repository that was just listed."""
    if refused.passing or refused.status in (0, 200):
        return []
    # GitHub answers 404 for what a token may not read.
    hidden = refused.status == 404 and not refused.remedy
    remedy = ": give it Contents (read-only)" if hidden else ""
    return [f"the token may list {repository} but not read it ({refused.reason}){remedy}"]


def of_single_sign_on(header: str | None, owner: str) -> list[str]:
    """From ``X-GitHub-SSO``, by which GitHub says that it withholds something.

    https://docs.github.com/rest/authentication/authenticating-to-the-rest-api
    """
    if not header:
        return []
    return [
        f"{owner} requires single sign-on: authorize the token for it in GitHub's settings, "
        "or its repositories are not backed up"
    ]


def of_installation(document: Mapping[str, Any], owner: str) -> list[str]:
    """From the API's description of a GitHub App's installation."""
    permissions = document.get("permissions") or {}
    notes = [
        f"the GitHub App lacks the permission {name.capitalize()} (read-only) at {owner}"
        for name in _NEEDED
        if name not in permissions
    ]
    return notes


def of_selection(document: Mapping[str, Any], owner: str) -> list[str]:
    """From the same description, whether the App may access all repositories."""
    selection = document.get("repository_selection")
    if selection == "all":
        return []
    if selection != "selected":
        return [f"GitHub does not say whether the GitHub App sees all repositories of {owner}"]
    return [
        f"the GitHub App is installed on selected repositories of {owner} only: other private "
        "ones are not visible. Choose All repositories in the installation's settings"
    ]


def of_no_answer(refused: Refusal, what: str) -> list[str]:
    """For a temporary error."""
    if refused.status == 200 or not refused.passing:
        return []
    answer = f"status {refused.reason}" if refused.status else f"no answer{refused.words}"
    return [f"GitHub could not be asked about {what} ({answer}): check again later"]


def of_refusal(refused: Refusal, what: str) -> list[str]:
    """For a response that stays the same until the user changes something."""
    if refused.status == 200 or refused.passing:
        return []
    answer = refused.reason if refused.status else refused.message
    return [f"GitHub does not show {what} ({answer})"]
