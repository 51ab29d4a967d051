"""HTTP to GitHub and nobody else: kept-alive connections, bounded answers, faults by class."""

import base64
import contextlib
import functools
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit
from urllib.request import proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    ProxyError,
    ReadTimeoutError,
)
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from backup_contract import __version__
from backup_contract.github_refusal import BODY_BYTES, read_refusal, without_credentials
from backup_contract.text import one_line
from backup_contract.tls_failure import tls_failure
from repo_backup.net.credentials import Credentials
from repo_backup.net.github_errors import pause_seconds, refusal, storage_refusal
from repo_backup.net.proxy import Proxy, proxy_from
from repo_backup.net.rate_limiter import Limiter
from repo_backup.net.stall_guard import BLOCK_SECONDS, POOLS, Watched, watching
from repo_backup.runtime.errors import RepositoryError, TransientError, UnreachedError
from repo_backup.runtime.retry import LONGEST_PAUSE_SECONDS

USER_AGENT = f"git/2.0 (repo_backup {__version__})"
CONNECT_SECONDS = 15.0
BLOCK_BYTES = 65536
_REDIRECTS = (301, 302, 307, 308)
_MOST_REDIRECTS = 5
_LEFT_OVER_BYTES = 65536
"""How much of a body that nobody needs is read so that its connection can be used again."""

Scheme = Literal["Bearer", "Basic"] | None
"""How a token is sent; None: to whatever storage an answer of GitHub named, and without one."""
Origin = tuple[str, str, int | None]


class Answer:
    """A good answer: ``headers``, and a body that never takes more memory or time than allowed.

    ``is_part``: the body is the part that was asked for, and not the whole.
    """

    def __init__(
        self,
        response: BaseHTTPResponse,
        watched: Watched | None,
        url: str,
        received: Callable[[int], None],
    ) -> None:
        self.headers: Mapping[str, str] = response.headers
        self.url = url
        self.is_part = response.status == HTTPStatus.PARTIAL_CONTENT
        self._response = response
        self._watched = watched
        self._received = received

    def blocks(self, first_seconds: float = 0.0) -> Iterator[bytes]:
        """The body, decoded, in blocks of 64 KiB at most.

        64 KiB must come in ``BLOCK_SECONDS`` of waiting, the first in ``first_seconds`` more;
        what the caller does with a block in between takes none of it.
        """
        blocks = self._response.stream(BLOCK_BYTES, decode_content=True)
        left, received = BLOCK_SECONDS + first_seconds, 0
        while True:
            started = time.monotonic()
            if self._watched:
                self._watched.allow(left)
            block = next(blocks, None)
            if self._watched:
                self._watched.allow(float("inf"))
            if block is None:
                return
            self._received(len(block))
            left, received = left - (time.monotonic() - started), received + len(block)
            if received >= BLOCK_BYTES:
                left, received = BLOCK_SECONDS, 0
            yield block

    def whole(self, most_bytes: int) -> bytes:
        """The decoded body. Raises RepositoryError when it is longer than that."""
        data = bytearray()
        for block in self.blocks():
            data += block
            if len(data) > most_bytes:
                path = urlsplit(self.url).path
                raise RepositoryError(f"GitHub's answer for {path} is too long")
        return bytes(data)


class Http:
    """One pool of connections for the API and for git, shared by all threads.

    Only trusted origins (see ``trust``) are asked with a token, so that no address that an answer
    names, and no redirect, can lead it elsewhere; others are asked for large files alone.
    ``SSL_CERT_FILE``, ``https_proxy`` and ``no_proxy`` are honoured. ``bytes_received`` are those
    of all bodies so far.
    """

    def __init__(
        self, credentials: Credentials, limiter: Limiter, *, stall_seconds: float, connections: int
    ) -> None:
        self._credentials = credentials
        self.has_token = credentials.present
        self.bytes_received = 0
        self._answered: set[str] = set()
        self._counting = threading.Lock()
        self._limiter = limiter
        self._trusted: set[Origin] = set()
        timeout = Timeout(connect=CONNECT_SECONDS, read=stall_seconds)
        proxy = proxy_from(os.environ)
        self._pool = _pool(timeout, connections, proxy)
        self._direct = _pool(timeout, connections, None) if proxy else None

    def trust(self, url: str) -> None:
        """Let this URL's origin be asked, with a token."""
        self._trusted.add(origin(url))

    @contextlib.contextmanager
    def open(
        self,
        method: str,
        url: str,
        scheme: Scheme,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        account: str = "",
        to_storage: bool = False,
    ) -> Iterator[Answer]:
        """A good answer whose body is yet to be read; its ``url`` is the one after redirects.

        ``account`` is whose token is sent. A rejected one is renewed once, where it can be. With
        the scheme None no token is, and no redirect takes ``headers`` to another origin, but for
        ``Range``. ``to_storage``: a redirect may lead to a storage, which is asked like that.
        Raises TransientError (also when reading the body fails inside the block),
        UnauthorizedError, NotFoundError, or RepositoryError for every other status.
        """
        watched: Watched | None = None
        with contextlib.ExitStack() as cleanup:
            try:
                response, url, sent = self._answer(
                    method, url, scheme, headers or {}, body, account, to_storage=to_storage
                )
                # Read to its end, the connection is back in the pool; otherwise it is of no use.
                cleanup.callback(response.close)
                watched = cleanup.enter_context(watching(response))
                if response.status not in (200, 201, HTTPStatus.PARTIAL_CONTENT):
                    if sent is None:
                        raise storage_refusal(url, response.status, response.headers)
                    raise self._fault(url, response, sent)
                yield Answer(response, watched, url, self._count)
                _leave(response)
            except ReadTimeoutError as error:
                path = urlsplit(url).path
                raise TransientError(f"{path} stalled: nothing was received") from error
            except HTTPError as error:
                where = urlsplit(url)
                if isinstance(error, ConnectTimeoutError) and where.netloc not in self._answered:
                    raise _unreached(where.netloc.rpartition("@")[2], error) from error
                if watched and watched.expired:
                    raise TransientError(f"{where.path} came too slowly") from error
                connection = f"the connection to {where.netloc.rpartition('@')[2]} for {where.path}"
                raise TransientError(f"{connection} broke: {_why(error)}") from error

    def _count(self, count: int) -> None:
        with self._counting:
            self.bytes_received += count

    def _answer(
        self,
        method: str,
        url: str,
        scheme: Scheme,
        headers: Mapping[str, str],
        body: bytes | None,
        account: str,
        *,
        to_storage: bool,
    ) -> tuple[BaseHTTPResponse, str, str | None]:
        """The answer behind all redirects, its body unread; its URL; the credentials it had, None
        of a storage."""
        renewed = False
        for _ in range(_MOST_REDIRECTS):
            self._refuse_strangers(url, of_storage=scheme is None)
            sent, token = {"User-Agent": USER_AGENT, **headers}, None
            if scheme:
                # Waited for first: an App's signature would not outlast a rate limit.
                self._limiter.wait()
                token = self._credentials.token(account)
            if token and scheme:
                sent["Authorization"] = _authorization(scheme, token)
            response = self._request(method, url, sent, body)
            self._answered.add(urlsplit(url).netloc)
            if response.status == 401 and token and not renewed:
                renewed = self._credentials.renew(account, token)
                if renewed:
                    _leave(response)
                    continue
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or not location:
                return response, url, sent.get("Authorization", "") if scheme else None
            _leave(response)
            before, url = url, _joined(url, location)
            # GitHub sends 301 and 307 where a repository has another name, 302 to a storage.
            if to_storage and (response.status == 302 or not self._is_trusted(url)):
                scheme, body = None, None
            if scheme is None and (to_storage or not _same_origin(before, url)):
                headers = {name: value for name, value in headers.items() if name == "Range"}
        raise RepositoryError(f"GitHub redirects {urlsplit(url).path} without end")

    def _is_trusted(self, url: str) -> bool:
        try:
            return origin(url) in self._trusted
        except ValueError:
            return False

    def _refuse_strangers(self, url: str, *, of_storage: bool) -> None:
        """Raise RepositoryError for an address that is not of the GitHub that is backed up.

        A storage may be anywhere, but is asked by HTTPS where GitHub is.
        """
        schemes = {"https", *(scheme for scheme, _, _ in self._trusted)} if of_storage else set()
        try:
            found = origin(url)
            stranger = found not in self._trusted and found[0] not in schemes
        except ValueError:
            stranger = True
        if stranger:
            scheme, _, rest = url.partition("://")
            where = one_line(f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}")
            raise RepositoryError(f"{where} is not an address of the GitHub that is backed up")

    def _request(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> BaseHTTPResponse:
        pool = self._pool
        # An Enterprise server is mostly on this side of the proxy.
        if self._direct and proxy_bypass(urlsplit(url).netloc):
            pool = self._direct
        return pool.request(
            method,
            url,
            headers=headers,
            body=body,
            redirect=False,
            retries=False,
            preload_content=False,
        )

    def _fault(self, url: str, response: BaseHTTPResponse, sent: str) -> RepositoryError:
        """The error that a status stands for; a rate limit closes the gate for everybody.

        ``sent`` is the ``Authorization`` header of the request.
        """
        path, status = urlsplit(url).path, response.status
        body = without_credentials(sent, response.read(BODY_BYTES, decode_content=True))
        pause = pause_seconds(status, response.headers, body, time.time())
        refused = read_refusal(status, response.headers, body)
        error: RepositoryError
        if pause is not None:
            if pause <= LONGEST_PAUSE_SECONDS:
                self._limiter.pause(pause)
            asked = f"GitHub asked to wait {pause:.0f} s ({status}){refused.words}"
            error = TransientError(asked, pause)
        else:
            error = refusal(path, status, response.headers, body, has_token=self.has_token)
        error.refusal = refused
        return error


def _unreached(host: str, error: HTTPError) -> UnreachedError:
    return UnreachedError(
        f"{one_line(host)} cannot be reached ({_why(error)}): check this machine's network, "
        "GITHUB_API_URL and https_proxy"
    )


def _why(error: HTTPError) -> str:
    """What broke a connection, for people; its name where they cannot correct it."""
    if told := tls_failure(error):
        return told
    match error:
        case ProxyError():
            return f"the proxy refuses it: {one_line(str(error.original_error))}"
        case NameResolutionError():
            return "no such host is known"
        case ConnectTimeoutError():  # what refuses a connection is one, too
            return "nothing answers there"
        case _:
            return type(error).__name__


def origin(url: str) -> Origin:
    """Scheme, host and port of a URL. Raises ValueError when it is none."""
    # All three stand before the third slash, and are the same in nearly all addresses of a run.
    return _origin("/".join(url.split("/", 3)[:3]))


@functools.lru_cache
def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or default


def _same_origin(one: str, other: str) -> bool:
    try:
        return origin(one) == origin(other)
    except ValueError:
        return False


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise RepositoryError(f"GitHub redirects {urlsplit(url).path} to nowhere") from error


def _leave(response: BaseHTTPResponse) -> None:
    """Let the connection be used again if little is left of the answer."""
    with watching(response):
        response.read(_LEFT_OVER_BYTES, decode_content=True)
    response.close()


def _pool(timeout: Timeout, connections: int, proxy: Proxy | None) -> urllib3.PoolManager:
    tls = _tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    settings: dict[str, Any] = {"timeout": timeout, "maxsize": connections, "ssl_context": tls}
    if proxy:
        settings["proxy_headers"] = proxy.headers
    pool = urllib3.ProxyManager(proxy.url, **settings) if proxy else urllib3.PoolManager(**settings)
    pool.pool_classes_by_scheme = POOLS
    return pool


@functools.cache
def _tls(_ssl_cert_file: str | None, _ssl_cert_dir: str | None) -> ssl.SSLContext:
    """One TLS context for all connections: reading the certificates costs 20 ms each time.

    OpenSSL takes them from where these two variables say; given, they tell contexts apart.
    """
    return ssl.create_default_context()


def _authorization(scheme: Literal["Bearer", "Basic"], token: str) -> str:
    if scheme == "Bearer":
        return f"Bearer {token}"
    return "Basic " + base64.b64encode(f"x-access-token:{token}".encode()).decode()
