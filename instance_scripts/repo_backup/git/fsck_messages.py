"""What git dislikes about a history that is complete all the same: told by name, never refused.

Old projects carry bad time zones, zero-padded file modes and the like; GitHub serves them, so a
backup has to hold them. https://git-scm.com/docs/git-fsck#_fsck_messages describes each name.
"""

import re
from collections import Counter
from typing import IO

_TOLERATED = (
    *("badDate", "badDateOverflow", "badEmail", "badName", "badTimezone", "badType"),
    *("duplicateEntries", "emptyName", "fullPathname", "hasDot", "hasDotdot", "hasDotgit"),
    *("missingAuthor", "missingCommitter", "missingEmail", "missingNameBeforeEmail"),
    *("missingSpaceBeforeDate", "missingSpaceBeforeEmail", "missingTag", "missingTagEntry"),
    *("missingType", "missingTypeEntry", "multipleAuthors", "nulInCommit", "nullSha1"),
    *("treeNotSorted", "unknownType", "zeroPaddedDate", "zeroPaddedFilemode"),
    *("gitmodulesBlob", "gitmodulesLarge", "gitmodulesMissing", "gitmodulesName"),
    *("gitmodulesPath", "gitmodulesSymlink", "gitmodulesUpdate", "gitmodulesUrl"),
)
"""Names that every git knows since 2.30: it refuses an option with one that it does not know."""

STRICT = "--strict=" + ",".join(f"{name}=warn" for name in _TOLERATED)
"""Lets ``git index-pack`` look at the form of each object, and speak of it without refusing."""

_LINE = re.compile(rb"(?:error|warning)(?:: object| in \w+) ([0-9a-f]+): (\w+): ")
_LAST_LINES = 3
_LINE_BYTES = 1000


class Complaints:
    """What a git said on its standard error: how many objects are malformed how, its last lines.

    Every object may cause a line, so that the lines themselves are not kept.
    """

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.last: list[str] = []

    def read(self, stream: IO[bytes]) -> None:
        """Read the stream to its end."""
        before: tuple[bytes, ...] = ()
        while line := stream.readline(_LINE_BYTES):
            named = _LINE.match(line)
            if named and (name := named[2].decode()) in _TOLERATED:
                # An author and a committer may both be wrong: that is one object.
                self.found[name] += named.groups() != before
                before = named.groups()
            else:
                said = line.decode("utf-8", "replace").strip()
                self.last = [*self.last, said][-_LAST_LINES:]

    def warnings(self) -> tuple[str, ...]:
        """One sentence that names all malformations, or none."""
        if not self.found:
            return ()
        counts = ", ".join(f"{name} ({count})" for name, count in sorted(self.found.items()))
        return (f"malformed history, archived as it is: {counts}",)
