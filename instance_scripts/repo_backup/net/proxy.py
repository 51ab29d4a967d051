"""The proxy that the environment names: its address, and what it gets to know who asks."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from repo_backup.runtime.errors import UsageError

_NAMES = ("https_proxy", "HTTPS_PROXY")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy; ``headers`` are for the proxy alone, with the credentials that it wants."""

    url: str
    headers: dict[str, str] = field(repr=False)


def proxy_from(environ: Mapping[str, str]) -> Proxy | None:
    """The proxy that ``https_proxy`` names, as curl and git read it; None without it. Pure.

    ``HOST:PORT`` is an HTTP proxy, and what stands before an ``@`` are user and password, percent-
    encoded. Raises UsageError, which does not show them.
    """
    name = next((name for name in _NAMES if environ.get(name)), None)
    if name is None:
        return None
    text = environ[name]
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        default = _PORTS[parts.scheme]
        port = parts.port or default
        host = parts.hostname or ""
    except (ValueError, KeyError):
        host = ""
    if not host:
        raise UsageError(f"{name}: name an HTTP proxy, http://[USER:PASSWORD@]HOST:PORT")
    headers = {}
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        basic = base64.b64encode(credentials.encode()).decode()
        headers["Proxy-Authorization"] = f"Basic {basic}"
    shown = f"[{host}]" if ":" in host else host
    return Proxy(f"{parts.scheme}://{shown}:{port}", headers)
