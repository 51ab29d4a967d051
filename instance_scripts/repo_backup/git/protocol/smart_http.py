"""git's smart HTTP protocol, version 0: one GET lists all refs, one POST fetches everything.

In version 0 the first response already has all refs; version 2 needs two requests for that. See
https://git-scm.com/docs/gitprotocol-http and gitprotocol-pack.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from backup_contract.text import one_line
from repo_backup.git.protocol import server_messages as messages
from repo_backup.git.protocol.advertisement import (
    BYTES_IN_MEMORY,
    UNBORN_HEAD,
    Advertisement,
    decode,
)
from repo_backup.git.protocol.unserved import Refusal
from repo_backup.git.restorable import is_archived, is_object_id, is_ref
from repo_backup.net.http import Http
from repo_backup.runtime.errors import (
    RefusedWantError,
    RepositoryError,
    TransientError,
)

LONGEST_LIST_BYTES = 64 << 20
"""About 800,000 refs. A longer or endless list would take the memory of other repositories."""
SHORT_LIST_BYTES = 1 << 20
"""About 12,000 refs. Any number of repositories may send this much at the same time."""
LONGEST_LIST_MEMORY = LONGEST_LIST_BYTES * BYTES_IN_MEMORY
_COUNTING_SECONDS = 1800.0
"""How long a server may keep the connection alive before the first byte of a pack."""
_OID_CHARACTERS = {"sha1": 40, "sha256": 64}
_NOT_SERVED = re.compile(r"not our ref ([0-9a-f]{40}(?:[0-9a-f]{24})?)\b")
_PACKET_LENGTH = re.compile(rb"[0-9a-fA-F]{4}")
_HEAD_REQUEST = (b"command=ls-refs\n", None, b"symrefs\n", b"unborn\n", b"ref-prefix HEAD\n")
_HEAD_ANSWER = re.compile(r"(?:unborn|[0-9a-f]+) HEAD symref-target:(\S+)")
_HEAD_ANSWER_BYTES = 1 << 16


class LongListError(RepositoryError):
    """A server's list of refs is longer than allowed."""


def advertise(http: Http, url: str, most_bytes: int) -> Advertisement:
    """Ask the server at clone address ``url`` for all its refs, in one request.

    Raises what ``Http.open`` raises, AbsentError if the repository or wiki does not exist,
    LongListError if the response is longer than ``most_bytes``, TransientError for any other error
    message of the server, and RepositoryError if the response is not a git server's.
    """
    query = "/info/refs?service=git-upload-pack"
    with http.open("GET", url + query, "Basic", account=_account(url)) as answer:
        kind = answer.headers.get("Content-Type", "")
        if not kind.startswith("application/x-git-upload-pack-advertisement"):
            detail = messages.of_other_content(answer, kind)
            raise RepositoryError(
                f"{urlsplit(url).path} does not speak git's smart protocol{detail}"
            )
        blocks = _bounded(answer.blocks(), most_bytes)
        lines = [line for line in packets(blocks) if line is not None]
    known = parse(answer.url.partition("/info/refs?")[0], lines)
    if known.refs and not known.head_known:
        return replace(known, head=_unborn_head(http, known.url) or known.head)
    return known


def _unborn_head(http: Http, url: str) -> str | None:
    """The branch that HEAD points to if it does not exist; only protocol version 2 provides it.

    None if the server does not provide it, which is not an error.
    """
    body = b"".join(b"0001" if line is None else _packet(line) for line in _HEAD_REQUEST) + b"0000"
    headers = {
        "Content-Type": "application/x-git-upload-pack-request",
        "Accept": "application/x-git-upload-pack-result",
        "Git-Protocol": "version=2",
    }
    with (
        contextlib.suppress(RepositoryError),
        http.open(
            "POST", f"{url}/git-upload-pack", "Basic", headers, body, account=_account(url)
        ) as answer,
    ):
        for line in packets(_bounded(answer.blocks(), _HEAD_ANSWER_BYTES)):
            found = _HEAD_ANSWER.match(decode(line or b""))
            if found and is_ref(found[1]):
                return found[1]
    return None


def _packet(line: bytes) -> bytes:
    return b"%04x" % (len(line) + 4) + line


def refusal(http: Http, advertisement: Advertisement, wants: Sequence[str]) -> Refusal | None:
    """Why the server refuses to serve these objects; None if it starts to send a pack.

    The pack is not read. Raises what ``Http.open`` raises.
    """
    try:
        with fetch(http, advertisement, wants) as blocks:
            next(blocks, b"")
    except RefusedWantError as error:
        return Refusal(str(error), error.oid)
    return None


@contextlib.contextmanager
def fetch(
    http: Http, advertisement: Advertisement, wants: Sequence[str] = ()
) -> Iterator[Iterator[bytes]]:
    """A pack with every object that the advertised refs (or ``wants``) lead to, in blocks.

    Raises what ``Http.open`` raises, RefusedWantError if the server gives up, and TransientError if
    the pack ends early.
    """
    with upload_pack(http, advertisement, wants or advertisement.tips) as answer:
        yield pack_blocks(answer)


@contextlib.contextmanager
def upload_pack(
    http: Http,
    advertisement: Advertisement,
    wants: Sequence[str],
    haves: Sequence[str] = (),
    further_capabilities: Sequence[str] = (),
) -> Iterator[Iterator[bytes | None]]:
    """Request what ``wants`` need beyond ``haves``. Yields the packets of the response.

    Raises what ``Http.open`` raises.
    """
    capabilities = ["side-band-64k", "ofs-delta", "no-progress", *further_capabilities]
    if "object-format" in {name.partition("=")[0] for name in advertisement.capabilities}:
        capabilities.append(f"object-format={advertisement.object_format}")
    lines = [f"want {wants[0]} {' '.join(capabilities)}\n"]
    lines += [f"want {oid}\n" for oid in wants[1:]]
    had = [f"have {oid}\n" for oid in haves]
    body = f"{''.join(map(_text_packet, lines))}0000{''.join(map(_text_packet, had))}0009done\n"
    headers = {
        "Content-Type": "application/x-git-upload-pack-request",
        "Accept": "application/x-git-upload-pack-result",
    }
    url = f"{advertisement.url}/git-upload-pack"
    account = _account(advertisement.url)
    with http.open("POST", url, "Basic", headers, body.encode(), account=account) as answer:
        yield packets(answer.blocks(_COUNTING_SECONDS))


def _text_packet(line: str) -> str:
    return f"{len(line) + 4:04x}{line}"


def parse(url: str, lines: list[bytes]) -> Advertisement:
    """Parse an advertisement from its packets, including the service line."""
    path = urlsplit(url).path
    if lines and lines[0].startswith(b"ERR "):
        raise messages.of_error(lines[0][4:])
    if not lines or not lines[0].startswith(b"# service=git-upload-pack"):
        raise RepositoryError(f"{path} sent no list of refs")
    lines = lines[1:]
    if lines and lines[0].startswith(b"version "):
        lines = lines[1:]
    found: dict[str, str] = {}
    shallow: list[str] = []
    capabilities: frozenset[str] = frozenset()
    for index, line in enumerate(lines):
        pair, _, offered = line.rstrip(b"\n").partition(b"\0")
        if pair.startswith(b"ERR "):
            raise messages.of_error(pair[4:])
        if index == 0:
            capabilities = frozenset(decode(offered).split())
        oid, _, name = decode(pair).partition(" ")
        if oid == "shallow" and is_object_id(name):
            shallow.append(name)
            continue
        if not is_object_id(oid):
            raise RepositoryError(f"{path} sent a malformed list of refs")
        if name != "capabilities^{}":
            found[name] = oid
    offers = dict(item.partition("=")[::2] for item in capabilities)
    object_format = offers.get("object-format", "sha1")
    ids = (*found.values(), *shallow)
    if any(len(oid) != _OID_CHARACTERS.get(object_format) for oid in ids):
        raise RepositoryError(f"{path} sent objects that are not {one_line(object_format)}")
    symrefs = [item.removeprefix("symref=") for item in capabilities if "symref=HEAD:" in item]
    head = symrefs[0].removeprefix("HEAD:") if symrefs else None
    if head is not None and not is_ref(head):
        raise RepositoryError(f"{path} has a HEAD that git forbids: {one_line(head)!r}")
    head_known = head is not None or "HEAD" in found
    if not head_known:
        head = UNBORN_HEAD
    refs = {name: oid for name, oid in found.items() if _mirrored(name)}
    peeled = {
        name.removesuffix("^{}"): oid
        for name, oid in found.items()
        if name.endswith("^{}") and name.removesuffix("^{}") in refs
    }
    return Advertisement(
        url=url,
        refs=refs,
        peeled=peeled,
        head=head,
        detached=None if head else found.get("HEAD"),
        object_format=object_format,
        capabilities=capabilities,
        shallow=tuple(sorted(shallow)),
        head_known=head_known,
    )


def _mirrored(name: str) -> bool:
    if name == "HEAD" or name.endswith("^{}"):
        return False
    if not is_ref(name):
        raise RepositoryError(f"the server has a ref that git forbids: {one_line(name)!r}")
    return is_archived(name)


def _account(url: str) -> str:
    """The owner of the repository at a clone URL: the first part of its path."""
    with contextlib.suppress(ValueError):
        return urlsplit(url).path.strip("/").partition("/")[0]
    return ""


def _bounded(blocks: Iterator[bytes], most_bytes: int) -> Iterator[bytes]:
    total = 0
    for block in blocks:
        total += len(block)
        if total > most_bytes:
            raise LongListError(f"it lists more than {most_bytes >> 20} MB of refs")
        yield block


def packets(blocks: Iterator[bytes]) -> Iterator[bytes | None]:
    """The pkt-lines of a body; None for a flush."""
    buffer, position = bytearray(), 0
    while True:
        length = _length(buffer, position)
        while length is None or len(buffer) - position < length:
            block = next(blocks, None)
            if block is None:
                if position < len(buffer):
                    raise TransientError("the server's answer ended in the middle")
                return
            del buffer[:position]
            position = 0
            buffer += block
            length = _length(buffer, position)
        yield bytes(memoryview(buffer)[position + 4 : position + length]) if length > 4 else None
        position += max(length, 4)


def _length(buffer: bytearray, position: int) -> int | None:
    """The length of the packet at ``position``, including its four digits; None if they are
    incomplete."""
    digits = buffer[position : position + 4]
    if len(digits) < 4:
        return None
    if not _PACKET_LENGTH.fullmatch(digits):
        raise TransientError("the server's response is malformed")
    return int(digits, 16)


def pack_blocks(answer: Iterator[bytes | None]) -> Iterator[bytes]:
    """The pack in a side-band response, in blocks.

    Before the pack, a server may count objects for minutes while it keeps the connection alive. If
    the pack ends early, the error has the server's messages from the second band.
    """
    flushed = begun = False
    beside = messages.SecondBand()
    for packet in answer:
        if packet is None:
            flushed = True
        elif packet[0] == 1:
            begun = True
            yield packet[1:]
        elif packet[0] == 2:
            beside.add(packet[1:])
        elif packet[0] == 3 or packet.startswith(b"ERR "):
            last = packet[1:] if packet[0] == 3 else packet[4:]
            named = _NOT_SERVED.search(decode(last))
            reason = f"the server gave up: {beside.with_last(last)}"
            raise RefusedWantError(reason, named[1] if named else None, begun=begun)
    if not flushed:
        raise TransientError(f"the pack ended in the middle: {beside.with_last()}")
