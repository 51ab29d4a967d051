"""Which refs and HEADs are allowed: one rule for backup, restore, verify and restore drill. Pure.

Everything that git can clone is allowed: a branch may name a tag or a tree, and HEAD any ref or
object. For the names of refs see https://git-scm.com/docs/git-check-ref-format.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from backup_contract.text import one_line

_FORBIDDEN_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|\.$|/$")
_OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TRIAL_MERGE = re.compile(r"refs/pull/[0-9]+/merge")
"""GitHub recreates these without a push, so their changes mean nothing."""
_BRANCHES, _TAGS = "refs/heads/", "refs/tags/"
_NAMED = 5


def is_object_id(text: str) -> bool:
    """Whether the text is a SHA-1 or SHA-256 in hexadecimal."""
    return bool(_OBJECT_ID.fullmatch(text))


def is_ref(name: str) -> bool:
    """Whether git accepts this as the full name of a ref."""
    return name.startswith("refs/") and not _FORBIDDEN_IN_REF.search(name)


def is_archived(name: str) -> bool:
    """Whether a ref belongs in an archive."""
    return not _TRIAL_MERGE.fullmatch(name)


def is_essential(name: str) -> bool:
    """Whether a backup without this ref is incomplete: true for branches and tags.

    Other refs (``refs/pull``, notes, ``refs/remotes``) are archived if the server can serve them.
    """
    return name.startswith((_BRANCHES, _TAGS))


def is_head(text: str) -> bool:
    """Whether this is a valid content of a mirror's HEAD: ``ref: refs/…``, or an object id."""
    target = text.removesuffix("\n")
    return is_object_id(target) or (target.startswith("ref: ") and is_ref(target[len("ref: ") :]))


def is_packed_ref(line: str) -> bool:
    """Whether this is a valid line of ``packed-refs``: a header, a ref, or a peeled tag."""
    if line.startswith("#"):
        return True
    if line.startswith("^"):
        return is_object_id(line[1:])
    oid, _, name = line.partition(" ")
    return is_object_id(oid) and is_ref(name)


def unusual_refs(
    head: str | None, refs: Mapping[str, str], peeled: Collection[str], shallow: Collection[str]
) -> tuple[str, ...]:
    """One sentence for each unusual ref or HEAD, which is archived as it is.

    ``head`` is the ref that HEAD points to, None if it is detached. ``peeled`` are the refs that
    name an annotated tag, ``shallow`` the commits whose parents upstream lacks.
    """
    found = []
    if head and head not in refs:
        found.append(
            f"HEAD points to {one_line(head)}, which does not exist: a clone checks out no files"
        )
    elif head and not head.startswith(_BRANCHES):
        found.append(f"HEAD points to {one_line(head)}, which is not a branch")
    if tags := sorted(name for name in peeled if name.startswith(_BRANCHES)):
        found.append(
            f"{listed(map(one_line, tags))}: a branch that names a tag; most hosts refuse to "
            "accept it"
        )
    if shallow:
        found.append(f"upstream is a shallow repository: {len(shallow)} commits lack their parents")
    return tuple(found)


def listed(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
