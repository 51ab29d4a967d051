"""The kinds of things that are backed up, and their names. Pure.

A repository of GitHub has several: its own git repository, its wiki, and its project data, which
is issues, pull requests, discussions, releases and settings. What became of each is a
result of its own in the manifest, under the kind's name. An account has data, too, and a gist is a
git repository that is listed apart. What a kind does is the backup program's
(``repo_backup.kinds``); what it is called, the functions know as well.
"""

from dataclasses import dataclass
from typing import Literal

GIT, WIKI, DATA, LFS, ACCOUNT, GIST = "git", "wiki", "data", "lfs-objects", "account", "gist"
Holder = Literal["repository", "account", "gist"]
"""What has something of a kind."""


@dataclass(frozen=True, slots=True)
class KindNames:
    """``name`` is the kind's field in the manifest. ``suffix`` follows ``owner/name`` in documents
    and options, ``key_suffix`` the name of an archive; people read ``label`` behind ``owner/name``
    where there is one. ``one`` and ``many`` are the noun, the
    same where ``is_mass``: such a thing has no plural. ``word`` names the kind in options and
    totals, where that is not ``many``. ``goes_with_git``: who restores a repository to a folder
    gets it, too. ``of`` is what has it."""

    name: str
    one: str
    many: str
    suffix: str = ""
    key_suffix: str = ""
    word: str = ""
    is_mass: bool = False
    goes_with_git: bool = False
    label: str = ""
    of: Holder = "repository"

    @property
    def total(self) -> str:
        """The field of the totals that counts archives of this kind."""
        return self.word or self.many

    @property
    def exclusion(self) -> str:
        """The option that excludes this kind."""
        return f"--no-{self.total}"

    def counted(self, count: int) -> str:
        """``1 wiki``, ``2 wikis``, ``project data of 2 repositories``."""
        if self.is_mass:
            whose = (
                ("account", "accounts") if self.of == "account" else ("repository", "repositories")
            )
            return f"{self.one} of {count} {whose[count != 1]}"
        return f"{count} {self.one if count == 1 else self.many}"

    @property
    def choice(self) -> str:
        """The option that chooses this kind of a repository for a restore."""
        return f"--{self.word or self.name}"


KINDS = {
    kind.name: kind
    for kind in (
        KindNames(GIT, "repository", "repositories"),
        KindNames(WIKI, "wiki", "wikis", suffix=".wiki", key_suffix=".wiki"),
        KindNames(
            *(DATA, "project data", "project data"),
            suffix=".data",
            key_suffix="~data",
            word="data",
            is_mass=True,
            goes_with_git=True,
            label="project data",
        ),
        KindNames(
            *(LFS, "LFS list", "LFS lists"),
            suffix="~lfs",
            key_suffix="~lfs",
            word="lfs",
            goes_with_git=True,
            label="LFS objects",
        ),
        KindNames(
            *(ACCOUNT, "account data", "account data"),
            suffix="/~account",
            key_suffix="~account",
            word="account",
            is_mass=True,
            label="account data",
            of="account",
        ),
        KindNames(
            *(GIST, "gist", "gists"),
            suffix=".gist",
            key_suffix="~gist",
            word="gists",
            of="gist",
            label="gist",
        ),
    )
}
"""By name, in the order of every list of them: git first."""


def kinds_beside_git() -> list[KindNames]:
    """What a repository may have besides its own git."""
    return [kind for kind in further_kinds() if kind.of == "repository"]


def further_kinds() -> list[KindNames]:
    """All but git: what repositories may have besides, and what accounts have, and gists."""
    return [kind for kind in KINDS.values() if kind.name != GIT]


def noun(kind: str) -> str:
    """What one of this kind is called; the kind's own name if it is of a later version."""
    return KINDS[kind].one if kind in KINDS else kind


def suffix(kind: str) -> str:
    """What follows ``owner/name`` of a thing of this kind; its own name if it is of a later
    version."""
    return KINDS[kind].suffix if kind in KINDS else f".{kind}"


def labelled(full_name: str, kind: str) -> str:
    """What people call a thing of this kind: ``octo/hello.wiki``, ``octo/hello, LFS objects``."""
    names = KINDS.get(kind)
    if names and names.label:
        return f"{full_name}, {names.label}"
    return f"{full_name}{suffix(kind)}"
