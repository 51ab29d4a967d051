"""A repository that changes costs its new objects, and every day of it can be restored."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn
from local_cloud.github.corpus import commit_files, git, init_repository
from repo_backup.git.mirror import Mirror
from repo_backup.git.protocol.negotiation import choose_haves, fetch_new
from tests.integration.repo_backup.by_hand import SHELLS
from tests.integration.repo_backup.overlays.chain import Chain, whole
from tests.integration.repo_backup.unusual_refs import pack_refs

_BY_HAND = """
cd "$1"
c=$(sha256sum hello.zip | cut -c1-12)
for z in hello.zip $(ls | grep "^hello+$c\\.[0-9]*\\.zip$"); do unzip -oq "$z" || break; done
git clone --quiet --mirror hello.git clone
"""


@pytest.fixture
def chain(hub: GitHubStandIn, tmp_path: Path) -> Chain:
    """The repository ``hello``, of which there is nothing yet."""
    return Chain(hub, "hello", tmp_path / "store")


def _three_days(chain: Chain) -> list[dict[str, str]]:
    """A base and three overlays: new commits, a deleted and a reset branch, nothing but refs."""
    days = []
    chain.begin()
    days.append(chain.refs)
    commit_files(chain.upstream, {"deep/er/new.txt": "new\n"}, message="Go deeper")
    commit_files(chain.upstream, {"topic.txt": "1\n"}, branch="topic")
    git(chain.upstream, "tag", "--annotate", "--message", "Second", "v2.0")
    chain.grow()
    days.append(chain.refs)
    git(chain.upstream, "branch", "-D", "topic")
    git(chain.upstream, "update-ref", "refs/heads/develop", "main~1")
    chain.grow()
    days.append(chain.refs)
    commit_files(chain.upstream, {"last.txt": "1\n"}, branch="develop")
    chain.grow()
    days.append(chain.refs)
    return days


def test_each_day_of_a_chain_is_whole_and_has_that_days_refs(chain: Chain, tmp_path: Path) -> None:
    days = _three_days(chain)
    for number, refs in enumerate(days, 1):
        mirror = chain.restored(tmp_path / f"day{number}", number)
        assert whole(mirror) == refs
    assert days[-1] == chain.advertised().refs


def test_refs_that_move_among_known_objects_cost_an_overlay_without_a_pack(chain: Chain) -> None:
    chain.begin()
    git(chain.upstream, "update-ref", "refs/heads/develop", "main~1")
    git(chain.upstream, "update-ref", "-d", "refs/tags/v0.1")
    asked = len(chain.hub.requests)
    increment = chain.grow()
    assert not increment.side_files
    assert [request.method for request in chain.hub.requests[asked:]] == ["GET"]
    assert list(chain.sizes.values())[1] < 2000


def test_a_change_fetches_and_stores_its_new_objects_only(chain: Chain) -> None:
    commit_files(chain.upstream, {"large.bin": bytes(range(256)) * 4}, message="Large")
    chain.begin()
    commit_files(chain.upstream, {"hello.py": "print()\n"}, message="Small")
    increment = chain.grow()
    assert len(increment.proof.history) == 1
    assert chain.common
    with chain.known() as objects:
        assert [pack.index.count for pack in objects.packs][1:] == [3]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_printed_shell_lines_restore_a_chain(chain: Chain, tmp_path: Path, shell: str) -> None:
    days = _three_days(chain)
    folder = (chain.root / chain.key).parent
    script = tmp_path / "restore.sh"
    script.write_text(_BY_HAND)
    done = subprocess.run([shell, str(script), str(folder)], capture_output=True, check=True)
    assert not done.stdout
    assert whole(folder / "clone") == days[-1]


def test_a_new_base_with_a_comment_starts_another_chain_and_restores_the_same(
    chain: Chain, tmp_path: Path
) -> None:
    first = chain.begin()
    second = chain.begin("2026-11-27T17-00-00Z")
    assert first.sha256 != second.sha256
    assert whole(chain.restored(tmp_path / "restored")) == chain.refs
    folder = tmp_path / "by-hand"
    folder.mkdir()
    archive = chain.root / chain.key
    done = subprocess.run(["unzip", "-oq", archive], cwd=folder, capture_output=True, check=True)
    assert not done.stdout
    assert whole(folder / "hello.git") == chain.refs


def test_the_same_pack_and_refs_make_the_same_overlay(chain: Chain) -> None:
    chain.begin()
    before = chain.refs
    commit_files(chain.upstream, {"new.txt": "new\n"}, message="New")
    chain.grow()
    once = chain.root / [*chain.sizes][1]
    data = once.read_bytes()
    chain.sizes.popitem()
    chain.refs = before
    chain.grow()
    assert once.read_bytes() == data


def test_a_sha256_repository_grows_as_well(
    hub: GitHubStandIn, tmp_path: Path, chain: Chain
) -> None:
    init_repository(chain.upstream, "sha256")
    commit_files(chain.upstream, {"a/b.txt": "1\n"})
    chain.begin()
    commit_files(chain.upstream, {"a/c.txt": "2\n"})
    git(chain.upstream, "tag", "--annotate", "--message", "First", "v1")
    chain.grow()
    assert whole(chain.restored(tmp_path / "restored")) == chain.refs


@pytest.mark.parametrize(
    "change",
    [
        lambda upstream: pack_refs(upstream, heads_tree=git(upstream, "rev-parse", "main^{tree}")),
        lambda upstream: git(upstream, "update-ref", "refs/tags/file", "main:README.md"),
        lambda upstream: git(upstream, "symbolic-ref", "HEAD", "refs/heads/none"),
        lambda upstream: git(upstream, "update-ref", "--no-deref", "HEAD", "main"),
    ],
)
def test_unusual_refs_grow_as_well(
    chain: Chain, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    chain.begin()
    commit_files(chain.upstream, {"README.md": "new\n"}, message="New")
    change(chain.upstream)
    chain.grow()
    mirror = chain.restored(tmp_path / "restored")
    assert dict(line.split()[::-1] for line in git(mirror, "show-ref").splitlines()) == chain.refs


def test_git_lfs_is_found_where_it_comes_in(chain: Chain, tmp_path: Path) -> None:
    chain.begin()
    for text, found in (("*.txt text\n", False), ("*.psd filter=lfs -text\n", True)):
        commit_files(chain.upstream, {"deep/.gitattributes": text}, message="Attributes")
        mirror = Mirror(tmp_path / str(found) / "hello.git", chain.advertised())
        with chain.known() as objects:
            increment = chain.received(mirror, objects)
        assert mirror.adds_lfs(increment.proof.attributes, chain.stop) is found
    assert mirror.adds_lfs([], chain.stop) is False


def test_a_server_that_names_one_known_object_only_is_understood(chain: Chain) -> None:
    chain.begin()
    commit_files(chain.upstream, {"new.txt": "new\n"}, message="New")
    known = chain.advertised()
    plain = replace(known, capabilities=known.capabilities - {"multi_ack_detailed"})
    haves = choose_haves(chain.refs, plain)
    wants = [plain.refs["refs/heads/main"]]
    with fetch_new(chain.http, known, wants, haves) as answer:
        every, pack = answer.common, b"".join(answer.blocks)
    with fetch_new(chain.http, plain, wants, haves) as answer:
        assert len(answer.common) == 1
        assert answer.common < every
        assert b"".join(answer.blocks) == pack
