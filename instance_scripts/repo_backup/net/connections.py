"""Connection pools with TLS and proxy settings, and the error when no connection can be made."""

import functools
import os
import ssl
from typing import Any

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    ProxyError,
)
from urllib3.util import Timeout

from backup_contract.text import one_line
from backup_contract.tls_failure import tls_failure
from repo_backup.net.proxy import Proxy
from repo_backup.net.stall_guard import POOLS
from repo_backup.runtime.errors import UnreachedError


def open_pool(timeout: Timeout, connections: int, proxy: Proxy | None) -> urllib3.PoolManager:
    """A pool of at most ``connections`` to each host, through the proxy if one is given."""
    tls = _tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
    settings: dict[str, Any] = {"timeout": timeout, "maxsize": connections, "ssl_context": tls}
    if proxy:
        settings["proxy_headers"] = proxy.headers
    pool = urllib3.ProxyManager(proxy.url, **settings) if proxy else urllib3.PoolManager(**settings)
    pool.pool_classes_by_scheme = POOLS
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
