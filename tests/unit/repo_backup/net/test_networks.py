"""Which network an address or a name is in, and which of them a download may reach."""

import pytest

from repo_backup.net.networks import Network, may_reach, network_of

PUBLIC, PRIVATE = Network.PUBLIC, Network.PRIVATE
LINK_LOCAL, LOOPBACK = Network.LINK_LOCAL, Network.LOOPBACK


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("140.82.112.3", PUBLIC),
        ("2606:50c0:8000::153", PUBLIC),
        ("64:ff9b::8c52:7003", PUBLIC),
        ("10.0.0.1", PRIVATE),
        ("100.100.100.200", PRIVATE),
        ("192.168.1.1", PRIVATE),
        ("::ffff:10.0.0.1", PRIVATE),
        ("64:ff9b::a00:1", PRIVATE),
        ("2002:a00:1::", PRIVATE),
        ("fd12::1", PRIVATE),
        ("169.254.169.254", LINK_LOCAL),
        ("::ffff:169.254.169.254", LINK_LOCAL),
        ("64:ff9b::a9fe:a9fe", LINK_LOCAL),
        ("fd00:ec2::254", LINK_LOCAL),
        ("fe80::1%eth0", LINK_LOCAL),
        ("127.0.0.1", LOOPBACK),
        ("127.9.9.9", LOOPBACK),
        ("0.0.0.0", LOOPBACK),
        ("[::1]", LOOPBACK),
        ("::", LOOPBACK),
        ("::ffff:127.0.0.1", LOOPBACK),
        ("github.com", PUBLIC),
        ("localhost", LOOPBACK),
        ("a.LOCALHOST.", LOOPBACK),
        ("metadata", PRIVATE),
        ("metadata.google.internal", PRIVATE),
    ],
)
def test_the_network_of_a_host(host: str, expected: Network) -> None:
    assert network_of(host) is expected


@pytest.mark.parametrize(
    ("network", "home", "expected"),
    [
        (PUBLIC, set(), True),
        (PRIVATE, set(), False),
        (PRIVATE, {PUBLIC}, False),
        (PRIVATE, {PUBLIC, PRIVATE}, True),
        (PRIVATE, {LOOPBACK}, True),
        (LOOPBACK, {PRIVATE}, False),
        (LOOPBACK, {LOOPBACK}, True),
        (LINK_LOCAL, {PRIVATE}, False),
        (LINK_LOCAL, {LOOPBACK}, False),
    ],
)
def test_a_download_stays_out_of_networks_in_which_github_is_not(
    network: Network, home: set[Network], expected: bool
) -> None:
    assert may_reach(network, home) is expected
