"""What became of each ref between two links of a chain, as git itself would say."""

import random
import subprocess
from pathlib import Path

import pytest

from local_cloud.github import GitHubStandIn
from local_cloud.github.corpus import commit_files, git
from repo_backup.git.packs.pack_history import JoinedHistory
from repo_backup.git.packs.ref_changes import RefChange, RefMove, ref_changes
from tests.integration.repo_backup.overlays.chain import Chain, whole


@pytest.fixture
def chain(hub: GitHubStandIn, tmp_path: Path) -> Chain:
    """The repository ``hello`` with a base."""
    chain = Chain(hub, "hello", tmp_path / "store")
    chain.begin()
    return chain


def _changes(chain: Chain, *, with_history: bool = True) -> dict[str, RefChange]:
    """What an overlay says of each ref that changed, by the end of its name."""
    old = chain.refs
    with chain.known() as objects:
        before = objects
        new = chain.grow().proof.history
        history = JoinedHistory([new, before.history]) if with_history else new
        changes = ref_changes(history, old, chain.refs)
    return {change.name.rpartition("/")[2]: change for change in changes}


def test_a_commit_on_top_has_advanced_a_branch(chain: Chain) -> None:
    commit_files(chain.upstream, {"x": "1\n"})
    assert _changes(chain, with_history=False)["main"].move is RefMove.ADVANCED


def test_an_amended_commit_has_rewritten_a_branch(chain: Chain) -> None:
    tree = git(chain.upstream, "rev-parse", "main^{tree}")
    amended = git(chain.upstream, "commit-tree", "-p", "main~1", "-m", "Amended", tree)
    git(chain.upstream, "update-ref", "refs/heads/main", amended)
    change = _changes(chain)["main"]
    assert change.move is RefMove.REWRITTEN
    assert change.new == amended


def test_a_branch_that_skips_to_a_known_one_and_a_commit_on_top_has_advanced(
    chain: Chain,
) -> None:
    git(chain.upstream, "update-ref", "refs/heads/production", "main~1")
    chain.grow()
    commit_files(chain.upstream, {"x": "1\n"})
    git(chain.upstream, "update-ref", "refs/heads/production", "main")
    assert _changes(chain)["production"].move is RefMove.ADVANCED


def test_a_branch_that_moves_to_a_known_commit_is_told_from_one_that_is_reset(
    chain: Chain,
) -> None:
    git(chain.upstream, "update-ref", "refs/heads/behind", "main~1")
    git(chain.upstream, "update-ref", "refs/heads/ahead", "main")
    chain.grow()
    git(chain.upstream, "update-ref", "refs/heads/behind", "main")
    git(chain.upstream, "update-ref", "refs/heads/ahead", "main~1")
    git(chain.upstream, "tag", "--force", "v0.1", "main")
    git(chain.upstream, "branch", "-D", "develop")
    found = {name: change.move for name, change in _changes(chain).items()}
    assert found == {
        "behind": RefMove.ADVANCED,
        "ahead": RefMove.REWRITTEN,
        "v0.1": RefMove.MOVED,
        "develop": RefMove.DELETED,
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25))
def test_any_history_is_whole_in_each_link_and_judged_as_git_does(
    chain: Chain, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    upstream = chain.upstream
    for link in range(4):
        old = dict(chain.refs)
        for step in range(chance.randrange(1, 6)):
            _grow(upstream, chance, f"{link}.{step}")
        found = {change.name: change.move for change in _changes(chain).values()}
        assert RefMove.UNDECIDED not in found.values()
        mirror = chain.restored(tmp_path / f"link{link}")
        assert whole(mirror) == chain.refs
        for name, move in found.items():
            if move in (RefMove.ADVANCED, RefMove.REWRITTEN):
                ancestor = ("merge-base", "--is-ancestor", old[name], chain.refs[name])
                done = subprocess.run(["git", *ancestor], cwd=mirror, check=False)
                assert move is (RefMove.REWRITTEN if done.returncode else RefMove.ADVANCED)


def _grow(upstream: Path, chance: random.Random, name: str) -> None:
    """One of the things that people do to a repository."""
    branches = git(upstream, "for-each-ref", "--format=%(refname)", "refs/heads").split()
    some, other = chance.choice(branches), chance.choice(branches)
    tree = git(upstream, "rev-parse", f"{some}^{{tree}}")
    match chance.randrange(6):
        case 0 | 1:
            path = "/".join(chance.choice("abc") for _ in range(chance.randrange(1, 4)))
            branch = some.removeprefix("refs/heads/")
            commit_files(upstream, {f"{name}/{path}": name}, branch=branch, message=name)
        case 2:
            merged = git(upstream, "commit-tree", "-p", some, "-p", other, "-m", name, tree)
            git(upstream, "update-ref", some, merged)
        case 3:
            git(upstream, "update-ref", some, other)
        case 4:
            git(upstream, "update-ref", f"refs/heads/b{name}", some)
        case 5:
            parents = git(upstream, "log", "-1", "--format=%P", some).split()
            options = [word for parent in parents[:1] for word in ("-p", parent)]
            git(
                upstream,
                "update-ref",
                some,
                git(upstream, "commit-tree", *options, "-m", name, tree),
            )
