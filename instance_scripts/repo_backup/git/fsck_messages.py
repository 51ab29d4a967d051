"""git fsck's messages about malformed but complete history, which is reported and never refused.

Old projects have bad time zones, zero-padded file modes and the like. GitHub serves them, so a
backup must keep them. https://git-scm.com/docs/git-fsck#_fsck_messages describes each message id.
"""

import re
from collections import Counter
from collections.abc import Collection
from typing import IO

from backup_contract.text import one_line
from repo_backup.git.restorable import listed

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
    """The option by which ``git index-pack`` checks the format of each object without refusing it.

    ``known`` are the message ids that this git knows; it refuses an option with any other.
    """
    return "--strict=" + ",".join(f"{name}=warn" for name in _TOLERATED if name in known)


MALFORMED = "malformed history, archived as it is"
"""The beginning of the sentence that names the message ids."""

REFUSED_ELSEWHERE = (
    "a host that checks pushed objects (receive.fsckObjects), as GitHub does, may refuse it. "
    "Either push to a host that does not check, for example a bare repository of your own; "
    "or rewrite the history with git filter-repo, or git fast-export and fast-import, which "
    "gives its commits other ids"
)

_LINE = re.compile(rb"(?:error|warning)(?:: object| in \w+) ([0-9a-f]+): (\w+): ")
_NO_COMMIT = re.compile(rb"error: (refs/heads/.*): not a commit")
_LAST_LINES = 3
_MOST_NAMES = 1000
_LINE_BYTES = 1000


class Diagnostics:
    """git's standard error, summarized: the number of objects by message id, and the last lines.

    Every object may cause a line, so the lines are not kept. ``refused`` are the ids of messages
    about objects that no archive may have.
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
                # Author and committer may both be malformed: count the object once.
                self.found[name] += named.groups() != before
                before = named.groups()
            elif branch := _NO_COMMIT.match(line):
                if len(self.no_commits) < _MOST_NAMES:
                    self.no_commits.add(one_line(branch[1].decode("utf-8", "replace")))
            else:
                self.refused.update([name] if name and len(self.refused) < _MOST_NAMES else ())
                shown = line.decode("utf-8", "replace").strip()
                self.last = [*self.last, shown][-_LAST_LINES:]

    def warnings(self) -> tuple[str, ...]:
        """A sentence with all message ids, and one about branches that do not name a commit."""
        sentences = []
        if self.found:
            counts = ", ".join(f"{name} ({count})" for name, count in sorted(self.found.items()))
            sentences.append(f"{MALFORMED}: {counts}")
        if self.no_commits:
            sentences.append(
                f"{listed(sorted(self.no_commits))}: a branch that names no commit; "
                "most hosts refuse to accept it"
            )
        return tuple(sentences)
