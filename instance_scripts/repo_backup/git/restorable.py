"""What can be saved and restored: one rule for backup, restore, verify and the restore drill. Pure.

Whatever git can clone passes: a branch may name a tag or a tree, and HEAD any ref or object.
https://git-scm.com/docs/git-check-ref-format says which names are refs.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from repo_backup.runtime.errors import said

_FORBIDDEN_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|\.$|/$")
_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TRIAL_MERGE = re.compile(r"refs/pull/[0-9]+/merge")
"""GitHub makes these anew without a push, so that they say nothing about a change."""
_BRANCHES, _TAGS = "refs/heads/", "refs/tags/"
_NAMED = 5


def is_object_id(text: str) -> bool:
    """Whether this is a SHA-1 or SHA-256 in hexadecimal."""
    return bool(_OBJECT_ID.fullmatch(text))


def is_ref(name: str) -> bool:
    """Whether git takes this as the full name of a ref."""
    return name.startswith("refs/") and not _FORBIDDEN_IN_REF.search(name)


def is_archived(name: str) -> bool:
    """Whether a ref belongs in an archive."""
    return not _TRIAL_MERGE.fullmatch(name)


def is_essential(name: str) -> bool:
    """Whether a backup without this ref is incomplete: only branches and tags are a person's own.

    What is elsewhere (``refs/pull``, notes, ``refs/remotes``) is archived where the server can
    serve it.
    """
    return name.startswith((_BRANCHES, _TAGS))


def is_head(text: str) -> bool:
    """Whether a mirror's HEAD may read like this: ``ref: refs/…``, or an object's id."""
    target = text.removesuffix("\n")
    return is_object_id(target) or (target.startswith("ref: ") and is_ref(target[len("ref: ") :]))


def is_packed_ref(line: str) -> bool:
    """Whether a mirror's ``packed-refs`` may have this line: a header, a ref, or a peeled tag."""
    if line.startswith("#"):
        return True
    if line.startswith("^"):
        return is_object_id(line[1:])
    oid, _, name = line.partition(" ")
    return is_object_id(oid) and is_ref(name)


def oddities(
    head: str | None, refs: Mapping[str, str], peeled: Collection[str], shallow: Collection[str]
) -> tuple[str, ...]:
    """What a person should know of refs that are archived as they are: one sentence for each.

    ``head`` is the ref that HEAD points to, None if it is detached; ``peeled`` are the refs that
    name an annotated tag, ``shallow`` the commits whose parents upstream lacks.
    """
    found = []
    if head and head not in refs:
        found.append(
            f"HEAD points to {said(head)}, which does not exist: a clone checks nothing out"
        )
    elif head and not head.startswith(_BRANCHES):
        found.append(f"HEAD points to {said(head)}, which is not a branch")
    if tags := sorted(name for name in peeled if name.startswith(_BRANCHES)):
        found.append(
            f"{listed(map(said, tags))}: a branch that names a tag; most hosts refuse a push of it"
        )
    if shallow:
        found.append(f"upstream is a shallow repository: {len(shallow)} commits lack their parents")
    return tuple(found)


def listed(names: Iterable[str]) -> str:
    """The first names of many, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
