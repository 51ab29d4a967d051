"""Which network a host is in: the public internet, a private network, or this machine. Pure."""

import ipaddress
import re
from collections.abc import Collection
from enum import Enum

_LOCAL_NAME = re.compile(r"localhost\.?|.+\.localhost\.?")
_PRIVATE_NAME = re.compile(r"[a-z][^.]*\.?|.+\.(?:local|internal|test|home\.arpa)\.?")
"""Names that public DNS cannot have: a single label, or one under a reserved private domain."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses whose last 32 bits are an IPv4 address: https://www.rfc-editor.org/rfc/rfc6052"""
_INSTANCE_SERVICES = ipaddress.ip_network("fd00:ec2::/32")
"""The IPv6 addresses of an EC2 instance's metadata and other services of its machine:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Network(Enum):
    """Where a host is."""

    PUBLIC = "public"
    PRIVATE = "private"
    LINK_LOCAL = "link-local"
    """Only neighbours, such as the metadata service of a cloud at 169.254.169.254."""
    LOOPBACK = "loopback"


def network_of(host: str) -> Network:
    """The network of a host, by its name or address alone; a name may still resolve to another."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        name = host.lower()
        if _LOCAL_NAME.fullmatch(name):
            return Network.LOOPBACK
        return Network.PRIVATE if _PRIVATE_NAME.fullmatch(name) else Network.PUBLIC
    return _network(_embedded(address) or address)


def may_reach(network: Network, home: Collection[Network]) -> bool:
    """Whether a file may be requested in ``network``, when GitHub itself is in those of ``home``.

    Outside the public internet only where GitHub is, or in a private network if GitHub is not
    public either.
    """
    if network is Network.PRIVATE:
        return any(each is not Network.PUBLIC for each in home)
    return network is Network.PUBLIC or network in home


def _network(address: _Address) -> Network:
    if address.is_loopback or address.is_unspecified:
        return Network.LOOPBACK
    if address.is_link_local or (address.version == 6 and address in _INSTANCE_SERVICES):
        return Network.LINK_LOCAL
    return Network.PUBLIC if address.is_global else Network.PRIVATE


def _embedded(address: _Address) -> _Address | None:
    """The IPv4 address that packets to an IPv6 address may end up at, if there is one."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
