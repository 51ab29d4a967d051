"""What a server may try: it costs only its repository, and ends."""

import contextlib
import gzip
import hashlib
import os
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local_cloud.github import Fault, GitHubStandIn
from local_cloud.github.corpus import commit_files, git
from repo_backup.cli.commands import backup_command as commands
from repo_backup.git.protocol import smart_http as protocol
from repo_backup.net import http, stall_guard
from repo_backup.runtime import retry
from repo_backup.runtime.budgets import Reservation, ResourceBudget
from tests.integration.repo_backup.conftest import Destination
from tests.integration.repo_backup.hosts.hostile.attacks import REFS, outcome

pytestmark = pytest.mark.slow


OID = "a" * 40


ADVERTISED = {"Content-Type": "application/x-git-upload-pack-advertisement"}


PACKED = {"Content-Type": "application/x-git-upload-pack-result"}


PACK = "/octo/evil.git/git-upload-pack"


def packet(text: str | bytes) -> bytes:
    data = text if isinstance(text, bytes) else text.encode()
    return b"%04x" % (len(data) + 4) + data


def advertisement(*refs: str, capabilities: str = "side-band-64k ofs-delta") -> bytes:
    first, *rest = refs
    lines = [f"{first}\0{capabilities}\n", *(f"{ref}\n" for ref in rest)]
    head = packet("# service=git-upload-pack\n") + b"0000"
    return head + b"".join(map(packet, lines)) + b"0000"


def advertise(hub: GitHubStandIn, body: bytes, **headers: str) -> None:
    hub.faults.add(Fault(REFS, status=200, headers={**ADVERTISED, **headers}, body=body))


def pack(*objects: bytes, count: int | None = None, version: int = 2) -> bytes:
    body = b"PACK" + struct.pack(">II", version, len(objects) if count is None else count)
    body += b"".join(objects)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


def blob(data: bytes, claimed: int | None = None) -> bytes:
    size = len(data) if claimed is None else claimed
    first, size = (3 << 4) | (size & 15), size >> 4
    head = bytearray()
    while size:
        head.append(first | 0x80)
        first, size = size & 0x7F, size >> 7
    return bytes([*head, first]) + zlib.compress(data)


def send_pack(hub: GitHubStandIn, data: bytes) -> None:
    side = b"".join(packet(b"\1" + data[at : at + 60000]) for at in range(0, len(data), 60000))
    body = packet("NAK\n") + side + b"0000"
    hub.faults.add(Fault(PACK, status=200, headers=PACKED, body=body))


@pytest.mark.parametrize(
    ("body", "output"),
    [
        (advertisement(f"{OID} refs/heads/../../../etc/x"), "git forbids"),
        (advertisement(f"{OID} refs/heads/x\x1b[2J"), "git forbids"),
        (advertisement(f"{OID} /etc/passwd"), "git forbids"),
        (advertisement(f"{OID} refs/heads/a.lock"), "git forbids"),
        (
            advertisement(f"{OID} refs/heads/main", capabilities="symref=HEAD:../../etc/passwd"),
            "HEAD that git forbids",
        ),
        (
            advertisement(f"{OID} refs/heads/main", capabilities="object-format=md5"),
            "objects that are not md5",
        ),
        (advertisement(f"{OID * 2}{OID[:-16]} refs/heads/main"), "malformed"),
        (
            packet("ERR \x1b]0;pwned\x07\nevent=forged"),
            "the server answers: ?]0;pwned? event=forged",
        ),
        (
            packet("# service=git-upload-pack\n") + packet("ERR a\nevent=forged"),
            "the server answers: a event=forged",
        ),
        (b"-001", "malformed"),
        (b"0_05x", "malformed"),
        (b"+005x", "malformed"),
        (b"fff0" + b"x" * 100, "ended in the middle"),
        (b"", "no list of refs"),
    ],
    ids=range(14),
)
def test_a_list_of_refs_that_lies_is_refused(
    destination: Destination, hub: GitHubStandIn, evil: Path, body: bytes, output: str
) -> None:
    advertise(hub, body)
    assert output in outcome(destination)


def test_refs_without_end_are_cut_off(
    destination: Destination,
    hub: GitHubStandIn,
    evil: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "LONGEST_LIST_BYTES", 1 << 20)
    lines = (f"{OID} refs/heads/{number:060}" for number in range(20_000))
    bomb = gzip.compress(advertisement(*lines))
    advertise(hub, bomb, **{"Content-Encoding": "gzip"})
    assert "more than 1 MB of refs" in outcome(destination)


def test_long_lists_of_refs_are_held_one_after_the_other_where_memory_is_short(
    destination: Destination, hub: GitHubStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is read whole by itself, and all repositories are backed up all the same."""
    at_once: list[int] = []
    holding: list[object] = []

    class Counted(ResourceBudget):
        @contextlib.contextmanager
        def reserve(self, amount: int) -> Iterator[Reservation]:
            with super().reserve(amount) as reservation:
                if amount == protocol.LONGEST_LIST_MEMORY:
                    holding.append(reservation)
                    at_once.append(len(holding))
                try:
                    yield reservation
                finally:
                    if reservation in holding:
                        holding.remove(reservation)

    monkeypatch.setattr(commands, "ResourceBudget", Counted)
    monkeypatch.setattr(commands, "available_memory_bytes", lambda: 1 << 10)
    monkeypatch.setattr(protocol, "SHORT_LIST_BYTES", 100)
    assert destination.backup("--no-drill") == 0
    assert set(destination.states().values()) == {"backed-up", "empty", "absent"}
    assert len(at_once) > 5
    assert max(at_once) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PACK",
        b"JUNK" * 100,
        pack(blob(b"x"), version=9),
        pack(blob(b"x"), count=0),
        pack(blob(b"x"), count=2),
        pack(blob(b"x"), count=0xFFFFFFFF),
        pack(blob(b"x", claimed=1 << 40)),
        pack(blob(b"x" * 1000, claimed=1)),
        pack(b"\x00" + zlib.compress(b"x")),
        pack(b"\x75" + b"\0" * 20 + zlib.compress(b"x")),
        pack(b"\x65\x7f" + zlib.compress(b"x")),
        pack(blob(b"x"))[:-1] + b"!",
        pack(blob(b"x")) + b"more",
        pack(blob(b"x")),
    ],
    ids=[
        *("empty", "head", "junk", "version", "none", "two", "all", "huge", "longer", "type"),
        *("no-base", "offset", "checksum", "more", "another"),
    ],
)
def test_a_pack_that_lies_is_refused(
    destination: Destination, hub: GitHubStandIn, evil: Path, data: bytes
) -> None:
    send_pack(hub, data)
    reason = outcome(destination)
    assert "git refuses the pack" in reason or "lacks" in reason


def test_a_pack_bomb_ends_its_git_and_not_the_run(
    destination: Destination,
    hub: GitHubStandIn,
    evil: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A delta that copies a megabyte again and again: 2 KB that become a gigabyte."""
    monkeypatch.setattr(commands, "available_memory_bytes", lambda: 64 << 20)
    base = b"\0" * (1 << 20)
    copy = bytes([0x80 | 0x40, 0x10])  # 0x100000 bytes from the beginning
    times = 1024
    delta = _size(len(base)) + _size(times << 20) + copy * times
    number = len(delta)
    first, rest = (6 << 4) | (number & 15), number >> 4
    head = bytearray()
    while rest:
        head.append(first | 0x80)
        first, rest = rest & 0x7F, rest >> 7
    whole = blob(base)
    offset = len(whole)
    back = [offset & 0x7F]
    while offset := offset >> 7:
        offset -= 1
        back.append(0x80 | (offset & 0x7F))
    bomb = bytes([*head, first, *reversed(back)]) + zlib.compress(delta)
    send_pack(hub, pack(whole, bomb))
    assert "memory" in outcome(destination)


def _size(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | (number & 0x7F))
        number >>= 7
    return bytes([*out, number])


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the longest waits be short ones, and two tries be enough."""
    monkeypatch.setattr(stall_guard, "HEAD_SECONDS", 3.0)
    monkeypatch.setattr(stall_guard, "BLOCK_SECONDS", 3.0)
    monkeypatch.setattr(http, "BLOCK_SECONDS", 3.0)
    monkeypatch.setattr(protocol, "_COUNTING_SECONDS", 1.0)
    monkeypatch.setattr(stall_guard, "_POLL_SECONDS", 0.05)
    monkeypatch.setattr(retry.RetryPolicy.__init__, "__defaults__", (2,))


SLOW = pytest.mark.slow


@SLOW
@pytest.mark.parametrize("path", [REFS, PACK])
def test_an_answer_that_trickles_is_left(
    destination: Destination, hub: GitHubStandIn, evil: Path, impatient: None, path: str
) -> None:
    commit_files(evil, {"noise": os.urandom(20_000)}, message="More")
    for number in range(100):
        git(evil, "update-ref", f"refs/heads/b{number}", "refs/heads/main")
    hub.faults.add(Fault(path, "slow", after_bytes=100))
    started = time.monotonic()
    assert "too slowly" in outcome(destination)
    assert time.monotonic() - started < 60


@pytest.fixture
def trickle() -> Iterator[Callable[[bytes], str]]:
    """A server that sends a head, byte by byte, without end; its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=send, args=(connection,), daemon=True).start()

    def send(connection: socket.socket) -> None:
        with connection:
            try:
                connection.sendall(start)
                while not ended.wait(0.05):
                    connection.sendall(b"x")
            except OSError:
                return

    start = b""

    def open_server(beginning: bytes) -> str:
        nonlocal start
        start = beginning
        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    yield open_server
    ended.set()
    listening.close()


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"", marks=SLOW),
        b"HTTP/1.1 200 OK\r\nX-",
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", marks=SLOW),
    ],
    ids=["status", "header", "chunk"],
)
def test_a_head_that_trickles_is_left(
    destination: Destination,
    impatient: None,
    trickle: Callable[[bytes], str],
    beginning: bytes,
) -> None:
    destination.environment.setenv("GITHUB_API_URL", trickle(beginning))
    started = time.monotonic()
    assert destination.backup("--no-drill") == 1
    assert time.monotonic() - started < 60
    assert destination.markers() == []


def test_an_endless_body_of_an_error_or_a_redirect_is_not_read(
    destination: Destination,
    hub: GitHubStandIn,
    evil: Path,
) -> None:
    long = b"x" * (8 << 20)
    hub.faults.add(Fault(REFS, status=302, headers={"Location": REFS}, body=long))
    started = time.monotonic()
    assert "redirects" in outcome(destination)
    assert time.monotonic() - started < 30
