"""HTTP to GitHub only: keep-alive connections, bounded responses, errors by class."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlsplit

from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProxyError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from backup_contract import __version__
from backup_contract.github_refusal import BODY_BYTES, read_refusal, without_credentials
from backup_contract.text import one_line
from repo_backup.net.connections import Connections, reason, unreached
from repo_backup.net.credentials import Credentials, authorization
from repo_backup.net.github_errors import pause_seconds, refusal, storage_refusal
from repo_backup.net.origins import Origin, is_stranger, joined, origin, same_origin
from repo_backup.net.rate_limit_gate import RateLimitGate
from repo_backup.net.stall_guard import BLOCK_SECONDS, StallGuard, guard_body
from repo_backup.runtime.errors import RepositoryError, TransientError
from repo_backup.runtime.retry import LONGEST_PAUSE_SECONDS

USER_AGENT = f"git/2.0 (repo-backup {__version__})"
CONNECT_SECONDS = 15.0
BLOCK_BYTES = 65536
_REDIRECTS = (301, 302, 307, 308)
_MOST_REDIRECTS = 5
_DRAIN_BYTES = 65536
"""How much of an unneeded body is read so that its connection can be reused."""

Scheme = Literal["Bearer", "Basic"] | None
"""How a token is sent; None sends none, for a request to a storage that GitHub named."""


class Answer:
    """A successful response: ``headers``, and a body with limits on memory and time.

    ``is_part``: the body is the requested range and not the whole.
    """

    def __init__(
        self,
        response: BaseHTTPResponse,
        guard: StallGuard | None,
        url: str,
        received: Callable[[int], None],
    ) -> None:
        self.headers: Mapping[str, str] = response.headers
        self.url = url
        self.is_part = response.status == HTTPStatus.PARTIAL_CONTENT
        self._response = response
        self._guard = guard
        self._received = received

    def blocks(self, first_seconds: float = 0.0) -> Iterator[bytes]:
        """The decoded body, in blocks of at most 64 KiB.

        Each 64 KiB must arrive within ``BLOCK_SECONDS``, the first within ``first_seconds`` more.
        The caller's own work between two blocks does not count.
        """
        blocks = self._response.stream(BLOCK_BYTES, decode_content=True)
        left, received = BLOCK_SECONDS + first_seconds, 0
        while True:
            started = time.monotonic()
            if self._guard:
                self._guard.allow(left)
            block = next(blocks, None)
            if self._guard:
                self._guard.allow(float("inf"))
            if block is None:
                return
            self._received(len(block))
            left, received = left - (time.monotonic() - started), received + len(block)
            if received >= BLOCK_BYTES:
                left, received = BLOCK_SECONDS, 0
            yield block

    def whole(self, most_bytes: int) -> bytes:
        """The decoded body. Raises RepositoryError if it is longer than ``most_bytes``."""
        data = bytearray()
        for block in self.blocks():
            data += block
            if len(data) > most_bytes:
                path = urlsplit(self.url).path
                raise RepositoryError(f"GitHub's answer for {path} is too long")
        return bytes(data)


class Http:
    """One connection pool for the API and git, shared by all threads.

    Only trusted origins (see ``trust``) get a token, so that neither a redirect nor a URL in a
    response can send it elsewhere. Other origins only serve large files. ``SSL_CERT_FILE``,
    ``https_proxy`` and ``no_proxy`` are honoured. ``bytes_received`` counts all bodies so far.
    """

    def __init__(
        self,
        credentials: Credentials,
        rate_limit_gate: RateLimitGate,
        *,
        stall_seconds: float,
        connections: int,
    ) -> None:
        self._credentials = credentials
        self.has_token = credentials.present
        self.bytes_received = 0
        self._answered: set[str] = set()
        self._counting = threading.Lock()
        self._rate_limit_gate = rate_limit_gate
        self._trusted: set[Origin] = set()
        self._token_optional: set[Origin] = set()
        timeout = Timeout(connect=CONNECT_SECONDS, read=stall_seconds)
        self._connections = Connections(timeout, connections, self._trusted)

    def trust(self, url: str, *, token_optional: bool = False) -> None:
        """Allow requests with a token to this URL's origin.

        ``token_optional``: the origin is public, so a refused request is repeated without a token.
        """
        self._trusted.add(origin(url))
        if token_optional:
            self._token_optional.add(origin(url))

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
        own_limit: bool = False,
    ) -> Iterator[Answer]:
        """A successful response with its body unread. Its ``url`` is the one after redirects.

        Sends the token of ``account``, and renews a rejected one once if possible. Scheme None
        sends no token, and a redirect to another origin gets only the header ``Range``.
        ``to_storage``: a redirect may lead to a storage, which is then requested with scheme None.
        ``own_limit``: a rate limit of this host holds back only such requests to it, like that of
        a storage, and not those to the API and git.
        Raises TransientError (also if reading the body fails inside the block),
        UnauthorizedError, NotFoundError, or RepositoryError for any other status.
        """
        guard: StallGuard | None = None
        with contextlib.ExitStack() as cleanup:
            try:
                response, url, sent, gate = self._answer(
                    method,
                    url,
                    scheme,
                    headers or {},
                    body,
                    account,
                    to_storage=to_storage,
                    own_limit=own_limit,
                )
                # A body read to its end has put the connection back; otherwise close it.
                cleanup.callback(response.close)
                guard = cleanup.enter_context(guard_body(response))
                if response.status not in (200, 201, HTTPStatus.PARTIAL_CONTENT):
                    raise self._fault(url, response, sent, gate)
                yield Answer(response, guard, url, self._count)
                _drain(response)
            except ReadTimeoutError as error:
                path = urlsplit(url).path
                raise TransientError(f"{path} stalled: nothing was received") from error
            except HTTPError as error:
                where = urlsplit(url)
                no_connection = isinstance(error, (ConnectTimeoutError, ProxyError))
                if no_connection and where.netloc not in self._answered:
                    raise unreached(where.netloc.rpartition("@")[2], error) from error
                if guard and guard.expired:
                    raise TransientError(f"{where.path} came too slowly") from error
                connection = f"the connection to {where.netloc.rpartition('@')[2]} for {where.path}"
                raise TransientError(f"{connection} broke: {reason(error)}") from error

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
        own_limit: bool,
    ) -> tuple[BaseHTTPResponse, str, str | None, RateLimitGate]:
        """The response after all redirects, its URL, the ``Authorization`` header that was sent
        (None for a storage), and the gate that a rate limit closes. The body is unread."""
        renewed = without_token = False
        for _ in range(_MOST_REDIRECTS):
            self._check_origin(url, of_storage=scheme is None)
            sent, token = {"User-Agent": USER_AGENT, **headers}, None
            gate = self._rate_limit_gate
            if own_limit or scheme is None:
                gate = gate.of_files(origin(url))
            # Wait before signing: an App's signature would expire during a rate limit.
            gate.wait()
            if scheme:
                token = self._credentials.token(account)
            if token and scheme and not without_token:
                sent["Authorization"] = authorization(scheme, token)
            response = self._connections.request(method, url, sent, body)
            self._answered.add(urlsplit(url).netloc)
            if response.status == 401 and token and not renewed:
                renewed = self._credentials.renew(account, token)
                if renewed:
                    _drain(response)
                    continue
            refused = response.status in (401, 403) and "Authorization" in sent
            if refused and origin(url) in self._token_optional:
                without_token = True
                _drain(response)
                continue
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or not location:
                return response, url, sent.get("Authorization", "") if scheme else None, gate
            _drain(response)
            before, url = url, joined(url, location)
            # GitHub sends 301 and 307 for a renamed repository, 302 for a storage.
            if to_storage and (response.status == 302 or not self._is_trusted(url)):
                scheme, body = None, None
            if scheme is None and (to_storage or not same_origin(before, url)):
                headers = {name: value for name, value in headers.items() if name == "Range"}
        raise RepositoryError(f"GitHub redirects {urlsplit(url).path} without end")

    def _is_trusted(self, url: str) -> bool:
        try:
            return origin(url) in self._trusted
        except ValueError:
            return False

    def _check_origin(self, url: str, *, of_storage: bool) -> None:
        """Raise RepositoryError unless the URL belongs to the GitHub that is backed up."""
        if is_stranger(url, self._trusted, of_storage=of_storage):
            scheme, _, rest = url.partition("://")
            where = one_line(f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}")
            raise RepositoryError(f"{where} is not an address of the GitHub that is backed up")

    def _fault(
        self, url: str, response: BaseHTTPResponse, sent: str | None, gate: RateLimitGate
    ) -> RepositoryError:
        """The error for a status. A rate limit closes the gate.

        ``sent`` is the ``Authorization`` header of the request; None for a storage.
        """
        path, status = urlsplit(url).path, response.status
        error: RepositoryError
        if sent is None:
            error = storage_refusal(url, status, response.headers)
            if isinstance(error, TransientError):
                _close(gate, error.retry_after_seconds)
            return error
        body = without_credentials(sent, response.read(BODY_BYTES, decode_content=True))
        pause = pause_seconds(status, response.headers, body, time.time())
        refused = read_refusal(status, response.headers, body)
        if pause is not None:
            _close(gate, pause)
            asked = f"GitHub asked to wait {pause:.0f} s ({status}){refused.words}"
            error = TransientError(asked, pause)
        else:
            error = refusal(path, status, response.headers, body, has_token=self.has_token)
        error.refusal = refused
        return error


def _close(gate: RateLimitGate, seconds: float | None) -> None:
    """Close a gate, unless the wait is one that nobody waits for."""
    if seconds and seconds <= LONGEST_PAUSE_SECONDS:
        gate.pause(seconds)


def _drain(response: BaseHTTPResponse) -> None:
    """Read what little is left of a response, so that the connection can be reused."""
    with guard_body(response):
        response.read(_DRAIN_BYTES, decode_content=True)
    response.close()
