"""The origin of a URL: its scheme, host and port."""

import functools
import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

from repo_backup.runtime.errors import RepositoryError

Origin = tuple[str, str, int | None]
_PRIVATE_NAME = re.compile(r"[a-z][^.]*|.+\.(?:localhost|local|internal|test|home\.arpa)")
"""Names that public DNS cannot have: a single label, or one under a reserved private domain."""


def origin(url: str) -> Origin:
    """Scheme, host and port of a URL. Raises ValueError if it is malformed."""
    # All three come before the third slash, and nearly all URLs of a run share them.
    return _origin("/".join(url.split("/", 3)[:3]))


@functools.lru_cache
def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default


def is_private(host: str) -> bool:
    """Whether a host, by its name or address alone, is on a private network or this machine."""
    try:
        return not ipaddress.ip_address(host.strip("[]")).is_global
    except ValueError:
        return _PRIVATE_NAME.fullmatch(host.lower()) is not None


def is_stranger(url: str, trusted: Collection[Origin], *, of_storage: bool) -> bool:
    """Whether a URL is none of the GitHub that is backed up, which has the origins ``trusted``.

    A storage may be anywhere, but is asked by HTTPS where GitHub is, and at a private address only
    where GitHub has one: nothing of the machine or the network that this program runs in.
    """
    try:
        found = origin(url)
    except ValueError:
        return True
    if found in trusted or not of_storage:
        return found not in trusted
    schemes = {"https", *(scheme for scheme, _, _ in trusted)}
    at_home = any(is_private(host) for _, host, _ in trusted)
    return found[0] not in schemes or (is_private(found[1]) and not at_home)


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have the same origin; a malformed URL has none."""
    try:
        return origin(one) == origin(other)
    except ValueError:
        return False


def joined(url: str, location: str) -> str:
    """The URL that a redirect leads to. Raises RepositoryError if it is malformed."""
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise RepositoryError(f"GitHub redirects {urlsplit(url).path} to nowhere") from error
