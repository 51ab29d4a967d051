"""The proxy that the environment names: its address and its credentials."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from repo_backup.runtime.errors import UsageError

_NAMES = ("https_proxy", "HTTPS_PROXY")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy. ``headers`` go only to the proxy and carry its credentials."""

    url: str
    headers: dict[str, str] = field(repr=False)


def proxy_from(environ: Mapping[str, str]) -> Proxy | None:
    """The proxy in ``https_proxy``, read as curl and git read it; None if it is not set. Pure.

    ``HOST:PORT`` is an HTTP proxy. Percent-encoded user and password may precede an ``@``. Raises
    UsageError, whose message hides them.
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
