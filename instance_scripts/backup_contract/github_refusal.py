"""Why GitHub refused a request: GitHub's own message, then the remedy if one is known. Pure.

Responses of the API and of git over HTTP have a status, headers and a body. The API's body is JSON:
https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api. Git's is plain text,
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
"""How much of a refusal's body is read. GitHub's bodies have a few hundred bytes."""
_MOST_ERRORS = 5
_REMOTE = re.compile(r"^(?:remote: ?)+", re.MULTILINE)
_TITLE = re.compile(r"<title[^<>]{0,100}>([^<]{1,300})", re.IGNORECASE)
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%/?=&+@-]*)?")
"""A URL without unusual characters and without a fragment, which would point to an endpoint."""
_GENERAL_PAGE = re.compile(r"https://docs\.github\.com(?:/[^/]+)*/rest")
_PERMISSION = re.compile(r"([a-z_]{1,60})=([a-z]{1,20})")
_DOCUMENTED_NAMES: Mapping[str, str] = {
    "repository_hooks": "Webhooks",
    "actions_variables": "Variables",
    "repository_advisories": "Repository security advisories",
    "organization_hooks": "Webhooks of the organization",
    "organization_custom_properties": "Custom properties",
    "organization_projects": "Projects of the organization",
}
"""Permissions whose name in GitHub's documentation differs from that in its responses:
https://docs.github.com/rest/authentication/permissions-required-for-github-apps"""
_ORGANIZATION = re.compile(r"/orgs/([A-Za-z0-9_-]{1,100})/sso")
_OTHER_CAUSES = (
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
"""Words in GitHub's messages about causes that another scope would not change."""
_MISSING_PERMISSION = ("not accessible", "permission", "must have")
"""Words in its messages about a missing permission. The header that names the permission comes
with other refusals, too."""
_MISSING_CONTENTS = "write access to repository not granted"
"""Git's message, even to a read, if a token lacks the permission Contents."""


ANOTHER_ROLE = "a role that the token's user does not have there"
"""What is missing if a classic token has the scope."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused request.

    ``message`` is GitHub's, or empty. ``remedy`` is ours, and empty unless it is certain.
    ``passing``: the same request may succeed later. ``rights`` are the permissions that the request
    needs; empty if GitHub does not name them.
    """

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
        """Message and remedy, to be appended to a text: ``: MESSAGE; REMEDY``."""
        return "".join(
            (f": {self.message}" * bool(self.message), f"; {self.remedy}" * bool(self.remedy))
        )


def read_refusal(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """Interpret an error response. ``headers`` must ignore the case of names."""
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
    """The body without the request's ``Authorization`` value, which a proxy may have repeated."""
    scheme, _, sent = authorization.partition(" ")
    secrets = [sent.encode()]
    if scheme == "Basic":
        secrets.append(base64.b64decode(sent).partition(b":")[2])
    for secret in filter(None, secrets):
        body = body.replace(secret, b"(token)")
    return body


def text_of(body: bytes) -> str:
    """A body that is not JSON, on one line: git's plain text, or the title of a web page."""
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
    """The standard phrase of a status, which adds nothing to the number."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _errors(errors: object) -> Iterator[str]:
    """The list of errors beside the message: texts, or objects about one field each."""
    for each in errors[:_MOST_ERRORS] if isinstance(errors, list) else ():
        if isinstance(each, str):
            yield _tidy(each)
        elif isinstance(each, dict):
            fields = [each.get(name) for name in ("resource", "field", "code")]
            parts = each.get("message") or " ".join(str(field) for field in fields if field)
            if parts:
                yield _tidy(str(parts))


def _block(block: object) -> Iterator[str]:
    """Why GitHub took a repository down, and the address of its notice (status 451 or 403)."""
    if isinstance(block, dict):
        if block.get("reason"):
            yield f"reason: {_tidy(str(block['reason']))}"
        address = block.get("html_url")
        if isinstance(address, str) and _ADDRESS.fullmatch(address):
            yield f"see {address}"


def _is_of_use(page: str) -> bool:
    """Whether a page of the documentation explains the refusal, not only the endpoint."""
    ours = page.startswith("https://docs.github.com/") and _ADDRESS.fullmatch(page)
    return bool(ours) and not _GENERAL_PAGE.fullmatch(page)


def _tidy(text: str) -> str:
    return one_line(" ".join(text[: MESSAGE_CHARACTERS * 2].split()))


def _remedy(status: int, headers: Mapping[str, str], message: str) -> str:
    """What to do; empty unless GitHub names the cause."""
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
            "the list must contain the public address of the machine that sends the request "
            "(behind a NAT gateway it stays the same)"
        )
    if plain.startswith(_MISSING_CONTENTS):
        return "the token lacks the permission Contents (read)"
    if _has_another_cause(message):
        return ""
    if scope := _lacking_scope(status, headers):
        return scope
    lacking = not plain or any(phrase in plain for phrase in _MISSING_PERMISSION)
    return _needed_permission(status, headers) if lacking else ""


def _has_another_cause(message: str) -> bool:
    """Whether GitHub names a cause that another scope or role would not change."""
    return any(cause in message.lower() for cause in _OTHER_CAUSES)


def _lacking_scope(status: int, headers: Mapping[str, str]) -> str:
    """The scopes that a classic token lacks, as a remedy. Any one of them is enough.

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
    """The permissions that a fine-grained token or an App lacks, as a remedy.

    In GitHub's header a comma means *and*, a semicolon *or*.
    https://docs.github.com/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
    """
    if status != 403:
        return ""
    needed = _named_permissions(headers)
    return one_line(f"the permission that it needs: {needed}") if needed else ""


def _needed_rights(status: int, headers: Mapping[str, str]) -> str:
    """What the request needs with this kind of token: permissions, or one of several scopes."""
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
            f"{_DOCUMENTED_NAMES.get(name, name.replace('_', ' ').capitalize())} ({access})"
            for name, access in _PERMISSION.findall(choice)
            if access != "true"  # allows_permissionless_access=true
        )
        for choice in headers.get("X-Accepted-GitHub-Permissions", "").split(";")
    ]
    return " or ".join(choice for choice in choices if choice)
