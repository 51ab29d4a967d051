"""What does not prove itself is fetched whole: an increment that lacks something is refused."""

import contextlib
import hashlib
import subprocess
import zlib
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn
from local_cloud.github.corpus import commit_files, git
from local_cloud.github.smart_http import Reply, open_backend
from repo_backup.archive.chain_index import UncheckedPackError, known_objects
from repo_backup.archive.stored_zip import StoredZip
from repo_backup.git.mirror import Mirror
from repo_backup.git.packs.increment import Increment, receive_increment
from repo_backup.git.packs.object_links import ProofError
from repo_backup.git.protocol.negotiation import MOST_HAVES, choose_haves
from repo_backup.runtime.errors import RepositoryError, TransientError
from tests.integration.repo_backup.overlays.chain import Chain, whole
from tests.integration.repo_backup.unusual_refs import object_of, pack_refs


@pytest.fixture
def chain(hub: GitHubStandIn, tmp_path: Path) -> Chain:
    """The repository ``hello`` with a base."""
    chain = Chain(hub, "hello", tmp_path / "store")
    chain.begin()
    return chain


def _receive(chain: Chain, pack: bytes, room: Path, **refs: str) -> Increment:
    """Receive this pack as what is new, with these refs beside those of the chain."""
    more = {f"refs/{name.replace('_', '/')}": oid for name, oid in refs.items()}
    known = chain.advertised()
    mirror = Mirror(room / "hello.git", known)
    mirror.advertisement.refs.update(more)
    with chain.known() as objects:
        return receive_increment(mirror, iter([pack]), objects, chain.memory, chain.stop)


def _pack(repository: Path, *objects: str, options: tuple[str, ...] = ()) -> bytes:
    """A pack of just these objects."""
    command = ["git", "pack-objects", "--stdout", "-q", *options]
    given = "".join(f"{oid}\n" for oid in objects).encode()
    return subprocess.run(
        command, cwd=repository, input=given, capture_output=True, check=True
    ).stdout


def _commit(repository: Path, tree: str, *parents: str) -> str:
    who = "O <o@example.org> 1700000000 +0000"
    lines = [f"tree {tree}", *(f"parent {each}" for each in parents)]
    text = "\n".join([*lines, f"author {who}", f"committer {who}", "", "x\n"])
    return object_of(repository, "commit", text.encode())


def _tree(repository: Path, *entries: tuple[str, str, str]) -> str:
    data = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(oid) for mode, name, oid in entries)
    return object_of(repository, "tree", data)


Made = tuple[str, list[str]]
"""A commit, and the objects that are sent with it."""


def _file_called_a_folder(repository: Path) -> Made:
    known = git(repository, "rev-parse", "main:README.md")
    tree = _tree(repository, ("40000", "a", known))
    return (commit := _commit(repository, tree)), [commit, tree]


def _folder_called_a_file(repository: Path) -> Made:
    known = git(repository, "rev-parse", "main^{tree}")
    tree = _tree(repository, ("100644", "a", known))
    return (commit := _commit(repository, tree)), [commit, tree]


def _commit_called_a_link(repository: Path) -> Made:
    known = git(repository, "rev-parse", "main")
    tree = _tree(repository, ("120000", "a", known))
    return (commit := _commit(repository, tree)), [commit, tree]


def _parent_that_is_a_tree(repository: Path) -> Made:
    tree, other = git(repository, "rev-parse", "main^{tree}", "main~1^{tree}").split()
    return (commit := _commit(repository, tree, other)), [commit]


def _parent_that_is_a_tag(repository: Path) -> Made:
    tree, tag = git(repository, "rev-parse", "main^{tree}", "v1.0").split()
    return (commit := _commit(repository, tree, tag)), [commit]


def _missing_grandchild(repository: Path) -> Made:
    blob = object_of(repository, "blob", b"nobody sends it\n")
    inner = _tree(repository, ("100644", "file", blob))
    outer = _tree(repository, ("40000", "folder", inner))
    return (commit := _commit(repository, outer)), [commit, outer, inner]


def _missing_tree(repository: Path) -> Made:
    blob = object_of(repository, "blob", b"another\n")
    tree = _tree(repository, ("100644", "file", blob))
    return (commit := _commit(repository, tree)), [commit, blob]


def _missing_parent(repository: Path) -> Made:
    tree = git(repository, "rev-parse", "main^{tree}")
    parent = _commit(repository, tree, git(repository, "rev-parse", "main"))
    return (commit := _commit(repository, tree, parent)), [commit]


def _tag_that_lies(repository: Path) -> Made:
    oid = git(repository, "rev-parse", "main")
    text = f"object {oid}\ntype tree\ntag x\ntagger O <o@example.org> 0 +0000\n\nx\n"
    return (tag := object_of(repository, "tag", text.encode())), [tag]


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (_file_called_a_folder, r"needs tree \w+, which is a blob"),
        (_folder_called_a_file, r"needs blob \w+, which is a tree"),
        (_commit_called_a_link, r"needs blob \w+, which is a commit"),
        (_parent_that_is_a_tree, r"needs commit \w+, which is a tree"),
        (_parent_that_is_a_tag, r"needs commit \w+, which is a tag"),
        (_missing_grandchild, r"needs blob \w+, which is missing"),
        (_missing_tree, r"needs tree \w+, which is missing"),
        (_missing_parent, r"needs commit \w+, which is missing"),
        (_tag_that_lies, r"needs tree \w+, which is a commit"),
    ],
)
def test_an_object_whose_links_do_not_end_in_what_they_name_is_refused(
    chain: Chain, tmp_path: Path, make: Callable[[Path], Made], fault: str
) -> None:
    tip, objects = make(chain.upstream)
    with pytest.raises(ProofError, match=fault):
        _receive(chain, _pack(chain.upstream, *objects), tmp_path, heads_new=tip)


def test_submodules_links_and_group_writable_files_are_as_git_takes_them(
    chain: Chain, tmp_path: Path
) -> None:
    blob = git(chain.upstream, "rev-parse", "main:README.md")
    tree = _tree(
        chain.upstream,
        ("100664", "a", blob),
        ("100755", "b", blob),
        ("120000", "c", blob),
        ("160000", "d", "12" * 20),
        ("40000", "e", git(chain.upstream, "rev-parse", "main^{tree}")),
    )
    commit = _commit(chain.upstream, tree)
    increment = _receive(chain, _pack(chain.upstream, commit, tree), tmp_path, heads_new=commit)
    assert increment.proof.history == {bytes.fromhex(commit): ()}


def test_a_tip_that_is_neither_new_nor_known_is_refused(chain: Chain, tmp_path: Path) -> None:
    made, objects = _parent_that_is_a_tree(chain.upstream)
    empty = b"PACK\0\0\0\2\0\0\0\0"
    with pytest.raises(ProofError, match="1 tips are neither in the pack nor known"):
        _receive(chain, empty + hashlib.sha1(empty).digest(), tmp_path, heads_new=made)
    with pytest.raises(ProofError, match="1 tips are neither"):
        _receive(chain, b"", tmp_path / "again", heads_new=made)
    assert objects


def test_an_empty_pack_is_an_answer_where_nothing_is_new(chain: Chain, tmp_path: Path) -> None:
    empty = b"PACK\0\0\0\2\0\0\0\0"
    known = git(chain.upstream, "rev-parse", "main~1")
    increment = _receive(chain, empty + hashlib.sha1(empty).digest(), tmp_path, heads_reset=known)
    assert (increment.side_files, increment.proof.history) == ({}, {})


def test_a_thin_pack_is_refused(chain: Chain, tmp_path: Path) -> None:
    long = "".join(f"{number}\n" for number in range(500))
    commit_files(chain.upstream, {"long.txt": long}, message="Long")
    chain.grow()
    old = git(chain.upstream, "rev-parse", "main")
    commit_files(chain.upstream, {"long.txt": f"{long}more\n"}, message="Longer")
    new = git(chain.upstream, "rev-parse", "main")
    thin = _pack(chain.upstream, new, f"^{old}", options=("--revs", "--thin"))
    with pytest.raises(ProofError, match="thin"):
        _receive(chain, thin, tmp_path)


def test_a_pack_that_is_damaged_on_its_way_is_asked_for_again(chain: Chain, tmp_path: Path) -> None:
    tip, objects = _parent_that_is_a_tree(chain.upstream)
    pack = bytearray(_pack(chain.upstream, *objects))
    pack[-30] ^= 1
    with pytest.raises(TransientError):
        _receive(chain, bytes(pack), tmp_path, heads_new=tip)


def test_malformed_new_history_is_named_and_known_files_are_not(
    chain: Chain, tmp_path: Path
) -> None:
    commit_files(chain.upstream, {".gitmodules": "[submodule]\n"}, message="Modules")
    chain.grow()
    blob, modules = git(chain.upstream, "rev-parse", "main:README.md", "main:.gitmodules").split()
    tree = _tree(chain.upstream, ("100644", ".gitmodules", modules), ("0100644", "z", blob))
    commit = _commit(chain.upstream, tree)
    pack = _pack(chain.upstream, commit, tree)
    increment = _receive(chain, pack, tmp_path, heads_new=commit)
    (remark,) = increment.remarks
    assert remark.endswith("zeroPaddedFilemode (1)")


def test_a_malformation_that_no_archive_may_have_is_refused(chain: Chain, tmp_path: Path) -> None:
    tree = git(chain.upstream, "rev-parse", "main^{tree}")
    who = "O <o@example.org> 1700000000 +0000"
    text = f"tree {tree}\nauthor {who}\ncommitter {who}\nextra \0\n\nx\n"
    broken = object_of(chain.upstream, "commit", text.encode())
    with pytest.raises(ProofError, match="nulInHeader"):
        _receive(chain, _pack(chain.upstream, broken), tmp_path, heads_new=broken)


def _altered(change: Callable[[bytes], bytes]) -> object:
    """A backend that gets another request than the client sent."""

    @contextlib.contextmanager
    def backend(
        root: Path,
        method: str,
        path: str,
        query: str,
        headers: Message,
        body: Iterator[bytes],
        user: str | None = None,
    ) -> Iterator[Reply]:
        if method == "POST":
            data = b"".join(body)
            if headers.get("Content-Encoding") == "gzip":
                data = zlib.decompress(data, 31)
                del headers["Content-Encoding"]
            body = iter([change(data)])
        with open_backend(root, method, path, query, headers, body, user) as reply:
            yield reply

    return backend


def test_a_server_that_ignores_what_is_there_sends_everything_and_says_so(
    chain: Chain, tmp_path: Path
) -> None:
    def forget(request: bytes) -> bytes:
        return request.partition(b"0000")[0] + b"00000009done\n"

    chain.hub.backend = _altered(forget)  # type: ignore[assignment]
    commit_files(chain.upstream, {"new.txt": "new\n"}, message="New")
    increment = chain.grow()
    assert chain.common == frozenset()
    assert len(increment.proof.history) == int(git(chain.upstream, "rev-list", "--count", "main"))
    assert whole(chain.restored(tmp_path / "restored")) == chain.refs


def test_a_server_that_has_lost_the_old_history_is_asked_without_failure(
    chain: Chain, tmp_path: Path
) -> None:
    for name in chain.refs:
        git(chain.upstream, "update-ref", "-d", name)
    git(chain.upstream, "update-ref", "-d", "refs/pull/1/merge")
    git(chain.upstream, "gc", "--quiet", "--prune=now")
    commit_files(chain.upstream, {"other.txt": "other\n"}, message="Begin anew")
    chain.grow()
    assert chain.common == frozenset()
    assert whole(chain.restored(tmp_path / "restored")) == chain.refs


def test_a_server_that_sends_a_thin_pack_unasked_is_refused(chain: Chain) -> None:
    long = "".join(f"{number}\n" for number in range(500))
    commit_files(chain.upstream, {"long.txt": long}, message="Long")
    chain.grow()
    commit_files(chain.upstream, {"long.txt": f"{long}more\n"}, message="Longer")

    def thin(request: bytes) -> bytes:
        length = int(request[:4], 16)
        line = request[4:length].rstrip(b"\n") + b" thin-pack\n"
        return b"%04x" % (len(line) + 4) + line + request[length:]

    chain.hub.backend = _altered(thin)  # type: ignore[assignment]
    with pytest.raises(ProofError, match="thin"):
        chain.grow()


def test_fifty_thousand_refs_take_one_small_question(chain: Chain, tmp_path: Path) -> None:
    main = git(chain.upstream, "rev-parse", "main")
    older = git(chain.upstream, "rev-parse", "main~1")
    refs = {f"heads_{number}": (main, older)[number % 2] for number in range(50_000)}
    pack_refs(chain.upstream, **refs)
    chain.grow()
    commit_files(chain.upstream, {"new.txt": "new\n"}, message="New")
    known = chain.advertised()
    assert len(choose_haves(chain.refs, known)) <= MOST_HAVES
    increment = chain.grow()
    assert chain.common
    assert len(increment.proof.history) == 1
    assert len(chain.refs) > 50_000


def test_a_base_whose_links_nobody_checked_is_not_known(chain: Chain, tmp_path: Path) -> None:
    base = StoredZip(chain.store, chain.key, chain.sizes[chain.key])
    with (
        pytest.raises(UncheckedPackError),
        known_objects([base], "sha1", tmp_path),
    ):
        pass


def test_a_damaged_index_in_a_stored_zip_is_found(chain: Chain) -> None:
    path = chain.root / chain.key
    data = bytearray(path.read_bytes())
    place = data.index(b"\xfftOc") + 8 + 1024 + 5
    data[place] ^= 1
    path.write_bytes(data)
    with pytest.raises(RepositoryError, match="checksum"), chain.known():
        pass
