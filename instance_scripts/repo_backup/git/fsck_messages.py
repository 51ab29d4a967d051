"""What git dislikes about a history that is complete all the same: told by name, never refused.

Old projects carry bad time zones, zero-padded file modes and the like; GitHub serves them, so a
backup has to hold them. https://git-scm.com/docs/git-fsck#_fsck_messages describes each name.
"""

import re
from collections import Counter
from collections.abc import Collection
from typing import IO

from repo_backup.git.restorable import listed
from repo_backup.runtime.errors import said

_TOLERATED = (
    *("badDate", "badDateOverflow", "badEmail", "badName", "badTimezone", "badType"),
    *("duplicateEntries", "emptyName", "fullPathname", "hasDot", "hasDotdot", "hasDotgit"),
    *("missingAuthor", "missingCommitter", "missingEmail", "missingNameBeforeEmail"),
    *("missingSpaceBeforeDate", "missingSpaceBeforeEmail", "missingTag", "missingTagEntry"),
    *("missingType", "missingTypeEntry", "multipleAuthors", "nulInCommit", "nullSha1"),
    *("treeNotSorted", "unknownType", "zeroPaddedDate", "zeroPaddedFilemode"),
    *("gitmodulesBlob", "gitmodulesLarge", "gitmodulesMissing", "gitmodulesName"),
    *("gitmodulesPath", "gitmodulesSymlink", "gitmodulesUpdate", "gitmodulesUrl"),
    *("gitattributesBlob", "gitattributesLarge", "gitattributesLineLength"),
    *("gitattributesMissing", "largePathname", "symlinkPointsToGitDir", "symlinkTargetLength"),
    *("badGpgsig", "badHeaderContinuation"),
)


def strict_option(known: Collection[str]) -> str:
    """Lets ``git index-pack`` look at the form of each object, and report it without refusing.

    ``known`` are the names that this git knows: it refuses an option with any other.
    """
    return "--strict=" + ",".join(f"{name}=warn" for name in _TOLERATED if name in known)


MALFORMED = "malformed history, archived as it is"
"""How the sentence begins that names what was found."""

REFUSED_ELSEWHERE = (
    "a host that checks what it is sent (receive.fsckObjects), as GitHub does, may refuse it. "
    "What can be done: push to a host that does not check, for one a bare repository of your own; "
    "or let git filter-repo, or git fast-export and fast-import, write the history anew, which "
    "gives its commits other ids"
)

_LINE = re.compile(rb"(?:error|warning)(?:: object| in \w+) ([0-9a-f]+): (\w+): ")
_NO_COMMIT = re.compile(rb"error: (refs/heads/.*): not a commit")
_LAST_LINES = 3
_MOST_NAMES = 1000
_LINE_BYTES = 1000


class Complaints:
    """What a git said on its standard error: how many objects are malformed how, its last lines.

    Every object may cause a line, so that the lines themselves are not kept. ``refused`` are the
    names of malformations that no archive may have.
    """

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.refused: set[str] = set()
        self.no_commits: set[str] = set()
        self.last: list[str] = []

    def read(self, stream: IO[bytes]) -> None:
        """Read the stream to its end."""
        before: tuple[bytes, ...] = ()
        while line := stream.readline(_LINE_BYTES):
            named = _LINE.match(line)
            name = named[2].decode() if named else ""
            if named and name in _TOLERATED:
                # An author and a committer may both be wrong: that is one object.
                self.found[name] += named.groups() != before
                before = named.groups()
            elif branch := _NO_COMMIT.match(line):
                if len(self.no_commits) < _MOST_NAMES:
                    self.no_commits.add(said(branch[1].decode("utf-8", "replace")))
            else:
                self.refused.update([name] if name and len(self.refused) < _MOST_NAMES else ())
                shown = line.decode("utf-8", "replace").strip()
                self.last = [*self.last, shown][-_LAST_LINES:]

    def warnings(self) -> tuple[str, ...]:
        """One sentence that names all malformations, one for branches that name no commit."""
        told = []
        if self.found:
            counts = ", ".join(f"{name} ({count})" for name, count in sorted(self.found.items()))
            told.append(f"{MALFORMED}: {counts}")
        if self.no_commits:
            told.append(
                f"{listed(sorted(self.no_commits))}: a branch that names no commit; "
                "most hosts refuse a push of it"
            )
        return tuple(told)
