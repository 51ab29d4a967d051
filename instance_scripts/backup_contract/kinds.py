"""The kinds of items that are backed up, and their names. Pure.

A repository has several kinds: git, its wiki, its project data (issues, pull requests, discussions,
releases, settings) and its LFS objects. An account has data of its own, and a gist is a git
repository that GitHub lists separately. The manifest has a result for each kind, under its name.
The functions only need the names. The program's code for each kind is in ``repo_backup.kinds``.
"""

from dataclasses import dataclass
from typing import Literal

GIT, WIKI, DATA, LFS, ACCOUNT, GIST = "git", "wiki", "data", "lfs-objects", "account", "gist"
Holder = Literal["repository", "account", "gist"]
"""What an item of a kind belongs to."""


@dataclass(frozen=True, slots=True)
class KindNames:
    """The names of a kind.

    ``name`` is its field in the manifest. ``one`` and ``many`` are the noun, singular and plural;
    they are the same if ``is_mass``. ``suffix`` is appended to ``owner/name`` in documents and
    options, ``key_suffix`` to the name of an archive. ``label``, if set, replaces the suffix in
    text for people. ``word`` names the kind in options and totals; by default that is ``many``.
    ``goes_with_git``: restoring a repository to a folder restores this kind, too. ``of`` is what an
    item of this kind belongs to.
    """

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
        """The option that restores this kind."""
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
"""All kinds by name, in the order in which they are always listed."""


def kinds_beside_git() -> list[KindNames]:
    """The kinds that a repository may have besides git."""
    return [kind for kind in further_kinds() if kind.of == "repository"]


def further_kinds() -> list[KindNames]:
    """All kinds except git."""
    return [kind for kind in KINDS.values() if kind.name != GIT]


def noun(kind: str) -> str:
    """The noun for one item of this kind; the kind's name if only a later version knows it."""
    return KINDS[kind].one if kind in KINDS else kind


def suffix(kind: str) -> str:
    """The suffix of ``owner/name`` for this kind; its name if only a later version knows it."""
    return KINDS[kind].suffix if kind in KINDS else f".{kind}"


def labelled(full_name: str, kind: str) -> str:
    """An item's name for people: ``octo/hello.wiki``, ``octo/hello, LFS objects``."""
    names = KINDS.get(kind)
    if names and names.label:
        return f"{full_name}, {names.label}"
    return f"{full_name}{suffix(kind)}"
