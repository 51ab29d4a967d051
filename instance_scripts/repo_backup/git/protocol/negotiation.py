"""Fetches only new objects: the client names objects that it has, and the server omits all that
they lead to.

Uses version 0 of the protocol in one round, as smart HTTP keeps no state between requests:
https://git-scm.com/docs/gitprotocol-pack#_packfile_negotiation. ``thin-pack`` is not requested, so
that no delta needs an object outside the pack.
"""

import contextlib
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from repo_backup.git.packs.known_objects import KnownObjects
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.git.protocol.smart_http import pack_blocks, upload_pack
from repo_backup.net.http import Http

MOST_HAVES = 512
"""25 KB of a request. More would help little, because most tips are ancestors of others."""
_ACK = re.compile(rb"ACK ([0-9a-f]{40}(?:[0-9a-f]{24})?)(?: (?:common|continue|ready))?\n?")
_NAK = re.compile(rb"NAK\n?")
_MULTI_ACK = "multi_ack_detailed"
"""With this a server acknowledges every object that it knows, not only the first."""
_PULL = re.compile(r"refs/pull/([0-9]+)/")


@dataclass(frozen=True)
class NewObjects:
    """A server's response: ``common`` are the named objects that the server has too.

    If it is empty, the pack in ``blocks`` contains everything that the wanted objects need.
    """

    common: frozenset[str]
    blocks: Iterator[bytes]


@contextlib.contextmanager
def fetch_new(
    http: Http, advertisement: Advertisement, wants: Sequence[str], haves: Sequence[str]
) -> Iterator[NewObjects]:
    """A pack with what ``wants`` (one at least) need beyond what ``haves`` lead to.

    The block begins after the server's acknowledgements. Raises what ``smart_http.fetch`` raises.
    """
    further = [_MULTI_ACK] if _MULTI_ACK in advertisement.capabilities else []
    with upload_pack(http, advertisement, wants, haves, further) as answer:
        common = set()
        for packet in answer:
            if packet is not None and (known := _ACK.fullmatch(packet)):
                common.add(known[1].decode())
            elif packet is None or not _NAK.fullmatch(packet):
                answer = itertools.chain([packet], answer)
                break
        yield NewObjects(frozenset(common.intersection(haves)), pack_blocks(answer))


def unknown_tips(advertisement: Advertisement, known: KnownObjects) -> list[str]:
    """The tips to request from the server; if there are none, no request is needed. Pure."""
    return [oid for oid in advertisement.tips if bytes.fromhex(oid) not in known]


def choose_haves(
    old: Mapping[str, str], advertisement: Advertisement, most: int = MOST_HAVES
) -> list[str]:
    """Which tips of the ``old`` refs to name, the most useful first. Pure.

    Half of the places are for HEAD's branch and for refs that have moved, because new commits
    usually build on their old tips. The rest goes in turn to branches, the latest pull requests
    (which are merged soon), and tags.
    """
    new = advertisement.refs
    head = [name for name in (advertisement.head,) if name in old]
    moved = [name for name in sorted(old, key=_rank) if name in new and new[name] != old[name]]
    groups: list[list[str]] = [[], [], []]
    for name in sorted(old, key=_rank):
        groups[_rank(name)[0]].append(name)
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*groups))
    names = [*[*head, *moved][: most // 2], *filter(None, in_turn)]
    return list(dict.fromkeys(old[name] for name in names if name is not None))[:most]


def _rank(name: str) -> tuple[int, int, str]:
    """The sort key: branches, then pull requests from the latest on, then other refs."""
    if name.startswith("refs/heads/"):
        return 0, 0, name
    pull = _PULL.match(name)
    return (1, -int(pull[1]), name) if pull else (2, 0, name)
