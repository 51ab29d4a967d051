"""Why GitHub refused a request: its own message first, then the remedy where one is known. Pure.

Both the API and git over HTTP answer with a status, headers and a body. The API's body is JSON:
https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api. git's is plain text,
which a git client prints after ``remote:``.
"""

import base64
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from backup_contract.text import MESSAGE_CHARACTERS, one_line

BODY_BYTES = 65536
"""So much of a refusal's body is worth reading; GitHub's have some hundred bytes."""
_MOST_ERRORS = 5
_REMOTE = re.compile(r"^(?:remote: ?)+", re.MULTILINE)
_TITLE = re.compile(r"<title[^<>]{0,100}>([^<]{1,300})", re.IGNORECASE)
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%/?=&+@-]*)?")
"""An address that holds nothing but what belongs into one; a fragment names an endpoint's page."""
_GENERAL_PAGE = re.compile(r"https://docs\.github\.com(?:/[^/]+)*/rest")
_PERMISSION = re.compile(r"([a-z_]{1,60})=([a-z]{1,20})")
_CALLED: Mapping[str, str] = {
    "repository_hooks": "Webhooks",
    "actions_variables": "Variables",
    "repository_advisories": "Repository security advisories",
    "organization_hooks": "Webhooks of the organization",
    "organization_custom_properties": "Custom properties",
    "organization_projects": "Projects of the organization",
}
"""Permissions that GitHub's pages call by another name than its answers do:
https://docs.github.com/rest/authentication/permissions-required-for-github-apps"""
_ORGANIZATION = re.compile(r"/orgs/([A-Za-z0-9_-]{1,100})/sso")
_ABOUT_NO_SCOPE = (
    "disabled",
    "locked",
    "migrat",
    "suspended",
    "blocked",
    "flagged",
    "lifetime",
    "forbids access",
    "rate limit",
)
"""By these words GitHub gives reasons that no scope would change."""
_ABOUT_A_PERMISSION = ("not accessible", "permission", "must have")
"""By these it says that one is lacking. The header that names it comes with other refusals, too."""
_CONTENTS_LACKING = "write access to repository not granted"
"""git's answer, to a read too, where a token lacks the permission Contents."""


ANOTHER_ROLE = "a role that the token's user does not have there"
"""What is needed where a classic token has the scope."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal. ``message`` is GitHub's, empty where it gave none; ``remedy`` is ours, empty
    where none is known for sure. ``passing``: the same question may be answered later. ``rights``
    are those that the question takes, empty where GitHub does not tell."""

    status: int
    message: str
    remedy: str = ""
    passing: bool = False
    rights: str = ""

    @property
    def reason(self) -> str:
        """Status, message and remedy: ``403: Sorry. Your account was suspended``."""
        return f"{self.status}{self.words}"

    @property
    def words(self) -> str:
        """The message and the remedy, to follow something: ``: MESSAGE; REMEDY``."""
        return "".join(
            (f": {self.message}" * bool(self.message), f"; {self.remedy}" * bool(self.remedy))
        )


def read_refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """What an answer that is none says. ``headers`` must find names in any case."""
    message = _message(status, body[:BODY_BYTES])
    limited = (
        headers.get("X-RateLimit-Remaining") == "0"
        or "Retry-After" in headers
        or "rate limit" in message.lower()
    )
    passing = status >= 500 or status in (408, 425, 429) or (status == 403 and limited)
    remedy = _remedy(status, headers, message)
    rights = _needed_rights(status, headers)
    if rights == ANOTHER_ROLE and (remedy or _has_another_cause(message)):
        rights = ""
    return Refusal(status, message, remedy, passing, rights)


def without_credentials(authorization: str, body: bytes) -> bytes:
    """The body without what the request's ``Authorization`` header held: a proxy may repeat it."""
    scheme, _, sent = authorization.partition(" ")
    secrets = [sent.encode()]
    if scheme == "Basic":
        secrets.append(base64.b64decode(sent).partition(b":")[2])
    for secret in filter(None, secrets):
        body = body.replace(secret, b"(token)")
    return body


def text_of(body: bytes) -> str:
    """A body that is no JSON on one line: git's plain text, or the title of a web page."""
    text = body[:BODY_BYTES].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        title = _TITLE.search(text)
        return f"a web page, titled '{_tidy(title[1])}'" if title else "a web page"
    return _tidy(_REMOTE.sub("", text))


def _message(status: int, body: bytes) -> str:
    document: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        document = json.loads(body)
    if not isinstance(document, dict):
        return text_of(body)
    message = _tidy(str(document.get("message") or ""))
    if message.rstrip(".") == _phrase(status):
        message = ""
    parts = [message] if message else []
    parts += list(_errors(document.get("errors")))
    parts += list(_block(document.get("block")))
    page = document.get("documentation_url")
    if message and isinstance(page, str) and _is_of_use(page):
        parts.append(f"see {page}")
    return one_line("; ".join(parts))


def _phrase(status: int) -> str:
    """The status's own name, which says nothing that the number does not."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _errors(errors: object) -> Iterator[str]:
    """The list beside the message: texts, or what is wrong with which field."""
    for each in errors[:_MOST_ERRORS] if isinstance(errors, list) else ():
        if isinstance(each, str):
            yield _tidy(each)
        elif isinstance(each, dict):
            fields = [each.get(name) for name in ("resource", "field", "code")]
            parts = each.get("message") or " ".join(str(field) for field in fields if field)
            if parts:
                yield _tidy(str(parts))


def _block(block: object) -> Iterator[str]:
    """Why GitHub took a repository down, and where its notice stands (status 451, and 403)."""
    if isinstance(block, dict):
        if block.get("reason"):
            yield f"reason: {_tidy(str(block['reason']))}"
        address = block.get("html_url")
        if isinstance(address, str) and _ADDRESS.fullmatch(address):
            yield f"see {address}"


def _is_of_use(page: str) -> bool:
    """Whether a page of the documentation explains the refusal, and not just the endpoint."""
    ours = page.startswith("https://docs.github.com/") and _ADDRESS.fullmatch(page)
    return bool(ours) and not _GENERAL_PAGE.fullmatch(page)


def _tidy(text: str) -> str:
    return one_line(" ".join(text[: MESSAGE_CHARACTERS * 2].split()))


def _remedy(status: int, headers: Mapping[str, str], message: str) -> str:
    """What to do; nothing unless GitHub names the cause."""
    plain = message.lower()
    if sign_on := headers.get("X-GitHub-SSO", ""):
        organization = _ORGANIZATION.search(sign_on)
        whose = organization[1] if organization else "the organization"
        return (
            f"{whose} requires single sign-on: authorize the token for it in GitHub's settings "
            "(Configure SSO, beside the token)"
        )
    if "ip allow list" in plain:
        return (
            "the list must contain the public address of the machine that asks (behind a NAT "
            "gateway it stays the same)"
        )
    if plain.startswith(_CONTENTS_LACKING):
        return "the token lacks the permission Contents (read)"
    if _has_another_cause(message):
        return ""
    if scope := _lacking_scope(status, headers):
        return scope
    lacking = not plain or any(phrase in plain for phrase in _ABOUT_A_PERMISSION)
    return _needed_permission(status, headers) if lacking else ""


def _has_another_cause(message: str) -> bool:
    """Whether GitHub names a cause that no scope and no role would change."""
    return any(cause in message.lower() for cause in _ABOUT_NO_SCOPE)


def _lacking_scope(status: int, headers: Mapping[str, str]) -> str:
    """Of a classic token, by what it has and what would do; any one of these is enough.

    https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
    """
    has, accepted = (headers.get(name) for name in ("X-OAuth-Scopes", "X-Accepted-OAuth-Scopes"))
    if status not in (403, 404) or has is None or not accepted:
        return ""
    wanted = _scopes(accepted)
    if not wanted or not {*wanted}.isdisjoint(_scopes(has)):
        return ""
    one_of = "one of the scopes" if len(wanted) > 1 else "the scope"
    return one_line(f"the token lacks {one_of} {', '.join(wanted)}")


def _needed_permission(status: int, headers: Mapping[str, str]) -> str:
    """Of a fine-grained token or an App: a comma is *and*, a semicolon is *or*.

    https://docs.github.com/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
    """
    if status != 403:
        return ""
    needed = _named_permissions(headers)
    return one_line(f"the permission that it takes: {needed}") if needed else ""


def _needed_rights(status: int, headers: Mapping[str, str]) -> str:
    """What the question takes of this kind of token: permissions, or one of several scopes."""
    if status not in (403, 404):
        return ""
    if needed := _named_permissions(headers):
        return one_line(needed)
    if (has := headers.get("X-OAuth-Scopes")) is None:
        return ""
    wanted = _scopes(headers.get("X-Accepted-OAuth-Scopes", ""))
    if wanted and not {*wanted}.isdisjoint(_scopes(has)):
        return ANOTHER_ROLE
    return one_line(f"scope {' or '.join(wanted)}") if wanted else ""


def _scopes(header: str) -> list[str]:
    return [scope for each in header.split(",") if (scope := each.strip())]


def _named_permissions(headers: Mapping[str, str]) -> str:
    """The permissions in ``X-Accepted-GitHub-Permissions``: ``Issues (read) or …``."""
    choices = [
        " and ".join(
            f"{_CALLED.get(name, name.replace('_', ' ').capitalize())} ({access})"
            for name, access in _PERMISSION.findall(choice)
            if access != "true"  # allows_permissionless_access=true
        )
        for choice in headers.get("X-Accepted-GitHub-Permissions", "").split(";")
    ]
    return " or ".join(choice for choice in choices if choice)
