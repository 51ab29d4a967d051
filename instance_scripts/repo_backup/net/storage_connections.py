"""Connections to storages, whose names GitHub's answers and the texts of a repository choose.

A name may resolve to an address of the machine or the network that this program runs in, such as
that of the metadata service. So a name is resolved once, all its addresses are checked, and the
connection is made to one of them. TLS still verifies the name.
"""

import socket
from collections.abc import Collection, Mapping

from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family, create_connection

from backup_contract.text import one_line
from repo_backup.net.networks import Network, may_reach, network_of
from repo_backup.net.origins import Origin
from repo_backup.net.stall_guard import PlainConnection, PlainPool, TlsConnection, TlsPool
from repo_backup.runtime.errors import RepositoryError


def storage_pools(github: Collection[Origin]) -> Mapping[str, type[HTTPConnectionPool]]:
    """For urllib3's ``pool_classes_by_scheme``: connections to checked addresses only.

    ``github`` are the origins of the GitHub that is backed up. Its hosts are resolved, too, if a
    storage is at an address that is not public. A request raises RepositoryError, and nothing is
    sent, if one of the storage's addresses may not be reached.
    """

    class _Storage(PlainConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, github)

    class _TlsStorage(TlsConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, github)

    class _StoragePool(PlainPool):
        ConnectionCls = _Storage

    class _TlsStoragePool(TlsPool):
        ConnectionCls = _TlsStorage

    return {"http": _StoragePool, "https": _TlsStoragePool}


def _connect(
    connection: PlainConnection | TlsConnection, github: Collection[Origin]
) -> socket.socket:
    """A socket to a checked address of a connection's host. Raises as urllib3 does."""
    host, port = connection.host, connection.port
    try:
        found = _addresses(host, port)
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except UnicodeError as error:
        raise RepositoryError(f"{one_line(host)} is not a host's name") from error
    _check(host, found, github)
    failed = OSError("it has no address")
    for address in found:
        try:
            return create_connection(
                (address, port), connection.timeout, socket_options=connection.socket_options
            )
        except OSError as error:
            failed = error
    if isinstance(failed, TimeoutError):
        raise ConnectTimeoutError(connection, f"{host} does not answer") from failed
    raise NewConnectionError(connection, f"no connection to {host}: {failed}") from failed


def _addresses(host: str, port: int | None) -> list[str]:
    family = allowed_gai_family()
    found = socket.getaddrinfo(host.strip("[]"), port, family, socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def _check(host: str, found: Collection[str], github: Collection[Origin]) -> None:
    """Raise RepositoryError unless all addresses of a host may be reached."""
    outside = [each for each in found if network_of(each) is not Network.PUBLIC]
    if not outside:
        return
    home = _networks(github)
    for address in outside:
        if not may_reach(network_of(address), home):
            network = network_of(address).value
            raise RepositoryError(
                f"{one_line(host)} is at {address}, a {network} address, where GitHub is not"
            )


def _networks(github: Collection[Origin]) -> set[Network]:
    """The networks in which GitHub's hosts are, as far as they can be resolved."""
    found: set[Network] = set()
    for _, host, port in tuple(github):
        try:
            found |= {network_of(each) for each in _addresses(host, port)}
        except (socket.gaierror, UnicodeError):
            continue
    return found
