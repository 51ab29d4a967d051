"""The kinds of things that are backed up, and the words for them. Pure.

A repository of GitHub has several: its own git repository, and its wiki. What became of each is a
result of its own in the manifest, under the kind's name.
"""

from dataclasses import dataclass

GIT, WIKI = "git", "wiki"


@dataclass(frozen=True, slots=True)
class Kind:
    """``suffix`` follows ``owner/name`` wherever people read it, ``key_suffix`` the name of an
    archive. ``one`` and ``many`` are the noun."""

    name: str
    one: str
    many: str
    suffix: str = ""
    key_suffix: str = ""


KINDS = {
    kind.name: kind
    for kind in (
        Kind(GIT, "repository", "repositories"),
        Kind(WIKI, "wiki", "wikis", suffix=".wiki", key_suffix=".wiki"),
    )
}
"""By name, in the order in which they are told."""


def suffix(kind: str) -> str:
    """What follows ``owner/name`` of a thing of this kind; its own name if it is of a later
    version."""
    return KINDS[kind].suffix if kind in KINDS else f".{kind}"
