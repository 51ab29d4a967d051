"""Finds branches and tags that were rewritten or deleted upstream since the last archive."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import IO

from backup_contract.documents.parts.rewrites import MOST_NAMED, Rewrite, RewriteKind, Rewrites
from repo_backup.git.mirror import Mirror, index_memory
from repo_backup.git.packs.pack_index import PackIndex, open_index
from repo_backup.git.packs.ref_changes import History, RefChange, RefMove, lost_tips, ref_changes
from repo_backup.git.process import memory_bound, run_git
from repo_backup.git.protocol.advertisement import Advertisement
from repo_backup.runtime.budgets import ResourceBudget
from repo_backup.runtime.cancellation import CancellationToken

_HEADS, _TAGS = "refs/heads/", "refs/tags/"
_MOST_QUESTIONS = 50
"""The number of ancestry checks by git, each of which walks a history."""
_ANCESTOR, _NO_ANCESTOR = 0, 1
_SEVERAL = 3
"""With this many tips or more, it is no clean-up if all become one."""


@dataclass(frozen=True)
class RewriteRules:
    """The id of the run, and the globs (``known``) of refs whose rewrites are expected."""

    run_id: str
    known: Sequence[str] = ()

    def watched(self, refs: Mapping[str, str]) -> dict[str, str]:
        """The branches and tags whose rewrites are reported."""
        return {
            name: oid
            for name, oid in refs.items()
            if name.startswith((_HEADS, _TAGS)) and not is_known(name, self.known)
        }


def is_known(name: str, globs: Iterable[str]) -> bool:
    """Whether a glob matches this ref. A branch may omit ``refs/heads/``. Pure."""
    return any(fnmatchcase(name.removeprefix(_HEADS), g) or fnmatchcase(name, g) for g in globs)


def rewrites_by_history(
    history: History, before: Advertisement, now: Advertisement, rules: RewriteRules
) -> Rewrites | None:
    """The rewrites, from the parents of all commits; None if nothing was rewritten. Pure."""
    changes = ref_changes(history, rules.watched(before.refs), rules.watched(now.refs))
    deleted = [each.old for each in changes if each.move is RefMove.DELETED]
    lost = lost_tips(history, deleted, now.tips) if deleted else frozenset[str]()

    def is_root(oid: str) -> bool:
        return history.get(bytes.fromhex(oid)) == ()

    return _reported(changes, lost, before, now, rules, is_root)


def rewrites_by_pack(
    mirror: Mirror,
    before: Advertisement,
    now: Advertisement,
    rules: RewriteRules,
    memory: ResourceBudget,
    stop: CancellationToken,
) -> Rewrites | None:
    """The rewrites, from a mirror that was fetched as a whole; None if nothing was rewritten.

    Such a mirror lacks the commits that no ref upstream leads to any more.
    """
    pack = mirror.pack
    assert pack  # noqa: S101 - the mirror was received
    changes = ref_changes({}, rules.watched(before.refs), rules.watched(now.refs))
    if not changes:
        return None
    with open_index(pack.with_suffix(".idx"), mirror.advertisement.object_format) as index:
        need = index_memory(index.count, links=False)
        with memory.reserve(need):
            git = _Git(mirror, memory_bound(need, memory.total), stop)
            decided = _decided(changes, index, git, shallow=bool(now.shallow))
            lost = {each.old for each in changes if _is_missing(index, each.old)}
            return _reported(decided, lost, before, now, rules, git.is_root)


@dataclass(frozen=True)
class _Git:
    """Queries a mirror with git."""

    mirror: Mirror
    memory_bytes: int
    stop: CancellationToken

    def is_ancestor(self, old: str, new: str) -> bool | None:
        """Whether ``old`` is an ancestor of ``new``; None if git cannot decide."""
        question = ("merge-base", "--is-ancestor", old, new)
        code = run_git(question, self.mirror.path, self.memory_bytes, self.stop).code
        return code == _ANCESTOR if code in (_ANCESTOR, _NO_ANCESTOR) else None

    def is_root(self, oid: str) -> bool:
        """Whether a commit has no parents."""
        found: list[bytes] = []

        def read(stream: IO[bytes]) -> None:
            found.extend(stream.read().split())

        question = ("rev-list", "--parents", "--max-count=1", oid)
        run_git(question, self.mirror.path, self.memory_bytes, self.stop, read=read)
        return len(found) == 1


def _decided(
    changes: Iterable[RefChange], index: PackIndex, git: _Git, *, shallow: bool
) -> list[RefChange]:
    """The changes, with undecided moves of branches decided by the pack or by git."""
    decided, questions = [], 0
    for each in changes:
        change = each
        if each.move is RefMove.UNDECIDED and each.new and not shallow:
            if _is_missing(index, each.old):
                change = replace(each, move=RefMove.REWRITTEN, reason="the old tip is gone")
            elif questions < _MOST_QUESTIONS:
                questions += 1
                change = _by_ancestry(each, git.is_ancestor(each.old, each.new))
        decided.append(change)
    return decided


def _by_ancestry(change: RefChange, follows: bool | None) -> RefChange:
    if follows is None:
        return change
    move = RefMove.ADVANCED if follows else RefMove.REWRITTEN
    return replace(change, move=move, reason="decided by git merge-base")


def _is_missing(index: PackIndex, oid: str) -> bool:
    return index.find(bytes.fromhex(oid)) is None


def _reported(
    changes: Iterable[RefChange],
    lost: Iterable[str],
    before: Advertisement,
    now: Advertisement,
    rules: RewriteRules,
    is_root: Callable[[str], bool],
) -> Rewrites | None:
    gone, missing = set(lost), list[RefChange]()
    named, undecided, default_branch = [], 0, False
    for each in changes:
        undecided += each.move is RefMove.UNDECIDED
        kind = _kind(each)
        if kind is None:
            continue
        named.append(Rewrite(each.name, kind, each.old, each.new))
        is_lost = each.move is RefMove.DELETED and each.old in gone
        missing += [each] if is_lost else []
        if each.name == before.head:
            default_branch |= is_lost or each.move is RefMove.REWRITTEN
    if not (named or undecided):
        return None
    watched = rules.watched(before.refs)
    every = len(named) == len(watched)
    return Rewrites(
        rules.run_id,
        tuple(named[:MOST_NAMED]),
        len(named[MOST_NAMED:]),
        refs_before=len(watched),
        lost=len(missing),
        default_branch=default_branch,
        one_commit=every and _is_one_commit(watched, now, rules, is_root),
        undecided=undecided,
    )


def _is_one_commit(
    before: Mapping[str, str],
    now: Advertisement,
    rules: RewriteRules,
    is_root: Callable[[str], bool],
) -> bool:
    """Whether all refs now name one commit, in a way that looks intended.

    Authors often amend a single branch, but rarely replace its first commit too. That many tips
    become one is always intended.
    """
    tips = {now.peeled.get(name, oid) for name, oid in rules.watched(now.refs).items()}
    old = set(before.values())
    if len(tips) != 1:
        return False
    return len(old) >= _SEVERAL or (is_root(*tips) and not any(map(is_root, old)))


def _kind(change: RefChange) -> RewriteKind | None:
    """The kind under which a change is reported; None if it is not reported."""
    if change.move is RefMove.DELETED:
        is_tag = change.name.startswith(_TAGS)
        return RewriteKind.DELETED_TAG if is_tag else RewriteKind.DELETED_BRANCH
    kinds = {RefMove.MOVED: RewriteKind.MOVED_TAG, RefMove.REWRITTEN: RewriteKind.FORCED_BRANCH}
    return kinds.get(change.move)
