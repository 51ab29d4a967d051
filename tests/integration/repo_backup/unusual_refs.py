"""Repositories whose refs are lawful but unusual, each made by plumbing."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from local_cloud.github.corpus import commit_files, git

Shape = Callable[[Path], None]


def object_of(repository: Path, kind: str, data: bytes) -> str:
    """Write an object as it is; its id."""
    command = ["git", "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
    done = subprocess.run(command, cwd=repository, input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()


def pack_refs(repository: Path, **more: str) -> None:
    """Add refs that git would not write itself; ``heads_x`` is ``refs/heads/x``."""
    listed = git(repository, "for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    listed += [f"{oid} refs/{name.replace('_', '/')}" for name, oid in more.items()]
    for folder in ("heads", "tags"):
        shutil.rmtree(repository / "refs" / folder, ignore_errors=True)
    lines = ["# pack-refs with: sorted ", *sorted(listed, key=lambda line: line.split()[1])]
    (repository / "packed-refs").write_text("".join(f"{line}\n" for line in lines))


def _tag(repository: Path, name: str, target: str = "main", kind: str = "commit") -> str:
    oid = git(repository, "rev-parse", target)
    text = f"object {oid}\ntype {kind}\ntag {name}\ntagger O <o@example.org> 0 +0000\n\n{name}\n"
    return object_of(repository, "tag", text.encode())


def _branch_names_a_tag(repository: Path) -> None:
    pack_refs(repository, heads_old=_tag(repository, "old"))


def _branch_names_a_tree(repository: Path) -> None:
    pack_refs(repository, heads_tree=git(repository, "rev-parse", "main^{tree}"))


def _branch_names_a_file(repository: Path) -> None:
    pack_refs(repository, heads_file=git(repository, "rev-parse", "main:README"))


def _tags_name_anything(repository: Path) -> None:
    inner = _tag(repository, "inner")
    git(repository, "update-ref", "refs/tags/outer", _tag(repository, "outer", inner, "tag"))
    git(repository, "update-ref", "refs/tags/tree", git(repository, "rev-parse", "main^{tree}"))
    git(repository, "update-ref", "refs/tags/file", git(repository, "rev-parse", "main:README"))


def _head_in_remotes(repository: Path) -> None:
    git(repository, "update-ref", "refs/remotes/origin/x", "main")
    git(repository, "symbolic-ref", "HEAD", "refs/remotes/origin/x")


def _head_names_a_tag(repository: Path) -> None:
    git(repository, "update-ref", "refs/tags/v1", _tag(repository, "v1"))
    git(repository, "symbolic-ref", "HEAD", "refs/tags/v1")


def _head_is_detached(repository: Path) -> None:
    parent = git(repository, "rev-parse", "main")
    commit_files(repository, {"README": "more\n"})
    (repository / "HEAD").write_text(f"{parent}\n")


def _head_names_no_branch(repository: Path) -> None:
    git(repository, "symbolic-ref", "HEAD", "refs/heads/gone")


def _notes_replace_and_stash(repository: Path) -> None:
    main = git(repository, "rev-parse", "main")
    other = git(repository, "commit-tree", "-m", "other", "main^{tree}")
    git(repository, "notes", "add", "-m", "a note", main)
    git(repository, "update-ref", f"refs/replace/{main}", other)
    git(repository, "update-ref", "refs/stash", other)


def _shallow(repository: Path) -> None:
    commit_files(repository, {"README": "more\n"})
    cut = git(repository, "rev-parse", "main")
    parent = git(repository, "rev-parse", "main~1")
    (repository / "shallow").write_text(f"{cut}\n")
    (repository / "objects" / parent[:2] / parent[2:]).unlink()


def _digits_of_other_scripts(repository: Path) -> None:
    for number in ("\u0663", "\uff11", "\u00b2"):  # an Arabic, a full-width, a raised digit
        git(repository, "update-ref", f"refs/pull/{number}/merge", "main")
    git(repository, "update-ref", "refs/pull/1/head", "main")


def _long_attributes(repository: Path) -> None:
    line = " ".join(f"a{number}" for number in range(2000))
    commit_files(repository, {".gitattributes": f"* {line}\n"})


SHAPES: dict[str, Shape] = {
    "branch-names-a-tag": _branch_names_a_tag,
    "branch-names-a-tree": _branch_names_a_tree,
    "branch-names-a-file": _branch_names_a_file,
    "tags-name-anything": _tags_name_anything,
    "head-in-remotes": _head_in_remotes,
    "head-names-a-tag": _head_names_a_tag,
    "head-is-detached": _head_is_detached,
    "head-names-no-branch": _head_names_no_branch,
    "notes-replace-and-stash": _notes_replace_and_stash,
    "shallow": _shallow,
    "digits-of-other-scripts": _digits_of_other_scripts,
    "long-attributes": _long_attributes,
}
