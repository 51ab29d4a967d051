"""The origin of a URL: its scheme, host and port."""

import functools
from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

from repo_backup.net.networks import Network, may_reach, network_of
from repo_backup.runtime.errors import RepositoryError

Origin = tuple[str, str, int | None]


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
    return network_of(host) is not Network.PUBLIC


def is_stranger(url: str, trusted: Collection[Origin], *, of_storage: bool) -> bool:
    """Whether a URL is none of the GitHub that is backed up, which has the origins ``trusted``.

    A storage may be anywhere, but is asked by HTTPS where GitHub is, and outside the public
    internet only where GitHub is: nothing of the machine or the network that this program runs in.
    Pure, so it sees only the names and addresses in URLs; ``storage_connections`` checks what a
    name resolves to.
    """
    try:
        found = origin(url)
    except ValueError:
        return True
    if found in trusted or not of_storage:
        return found not in trusted
    schemes = {"https", *(scheme for scheme, _, _ in trusted)}
    home = {network_of(host) for _, host, _ in trusted}
    return found[0] not in schemes or not may_reach(network_of(found[1]), home)


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
