"""Which fields of GitHub's answers are never saved, and which say nothing of a change. Pure.

The one table of both. A field is removed wherever it stands in an answer. What GitHub counts or
stamps by itself would make every run save the same again; it goes, too, except where it is the only
place that tells something.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

SECRET: frozenset[str] = frozenset(
    {"temp_clone_token", "secret", "token", "password", "encrypted_value", "client_secret"}
)
"""Fields that hold something that opens a door, in whatever object."""

SECRET_IN_URL = re.compile(
    r"(?P<name>[?&](?:jwt|token|access_token|secret|password|api_key|apikey|key|sig|signature|auth"
    r"|X-Amz-(?:Signature|Credential|Security-Token))=)[^&\s\"'<>)\]]+",
    re.IGNORECASE,
)
"""Parameters by which a URL opens something: GitHub signs those of attachments and of storage."""
_URL_IN_TEXT = re.compile(r"https?://[^\s\"'<>)\]]+", re.IGNORECASE)
_SIGNED = re.compile(
    r"https?://(?:[a-z0-9-]+\.)*(?:githubusercontent\.com|blob\.core\.windows\.net)/"
    r"|.*[?&]X-Amz-Signature=",
    re.IGNORECASE,
)
"""URLs that GitHub may sign when it shows a text. Everything else in a text is its author's."""
_USER_IN_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{1,20}://)[^/\s@\"'<>]{1,2000}@", re.IGNORECASE
)
_REMOVED = "(removed)"

NO_CHANGE: Mapping[str, frozenset[str]] = {
    "repository": frozenset(
        {
            "pushed_at", "updated_at", "size", "stargazers_count", "watchers_count", "watchers",
            "forks_count", "forks", "open_issues_count", "open_issues", "subscribers_count",
            "network_count", "permissions", "score",
        }
    ),
    # Only the single object has these. GitHub works some of them out whenever it likes.
    "pull": frozenset(
        {
            "mergeable", "mergeable_state", "rebaseable", "merged", "merged_by", "comments",
            "review_comments", "maintainer_can_modify", "commits", "additions", "deletions",
            "changed_files",
        }
    ),
    "milestone": frozenset({"open_issues", "closed_issues"}),
    "account": frozenset(
        {
            "public_repos", "public_gists", "followers", "following", "updated_at", "disk_usage",
            "total_private_repos", "owned_private_repos", "private_gists", "collaborators",
            "plan",
        }
    ),
    "asset": frozenset({"download_count"}),
    "hook": frozenset({"last_response"}),
    "key": frozenset({"last_used"}),
}  # fmt: skip
"""By what an object is: counters, stamps, and what the viewer may do."""

_EMBEDDED_REPOSITORY = frozenset(
    {"id", "node_id", "name", "full_name", "owner", "private", "fork", "html_url"}
)
"""What is kept of a repository inside another object, as a pull request's ``head.repo``."""
_HOLDERS: Mapping[str, str] = {"milestone": "milestone", "assets": "asset"}
"""By the field's name: what the objects in it are."""


def clean(document: Any, kind: str = "") -> Any:
    """The document as it is saved. ``kind`` is what it is, where it has fields of no change."""
    if isinstance(document, dict):
        return _clean_object(document, NO_CHANGE.get(kind, frozenset()))
    if isinstance(document, list):
        return [clean(each, kind) for each in document]
    return clean_text(document) if isinstance(document, str) else document


def _clean_object(document: dict[str, Any], gone: frozenset[str]) -> dict[str, Any]:
    """Most of a run's time is spent here: a field that needs nothing done takes no call."""
    cleaned = {}
    for name, value in document.items():
        if name in SECRET or name in gone:
            continue
        if isinstance(value, str):
            cleaned[name] = _clean_string(name, value) if "://" in value else value
        elif isinstance(value, dict | list):
            cleaned[name] = _inside(name, value)
        else:
            cleaned[name] = value
    return cleaned


def _inside(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        if name in ("repo", "repository", "template_repository") and "full_name" in value:
            return {each: clean(value[each]) for each in value if each in _EMBEDDED_REPOSITORY}
        if name == "config":
            return _hook_config(value)
    return clean(value, _HOLDERS.get(name, ""))


def _hook_config(config: dict[str, Any]) -> dict[str, Any]:
    """A webhook's address may be a secret by itself (Slack's, Discord's): host and path stay only
    as far as the host's name."""
    cleaned: dict[str, Any] = clean(config)
    url = cleaned.get("url")
    if isinstance(url, str):
        cleaned["url"] = _origin(url)
    return cleaned


def _origin(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    host = rest.split("/", 1)[0].split("?", 1)[0]
    return f"{scheme}{separator}{host}/{_REMOVED}" if separator else _REMOVED


def _clean_string(name: str, value: str) -> str:
    is_url = name.endswith(("url", "Url", "href"))
    return clean_url(value) if is_url else clean_text(value)


def clean_url(url: str) -> str:
    """An address that GitHub gives, without the parts that open something."""
    return _USER_IN_URL.sub(r"\g<scheme>", SECRET_IN_URL.sub(_replaced, url))


def clean_text(text: str) -> str:
    """What somebody wrote, as it is, but for what GitHub signs in it anew with each answer."""
    if "://" not in text or "=" not in text:
        return text
    return _URL_IN_TEXT.sub(_unsigned, text)


def _unsigned(url: re.Match[str]) -> str:
    return SECRET_IN_URL.sub(_replaced, url[0]) if _SIGNED.match(url[0]) else url[0]


_replaced: Callable[[re.Match[str]], str] = lambda found: found["name"] + _REMOVED  # noqa: E731
