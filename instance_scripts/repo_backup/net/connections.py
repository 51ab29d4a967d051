"""Connections with TLS and proxy settings, and the error when none can be made."""

import functools
import os
import ssl
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    ProxyError,
)
from urllib3.response import BaseHTTPResponse
from urllib3.util import Timeout

from backup_contract.text import one_line
from backup_contract.tls_failure import tls_failure
from repo_backup.net.origins import Origin, origin
from repo_backup.net.proxy import Proxy, proxy_from
from repo_backup.net.stall_guard import POOLS
from repo_backup.net.storage_connections import storage_pools
from repo_backup.runtime.errors import UnreachedError


class Connections:
    """Connection pools: through the proxy if one is set, direct, and direct to storages.

    Each has at most ``count`` connections to a host. ``github`` are the origins of the GitHub that
    is backed up; the caller may still add to them. A storage is any other origin. Behind a proxy
    the proxy resolves its name, otherwise the address of each is checked.
    """

    def __init__(self, timeout: Timeout, count: int, github: Collection[Origin]) -> None:
        proxy = proxy_from(os.environ)
        self._github = github
        self._proxied = _open(timeout, count, POOLS, proxy) if proxy else None
        self._direct = _open(timeout, count, POOLS)
        self._storages = _open(timeout, count, storage_pools(github))

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> BaseHTTPResponse:
        """A response, with its body unread and its redirect not followed.

        Raises urllib3's errors, and RepositoryError for a storage whose address is not allowed.
        """
        # An Enterprise server is usually inside the network, where no proxy is needed.
        if self._proxied and not proxy_bypass(urlsplit(url).netloc):
            pool = self._proxied
        else:
            pool = self._direct if origin(url) in self._github else self._storages
        return pool.request(
            method,
            url,
            headers=headers,
            body=body,
            redirect=False,
            retries=False,
            preload_content=False,
        )


def _open(
    timeout: Timeout,
    count: int,
    classes: Mapping[str, type[urllib3.HTTPConnectionPool]],
    proxy: Proxy | None = None,
) -> urllib3.PoolManager:
    tls = _tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    settings: dict[str, Any] = {"timeout": timeout, "maxsize": count, "ssl_context": tls}
    if proxy:
        settings["proxy_headers"] = proxy.headers
    pool = urllib3.ProxyManager(proxy.url, **settings) if proxy else urllib3.PoolManager(**settings)
    pool.pool_classes_by_scheme = dict(classes)
    return pool


@functools.cache
def _tls(_ssl_cert_file: str | None, _ssl_cert_dir: str | None) -> ssl.SSLContext:
    """One TLS context for all connections: loading the certificates takes 20 ms.

    OpenSSL loads them from the paths in these two variables; here they are only the cache key.
    """
    return ssl.create_default_context()


def unreached(host: str, error: HTTPError) -> UnreachedError:
    """The error of a host that never answered, with what to check."""
    return UnreachedError(
        f"{one_line(host)} cannot be reached ({reason(error)}): check this machine's network, "
        "GITHUB_API_URL and https_proxy"
    )


def reason(error: HTTPError) -> str:
    """Why a connection failed: a sentence if the user can correct it, else the error's name."""
    if failure := tls_failure(error):
        return failure
    match error:
        case ProxyError(original_error=ConnectTimeoutError()):
            return "the proxy does not answer"
        case ProxyError():
            return f"the proxy refuses it: {one_line(str(error.original_error))}"
        case NameResolutionError():
            return "no such host is known"
        case ConnectTimeoutError():  # a refused connection is a subclass of it
            return "nothing answers there"
        case _:
            return type(error).__name__
