"""A person's gists: git repositories of their own, at ``ROOT/gist/ID.git`` as an Enterprise server
serves them, and what the API says of them.

A secret gist is listed to its owner alone. Whoever knows its id may read it, as on GitHub:
https://docs.github.com/en/get-started/writing-on-github/editing-and-sharing-content-with-gists
"""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_cloud.github.corpus import commit_files, init_repository
from local_cloud.github.data.account import AccountData
from local_cloud.github.data.model import Gist, GistComment

FOLDER = "gist"


@dataclass(frozen=True)
class Gists:
    """Creates and changes gists of ``owner``. ``root`` is the stand-in's folder."""

    root: Path
    account: AccountData
    owner: str = "octo"

    def path(self, gist: Gist) -> Path:
        """The bare repository of a gist."""
        return self.root / FOLDER / f"{gist.id}.git"

    def create(
        self, files: Mapping[str, str], description: str = "", *, public: bool = True
    ) -> Gist:
        """Create a gist with these files (name → contents)."""
        made = self._new(description, public=public)
        made.files = _sizes(files)
        commit_files(init_repository(self.path(made)), files, message="")
        return made

    def fork(self, of: Gist) -> Gist:
        """Create a gist as a copy of another one."""
        made = self._new(of.description, public=of.public)
        made.files = dict(of.files)
        shutil.copytree(self.path(of), self.path(made))
        return made

    def write(self, gist: Gist, files: Mapping[str, str]) -> None:
        """Commit these files, as an edit on GitHub's page or a push does."""
        commit_files(self.path(gist), files, message="")
        gist.files |= _sizes(files)
        gist.updated_at = self.account.now()

    def rename_file(self, gist: Gist, name: str, to: str) -> None:
        """Commit a rename of a file."""
        commit_files(self.path(gist), {}, moved={name: to}, message="")
        gist.files[to] = gist.files.pop(name)
        gist.updated_at = self.account.now()

    def comment(self, gist: Gist, body: str, user: str | None = "monalisa") -> GistComment:
        """Add a comment. It does not change the gist's own date."""
        now = self.account.now()
        made = GistComment(self.account.new_id(), user, body, now, now)
        gist.comments.append(made)
        return made

    def delete(self, gist: Gist) -> None:
        """Delete the gist from the list and for git."""
        del self.account.gists[gist.id]
        shutil.rmtree(self.path(gist))

    def _new(self, description: str, *, public: bool) -> Gist:
        number, now = self.account.new_id(), self.account.now()
        id = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
        made = Gist(id, self.owner, description, public, now, now)
        self.account.gists[id] = made
        return made


def _sizes(files: Mapping[str, str]) -> dict[str, int]:
    return {name: len(contents.encode()) for name, contents in files.items()}


def fill_gists(gists: Gists) -> None:
    """The corpus' gists: a public one with a comment and a renamed file, and a secret one."""
    notes = gists.create({"greetings.txt": "Hello\n"}, "Greetings in many languages")
    gists.write(notes, {"greetings.txt": "Hello\nΓειά\n"})
    gists.rename_file(notes, "greetings.txt", "greetings.md")
    gists.comment(notes, "Could you add Finnish?")
    gists.create({"todo.txt": "Nobody but me reads this.\n"}, "Plans", public=False)
