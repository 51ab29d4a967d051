"""HTTP to GitHub: kept-alive connections, the token for its hosts only, faults by class."""

import base64
import contextlib
import json
import os
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from repo_backup import __version__
from repo_backup.errors import (
    NotFoundError,
    RepositoryError,
    TransientError,
    UnauthorizedError,
)
from repo_backup.retry import LONGEST_PAUSE_SECONDS, Limiter

USER_AGENT = f"git/2.0 (repo_backup {__version__})"
CONNECT_SECONDS = 15.0
_REDIRECTS = (301, 302, 307, 308)
_MOST_REDIRECTS = 5
_UNSAID_PAUSE_SECONDS = 60.0
"""GitHub: without any other hint wait at least a minute after a secondary rate limit."""
_ERROR_BODY_BYTES = 65536

Scheme = Literal["Bearer", "Basic"]
Origin = tuple[str, str, int | None]


class Http:
    """One pool of connections for the API and for git, shared by all threads.

    ``token`` goes only to trusted origins (see ``trust``), at once, and never along a redirect to
    another origin. ``SSL_CERT_FILE`` and the proxy variables are honoured.
    """

    def __init__(
        self, token: str | None, limiter: Limiter, *, stall_seconds: float, connections: int
    ) -> None:
        self._token = token
        self.has_token = token is not None
        self._limiter = limiter
        self._trusted: set[Origin] = set()
        timeout = Timeout(connect=CONNECT_SECONDS, read=stall_seconds)
        self._pool = _pool(timeout, connections)

    def trust(self, url: str) -> None:
        """Let the token be sent to this URL's origin."""
        self._trusted.add(origin(url))

    def trust_like(self, trusted_url: str, url: str) -> None:
        """Trust ``url``, which a trusted origin named, unless that would leave TLS."""
        if origin(url)[0] in ("https", origin(trusted_url)[0]):
            self.trust(url)

    @contextlib.contextmanager
    def open(
        self,
        method: str,
        url: str,
        scheme: Scheme,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Iterator[tuple[BaseHTTPResponse, str]]:
        """A 200 answer whose body is yet to be read, and its URL after redirects.

        Raises TransientError (also when reading the body fails inside the block),
        UnauthorizedError, NotFoundError, or RepositoryError for every other status.
        """
        started = origin(url)
        response: BaseHTTPResponse | None = None
        try:
            for _ in range(_MOST_REDIRECTS):
                sent = {"User-Agent": USER_AGENT, **(headers or {})}
                if self._token and origin(url) == started and started in self._trusted:
                    sent["Authorization"] = _authorization(scheme, self._token)
                response = self._request(method, url, sent, body)
                location = response.headers.get("Location")
                if response.status not in _REDIRECTS or not location:
                    break
                response.drain_conn()
                url = urljoin(url, location)
            else:
                raise RepositoryError(f"GitHub redirects {urlsplit(url).path} without end")
            if response.status != 200:
                raise self._fault(url, response)
            yield response, url
            response.drain_conn()
        except ReadTimeoutError as error:
            raise TransientError(f"{urlsplit(url).path} stalled: nothing was received") from error
        except HTTPError as error:
            reason = type(error).__name__
            raise TransientError(
                f"the connection for {urlsplit(url).path} broke: {reason}"
            ) from error
        finally:
            # Read to its end, the connection is back in the pool; otherwise it is of no use.
            if response is not None:
                response.close()

    def _request(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> BaseHTTPResponse:
        self._limiter.wait()
        return self._pool.request(
            method,
            url,
            headers=headers,
            body=body,
            redirect=False,
            retries=False,
            preload_content=False,
        )

    def _fault(self, url: str, response: BaseHTTPResponse) -> RepositoryError:
        """The error that a status stands for; a rate limit closes the gate for everybody."""
        path, status = urlsplit(url).path, response.status
        body = response.read(_ERROR_BODY_BYTES, decode_content=True)
        response.drain_conn()
        pause = _pause_seconds(status, response.headers, body)
        if pause is not None:
            if pause <= LONGEST_PAUSE_SECONDS:
                self._limiter.pause(pause)
            return TransientError(f"GitHub asked to wait {pause:.0f} s ({status})", pause)
        match status:
            case 401:
                used = "rejects the token" if self._token else "wants a token"
                return UnauthorizedError(f"GitHub {used} for {path} (401)")
            case 404 | 410:
                return NotFoundError(f"GitHub has nothing at {path} ({status})")
            case 451:
                return RepositoryError(f"blocked for legal reasons (451){_block_url(body)}")
            case 408 | 425 | 500 | 502 | 503 | 504:
                return TransientError(
                    f"GitHub answered {status} for {path}", _retry_after(response.headers)
                )
            case _:
                return RepositoryError(f"GitHub answered {status} for {path}")


def origin(url: str) -> Origin:
    """Scheme, host and port of a URL."""
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default


def _pool(timeout: Timeout, connections: int) -> urllib3.PoolManager:
    # One TLS context for all connections: reading the certificates costs 20 ms each time.
    tls = ssl.create_default_context()
    settings: dict[str, Any] = {"timeout": timeout, "maxsize": connections, "ssl_context": tls}
    proxy = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY")
    if proxy:
        return urllib3.ProxyManager(proxy, **settings)
    return urllib3.PoolManager(**settings)


def _authorization(scheme: Scheme, token: str) -> str:
    if scheme == "Bearer":
        return f"Bearer {token}"
    return "Basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None


def _pause_seconds(status: int, headers: Mapping[str, str], body: bytes) -> float | None:
    """How long a rate limit asks everybody to wait; None when it is not one."""
    if status not in (403, 429):
        return None
    asked = _retry_after(headers)
    if asked is not None:
        return asked
    reset = headers.get("X-RateLimit-Reset", "")
    if headers.get("X-RateLimit-Remaining") == "0" and reset.isdigit():
        return max(1.0, int(reset) - time.time())
    if status == 429 or b"secondary rate limit" in body:
        return _UNSAID_PAUSE_SECONDS
    return None


def _block_url(body: bytes) -> str:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return f", see {json.loads(body)['block']['html_url']}"
    return ""
