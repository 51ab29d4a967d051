"""The fields of GitHub's responses that are never saved: secrets, and fields that always change.

A secret is removed wherever it is in a response. Counters and dates that GitHub updates by itself
would make every run save an unchanged object again. They are removed too, unless nothing else shows
what they do. Pure.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

SECRET: frozenset[str] = frozenset(
    {"temp_clone_token", "secret", "token", "password", "encrypted_value", "client_secret"}
)
"""Fields with secrets, in any object."""

SECRET_IN_URL = re.compile(
    r"(?P<name>[?&](?:jwt|token|access_token|secret|password|api_key|apikey|key|sig|signature|auth"
    r"|X-Amz-(?:Signature|Credential|Security-Token))=)[^&\s\"'<>)\]]+",
    re.IGNORECASE,
)
"""URL parameters that grant access. GitHub signs the URLs of attachments and of its storage."""
_URL_IN_TEXT = re.compile(r"https?://[^\s\"'<>)\]]+", re.IGNORECASE)
_SIGNED = re.compile(
    r"https?://(?:[a-z0-9-]+\.)*(?:githubusercontent\.com|blob\.core\.windows\.net)/"
    r"|.*[?&]X-Amz-Signature=",
    re.IGNORECASE,
)
"""URLs that GitHub may sign when it returns a text. The rest of a text is its author's."""
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
    # Only the single object has these, and GitHub recomputes some of them at any time.
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
"""By kind of object: counters, dates, and the viewer's permissions."""

_EMBEDDED_REPOSITORY = frozenset(
    {"id", "node_id", "name", "full_name", "owner", "private", "fork", "html_url"}
)
"""The saved fields of a repository inside another object, such as a pull request's
``head.repo``."""
_HOLDERS: Mapping[str, str] = {"milestone": "milestone", "assets": "asset"}
"""The kinds of the objects in a field, by the field's name."""


def clean(document: Any, kind: str = "") -> Any:
    """The document as it is saved. ``kind``, a key of ``NO_CHANGE``, says what it is."""
    if isinstance(document, dict):
        return _clean_object(document, NO_CHANGE.get(kind, frozenset()))
    if isinstance(document, list):
        return [clean(each, kind) for each in document]
    return clean_text(document) if isinstance(document, str) else document


def _clean_object(document: dict[str, Any], gone: frozenset[str]) -> dict[str, Any]:
    """Most of a run's time is spent here, so a field that needs no cleaning costs no call."""
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
    """The whole URL of a webhook may be a secret (as Slack's and Discord's are): only its scheme
    and host stay."""
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
    """A URL in a field of GitHub's, without user names, passwords and parameters that grant
    access."""
    return _USER_IN_URL.sub(r"\g<scheme>", SECRET_IN_URL.sub(_replaced, url))


def clean_text(text: str) -> str:
    """A person's text, unchanged except for the signatures that GitHub adds to its own URLs, which
    differ in each response."""
    if "://" not in text or "=" not in text:
        return text
    return _URL_IN_TEXT.sub(_unsigned, text)


def _unsigned(url: re.Match[str]) -> str:
    return SECRET_IN_URL.sub(_replaced, url[0]) if _SIGNED.match(url[0]) else url[0]


_replaced: Callable[[re.Match[str]], str] = lambda found: found["name"] + _REMOVED  # noqa: E731
