"""Pushes a restored mirror: all refs that the host accepts, in parts that it accepts."""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backup_contract.text import one_line
from repo_backup.git.process import LEAN_GIT, git_environment
from repo_backup.git.protocol.advertisement import mirror_refs
from repo_backup.git.pushing.push_plan import (
    MOST_BYTES,
    Commit,
    divide,
    hidden_refs,
    is_github,
    refspecs,
)
from repo_backup.git.pushing.push_target import Target
from repo_backup.runtime.errors import RepositoryError

_REFUSED = re.compile(r"!\t[^\t]*:(?P<ref>[^\t]+)\t(?P<summary>.*)")
"""https://git-scm.com/docs/git-push#_output"""
_HIDDEN = "GitHub accepts no pushes there"
_SHOWN, _FEW = 20, 3
_REQUIRED = ("refs/heads/", "refs/tags/")


@dataclass(frozen=True)
class Pushed:
    """The result of a push: the reason for each refused ref, and remarks for the user."""

    refused: dict[str, str]
    remarks: tuple[str, ...]


def check_empty(target: Target) -> None:
    """Raise RepositoryError if the target has refs, or if its host does not list them."""
    if there := target.refs():
        shown = ", ".join(one_line(each) for each in [*there][:_FEW]) + ", …" * (len(there) > _FEW)
        raise RepositoryError(
            f"--push-to: the repository is not empty, it has {shown}. Create one without README, "
            "licence and .gitignore, or give --force, which overwrites refs of the same name"
        )


def push(mirror: Path, target: Target, *, force: bool, most_bytes: int = MOST_BYTES) -> Pushed:
    """Push all refs that the host accepts, in parts of about ``most_bytes``.

    ``force`` overwrites refs of the same name. The default branch goes first, because a host makes
    the first branch of an empty repository the default. A refused ref does not prevent the others.
    Raises RepositoryError with the host's message if it refuses a branch or tag.
    """
    there = target.refs() if force else {}
    head, refs = mirror_refs(mirror)
    hidden = hidden_refs(refs, github=is_github(target.url, target.api_url))
    wanted = {name: oid for name, oid in refs.items() if name not in set(hidden)}
    refused: dict[str, str] = {}
    output = ""
    pushes = _pushes(mirror, head, wanted, there, refused, force=force, most_bytes=most_bytes)
    for arguments in pushes:
        done = target.run(("push", "--porcelain", "--no-progress", target.url, *arguments), mirror)
        now = dict(_refused(done.stdout))
        refused |= now
        if done.returncode:
            output += target.output_of(done)
            if not now:
                raise RepositoryError(f"git push failed{_listed(refused)}:{output}")
    if any(name.startswith(_REQUIRED) for name in refused):
        raise RepositoryError(f"git push failed{_listed(refused)}:{output}")
    remarks = []
    if hidden:
        remarks.append(
            f"not pushed: {len(hidden)} ref{'s' * (len(hidden) != 1)} below refs/pull: {_HIDDEN}"
        )
    if refused:
        remarks.append(f"not pushed{_listed(refused)}")
    if head in refs and head.startswith("refs/heads/"):
        remarks += _set_default_branch(target, head)
    return Pushed({**dict.fromkeys(hidden, _HIDDEN), **refused}, tuple(remarks))


def _pushes(
    mirror: Path,
    head: str,
    wanted: dict[str, str],
    there: dict[str, str],
    refused: Mapping[str, str],
    *,
    force: bool,
    most_bytes: int,
) -> Iterator[list[str]]:
    """The refspecs of each push in turn, without refs that the host has ``refused`` by then."""
    large = sum(pack.stat().st_size for pack in mirror.glob("objects/pack/*.pack")) > most_bytes
    first = {name: oid for name, oid in wanted.items() if name == head}
    rest = {name: oid for name, oid in wanted.items() if name != head}
    known = [*there.values()]
    for group in filter(None, (first, rest)):
        missing = _missing_commits(mirror, group, known) if large else []
        for part in divide(missing, group, most_bytes):
            if left := {name: oid for name, oid in part.items() if name not in refused}:
                yield [f"{'+' * force}{oid}:{name}" for name, oid in left.items()]
        if left := {name: oid for name, oid in group.items() if name not in refused}:
            alone = [f"{'+' * force}{head}:{head}"]
            yield alone if group is first else refspecs(left, refused, force=force)
        known += (oid for name, oid in group.items() if name not in refused)


def _missing_commits(mirror: Path, refs: dict[str, str], known: list[str]) -> list[Commit]:
    """The commits of the refs that the ``known`` objects do not include, parents first."""
    revisions = "".join(f"{oid}\n" for oid in dict.fromkeys(refs.values()))
    revisions += "".join(f"^{oid}\n" for oid in dict.fromkeys(known))
    walk = ("rev-list", "--ignore-missing", "--topo-order", "--reverse", "--stdin")
    parents = dict(
        line.partition(" ")[::2] for line in _git(mirror, (*walk, "--parents"), revisions)
    )
    sizes: dict[str, int] = dict.fromkeys(parents, 0)
    current: str | None = None
    objects = ("--objects", "--in-commit-order", "--no-object-names")
    for oid, count in _sizes(mirror, (*walk, *objects), revisions):
        current = oid if oid in sizes else current
        if current:
            sizes[current] += count
    return [
        Commit(oid, parents[oid].partition(" ")[0] or None, count) for oid, count in sizes.items()
    ]


def _sizes(mirror: Path, walk: Sequence[str], revisions: str) -> Iterator[tuple[str, int]]:
    """Each object of a walk, in order, and its bytes on disk. Raises RepositoryError.

    Large repositories have millions of objects: they are piped from one git to the other.
    """
    environment = {**git_environment(mirror), "GIT_DIR": str(mirror)}
    measure = ("cat-file", "--buffer", "--batch-check=%(objectname) %(objectsize:disk)")
    with tempfile.TemporaryFile("w+") as asked:
        asked.write(revisions)
        asked.seek(0)
        with (
            subprocess.Popen(
                (*LEAN_GIT, *walk), env=environment, stdin=asked, stdout=subprocess.PIPE
            ) as walking,
            subprocess.Popen(
                (*LEAN_GIT, *measure),
                env=environment,
                stdin=walking.stdout,
                stdout=subprocess.PIPE,
                text=True,
            ) as measuring,
        ):
            for line in measuring.stdout or ():
                oid, _, count = line.partition(" ")
                yield oid, int(count)
        if walking.returncode or measuring.returncode:
            raise RepositoryError("git rev-list: the history cannot be read")


def _git(mirror: Path, arguments: Sequence[str], text: str) -> list[str]:
    done = subprocess.run(
        (*LEAN_GIT, *arguments),
        cwd=mirror,
        env={**git_environment(mirror), "GIT_DIR": str(mirror)},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RepositoryError(f"git {arguments[0]}: {one_line(done.stderr.strip())}")
    return done.stdout.splitlines()


def _refused(porcelain: str) -> Iterator[tuple[str, str]]:
    for line in porcelain.split("\n"):  # a ref's name may contain Unicode's other line separators
        if match := _REFUSED.fullmatch(line):
            yield match["ref"], match["summary"]


def _listed(refused: dict[str, str]) -> str:
    shown = [f"{one_line(name)} {one_line(why)}" for name, why in refused.items()]
    more = [f"and {len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    return "".join(f"\n  {each}" for each in [*shown[:_SHOWN], *more])


def _set_default_branch(target: Target, head: str) -> list[str]:
    """Set the target's default branch. Returns a remark if only the user can do that."""
    if "://" not in target.url and Path(target.url).is_dir():
        _git(Path(target.url), ("symbolic-ref", "HEAD", head), "")
        return []
    if (now := target.head()) == head:
        return []
    if target.set_default_branch:
        target.set_default_branch(head.removeprefix("refs/heads/"))
        return []
    branch = one_line(head.removeprefix("refs/heads/"))
    is_now = f"is {one_line(now.removeprefix('refs/heads/'))}" if now else "is not known"
    return [f"the default branch there {is_now}; it was {branch}: set it in the host's settings"]
