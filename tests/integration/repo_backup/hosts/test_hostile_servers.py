"""What a repository, a listing or a server may try: each costs only its repository, and ends."""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.github import CORPUS_TOKEN, Fault, GitHubStandIn, Repository
from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.cli.commands import backup_command as commands
from repo_backup.git import mirror
from repo_backup.git.protocol import smart_http as protocol
from repo_backup.net import http
from repo_backup.net import stall_guard as watchdog
from repo_backup.runtime import retry
from repo_backup.runtime.budgets import Budget, Loan
from tests.integration.repo_backup.conftest import Destination

pytestmark = pytest.mark.slow

OID = "a" * 40
ADVERTISED = {"Content-Type": "application/x-git-upload-pack-advertisement"}
PACKED = {"Content-Type": "application/x-git-upload-pack-result"}
REFS, PACK = "/octo/evil.git/info/refs", "/octo/evil.git/git-upload-pack"


@pytest.fixture
def evil(hub: GitHubStandIn) -> Path:
    """A repository of octo's that a test turns against the backup."""
    hub.catalogue.add(Repository(66, "octo", "evil"))
    path = init_repository(hub.root / "octo" / "evil.git")
    commit_files(path, {"README": "harmless\n"})
    return path


@pytest.fixture(autouse=True)
def canary(tmp_path: Path, destination: Destination, capfd: Any) -> Iterator[None]:
    """After each attack: no token anywhere, nothing run, nothing outside, no scratch left."""
    before = set(tmp_path.iterdir())
    yield
    assert {path.name for path in set(tmp_path.iterdir()) - before} <= {"mirrors", "pwned.sh"}
    assert list((tmp_path / "scratch").iterdir()) == []
    said = capfd.readouterr()
    files = (path for path in destination.root.rglob("*") if path.is_file())
    for text in (said.out.encode(), said.err.encode(), *(path.read_bytes() for path in files)):
        assert CORPUS_TOKEN.encode() not in text


def outcome(destination: Destination, *arguments: str) -> str:
    """Back evil and hello up; evil's reason. hello must be none the worse."""
    selection = ["--only", "evil", "--only", "hello", "--no-wikis", "--no-drill"]
    code = destination.backup(*selection, *arguments)
    assert destination.states()["hello"] == "backed-up"
    entry = destination.entry("evil")
    assert code == (3 if entry["state"] == "failed" else 0)
    reason = str(entry["reason"] or "")
    assert reason.isprintable()
    assert len(reason) < 500
    return reason if entry["state"] == "failed" else entry["state"]


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


# ── What is listed


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ext::sh -c 'touch pwned'",
        "http://169.254.169.254/latest/meta-data.git",
        "https://github.com.evil.example/octo/evil.git",
        "http://user:pass@evil.example/octo/evil.git",
        "ssh://git@github.com/octo/evil.git",
        "//evil.example/octo/evil.git",
        "http://[::1/octo/evil.git",
        "http://127.0.0.1:99999/octo/evil.git",
        "--upload-pack=touch pwned",
        "",
    ],
)
def test_an_address_of_another_host_or_scheme_is_not_asked(
    destination: Destination, hub: GitHubStandIn, evil: Path, url: str
) -> None:
    _listing_with(hub, clone_url=url)
    assert "is not an address of the GitHub that is backed up" in outcome(destination)


@pytest.mark.parametrize("name", ["..", ".", "../x", "a/b", "x\ny", "\x1b[2J", "x" * 101, "é", ""])
def test_an_unsafe_name_costs_only_its_repository(
    destination: Destination, hub: GitHubStandIn, evil: Path, name: str
) -> None:
    _listing_with(hub, name=name)
    destination.backup("--no-wikis", "--no-drill")
    failed = [each for each in destination.manifest()["repositories"] if each["state"] == "failed"]
    assert [each["reason"] for each in failed] == ["its name is none that GitHub gives, and unsafe"]
    assert all(each["name"].isprintable() for each in failed)
    assert destination.states()["hello"] == "backed-up"


@pytest.mark.parametrize("name", [".git", "-rf", "a.wiki", "CON", "x.git", "..a", "--help"])
def test_an_odd_name_is_backed_up_and_restored(
    destination: Destination, hub: GitHubStandIn, evil: Path, name: str, tmp_path: Path
) -> None:
    del hub.catalogue.repositories["octo/evil"]
    hub.catalogue.add(Repository(66, "octo", name))
    evil.rename(evil.with_name(f"{name}.git"))
    assert destination.backup("--only", f"octo/{name}", "--no-wikis") == 0
    restored = destination.restored(name, destination.root / "restored")
    assert git(restored, "show", "main:README") == "harmless"


def test_a_repository_named_like_a_wiki_does_not_take_the_wikis_place(
    destination: Destination, hub: GitHubStandIn, evil: Path
) -> None:
    _listing_with(hub, name="hello.wiki", has_wiki=False)
    assert destination.backup("--only", "hello*", "--no-drill") == 0
    wiki = destination.entry("hello")["wiki"]["archive"]
    other = destination.entry("hello.wiki")["archive"]
    assert wiki["key"] == "github_backups/octo/hello.wiki.zip"
    assert other["key"].startswith("github_backups/octo/hello.wiki~")


@pytest.mark.parametrize(
    "fields",
    [{"id": "x"}, {"id": float("inf")}, {"owner": None}, {"owner": []}, {"size": 10**400}],
    ids=["id", "infinite", "no-owner", "list", "huge"],
)
def test_a_listing_of_something_else_is_an_error_of_the_run_and_no_crash(
    destination: Destination, hub: GitHubStandIn, evil: Path, fields: dict[str, Any]
) -> None:
    _listing_with(hub, **fields)
    assert destination.backup("--only", "hello", "--no-drill") in (0, 1)


def _listing_with(hub: GitHubStandIn, **fields: Any) -> None:
    """Let the API list octo's repositories, evil with these fields instead of the true ones."""
    base = {"private": False, "fork": False, "archived": False, "has_wiki": False, "size": 1}
    listed = [
        {
            **base,
            "id": each.id,
            "name": each.name,
            "owner": {"login": each.owner},
            "clone_url": f"{hub.api_url}/{each.full_name}.git",
            "has_wiki": each.has_wiki,
            **(fields if each.name == "evil" else {}),
        }
        for each in hub.catalogue.visible("octo", "octo")
    ]
    body = json.dumps(listed).encode()
    hub.faults.add(Fault("/user/repos", status=200, body=body))


# ── What the API answers


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b"[" * 200_000),
        ({}, b'{"repositories": 5}'),
        ({}, b"[5]"),
        ({}, b"\xff\xfe"),
        ({"Content-Encoding": "gzip"}, gzip.compress(b" " * (64 << 20))),
        ({"Content-Encoding": "gzip"}, b"no gzip"),
        ({"Link": '<http://[/x>; rel="next"'}, b"[]"),
        ({"Link": '<file:///etc/passwd>; rel="next"'}, b"[]"),
    ],
    ids=["deep", "no-list", "numbers", "no-text", "bomb", "no-gzip", "no-link", "file-link"],
)
def test_a_page_that_is_none_is_an_error_of_the_run_and_no_crash(
    destination: Destination,
    hub: GitHubStandIn,
    headers: dict[str, str],
    body: bytes,
    capfd: pytest.CaptureFixture[str],
) -> None:
    hub.faults.add(Fault("/user/repos", status=200, headers=headers, body=body))
    assert destination.backup("--no-drill") == 1
    assert "Traceback" not in capfd.readouterr().err
    assert destination.markers() == []


def test_pages_without_end_are_left(destination: Destination, hub: GitHubStandIn) -> None:
    link = {"Link": f'<{hub.api_url}/user/repos?page=2>; rel="next"'}
    hub.faults.add(Fault("/user/repos", status=200, headers=link, body=b"[]"))
    assert destination.backup("--no-drill") == 1
    assert len(hub.requests) < 10


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "²"},
        {"Retry-After": "9" * 5000},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "³"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 5000},
    ],
    ids=["odd-after", "long-after", "odd-reset", "long-reset"],
)
def test_an_absurd_rate_limit_is_no_crash(
    destination: Destination, hub: GitHubStandIn, evil: Path, headers: dict[str, str]
) -> None:
    hub.faults.add(Fault(REFS, status=403, headers=headers))
    assert "refuses" in outcome(destination)


# ── What a git server sends


@pytest.mark.parametrize(
    ("body", "said"),
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
        (b"-001", "garbled"),
        (b"0_05x", "garbled"),
        (b"+005x", "garbled"),
        (b"fff0" + b"x" * 100, "ended in the middle"),
        (b"", "no list of refs"),
    ],
    ids=range(14),
)
def test_a_list_of_refs_that_lies_is_refused(
    destination: Destination, hub: GitHubStandIn, evil: Path, body: bytes, said: str
) -> None:
    advertise(hub, body)
    assert said in outcome(destination)


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

    class Counted(Budget):
        @contextlib.contextmanager
        def lend(self, amount: int) -> Iterator[Loan]:
            with super().lend(amount) as loan:
                if amount == protocol.LONGEST_LIST_MEMORY:
                    holding.append(loan)
                    at_once.append(len(holding))
                try:
                    yield loan
                finally:
                    if loan in holding:
                        holding.remove(loan)

    monkeypatch.setattr(commands, "Budget", Counted)
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


# ── Servers that take their time


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the longest waits be short ones, and two tries be enough."""
    monkeypatch.setattr(watchdog, "HEAD_SECONDS", 3.0)
    monkeypatch.setattr(watchdog, "BLOCK_SECONDS", 3.0)
    monkeypatch.setattr(http, "BLOCK_SECONDS", 3.0)
    monkeypatch.setattr(protocol, "_COUNTING_SECONDS", 1.0)
    monkeypatch.setattr(watchdog, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(retry.Patience.__init__, "__defaults__", (2,))


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


# ── What a repository holds


def test_neither_hooks_nor_submodules_nor_filters_run(
    destination: Destination, hub: GitHubStandIn, evil: Path, tmp_path: Path
) -> None:
    modules = "".join(
        f'[submodule "{number}"]\n\tpath = {number}\n\turl = {url}\n'
        f"\tupdate = !touch {tmp_path}/x\n"
        for number, url in enumerate(
            (f"ext::sh -c touch% {tmp_path}/x", "file:///etc", "--upload-pack=x", "../../../etc")
        )
    )
    commit_files(evil, {".gitmodules": modules, ".gitattributes": "* filter=evil diff=evil\n"})
    hook = evil / "hooks" / "post-upload-pack"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/x\n")
    hook.chmod(0o755)
    assert outcome(destination) == "backed-up"
    assert not (tmp_path / "x").exists()


def test_trees_that_would_leave_a_checkout_are_kept_and_never_checked_out(
    destination: Destination, evil: Path
) -> None:
    blob_id = git(evil, "rev-parse", "main:README")
    for name in ("..", ".git", "GIT~1", "/etc", "a\\..\\b", "CON", "aux"):
        entry = b"120000 " + name.encode() + b"\0" + bytes.fromhex(blob_id)
        tree = _write(evil, "tree", entry)
        commit = _commit(evil, tree)
        git(evil, "update-ref", f"refs/heads/t{tree[:8]}", commit)
    assert outcome(destination) in ("backed-up",) or "git refuses" in outcome(destination)


def test_a_tree_that_names_itself_ten_times_at_ten_levels_takes_a_bounded_time(
    destination: Destination, evil: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "GREP_SECONDS", 2.0)
    readme = git(evil, "rev-parse", "main:README")
    inner = _write(evil, "tree", b"100644 f\0" + bytes.fromhex(readme))
    for _ in range(12):
        inner = _write(
            evil, "tree", b"".join(b"40000 d%d\0" % n + bytes.fromhex(inner) for n in range(10))
        )
    git(evil, "update-ref", "refs/heads/main", _commit(evil, inner))
    started = time.monotonic()
    assert outcome(destination) == "backed-up"
    assert destination.entry("evil")["warnings"] == [
        "whether it uses Git LFS took too much to find out"
    ]
    assert time.monotonic() - started < 60


def test_a_deep_tree_is_backed_up(destination: Destination, evil: Path) -> None:
    inner = _write(evil, "tree", b"")
    for _ in range(3000):
        inner = _write_loose(evil, b"40000 d\0" + bytes.fromhex(inner))
    git(evil, "update-ref", "refs/heads/main", _commit(evil, inner))
    assert outcome(destination) == "backed-up"


def test_names_that_only_differ_in_case_are_all_kept(
    destination: Destination, evil: Path, tmp_path: Path
) -> None:
    main = git(evil, "rev-parse", "main")
    names = {f"refs/heads/{name}" for name in ("main", "Main", "MAIN", "con", "-f")}
    _pack_refs(evil, [f"{main} {name}" for name in sorted({*names, "refs/tags/-x"})])
    assert outcome(destination) == "backed-up"
    restored = destination.restored("evil", destination.root / "restored")
    listed = git(restored, "for-each-ref", "--format=%(refname)").splitlines()
    assert set(listed) == {*names, "refs/tags/-x"}


@pytest.mark.slow
def test_a_hundred_thousand_refs_fit_into_bounded_memory(
    destination: Destination, evil: Path, tmp_path: Path
) -> None:
    main = git(evil, "rev-parse", "main")
    names = [f"refs/heads/branch-{number:06}" for number in range(120_000)]
    _pack_refs(evil, [f"{main} {name}" for name in (*names, "refs/heads/main")])
    assert outcome(destination) == "backed-up"
    assert destination.entry("evil")["refs"] == 120_001


def _pack_refs(repository: Path, lines: list[str]) -> None:
    """Let these, sorted, be a repository's refs, also those that no file system would keep."""
    shutil.rmtree(repository / "refs" / "heads")
    text = "".join(f"{line}\n" for line in lines)
    (repository / "packed-refs").write_text(
        f"# pack-refs with: peeled fully-peeled sorted \n{text}"
    )


def _write(repository: Path, kind: str, data: bytes) -> str:
    command = ["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
    done = subprocess.run(command, cwd=repository, input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


def _write_loose(repository: Path, tree: bytes) -> str:
    """The same for a tree without starting a process."""
    whole = b"tree %d\0" % len(tree) + tree
    oid = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
    path = repository / "objects" / oid[:2] / oid[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(whole, 1))
    return oid


def _commit(repository: Path, tree: str) -> str:
    who = b"Octo <octo@example.org> 1700000000 +0000"
    data = b"tree %b\nauthor %b\ncommitter %b\n\nx\n" % (tree.encode(), who, who)
    return _write(repository, "commit", data)
