"""What all section readers of one repository share: API access, documents, counts and problems."""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from backup_contract.documents.data_index import Section
from backup_contract.moments import iso
from repo_backup.hosts.base import RemoteRepository
from repo_backup.hosts.data import Documents, Task
from repo_backup.hosts.data_counts import counts_of, key_of
from repo_backup.hosts.github.api.graphql import GraphQL, Node, NoGraphQLError
from repo_backup.hosts.github.api.page import Page
from repo_backup.hosts.github.api.refusals import Refused, refused
from repo_backup.hosts.github.api.rest import Rest
from repo_backup.hosts.github.data.fields_table import clean
from repo_backup.hosts.github.data.pause import Pause
from repo_backup.hosts.github.data.sections import SECTIONS
from repo_backup.runtime.errors import RepositoryError

Json = Any
_OWN = ("_data", "_node", "_nodes")
"""The endings of field names that this program (or python-github-backup) adds to documents."""
FOLDERS = tuple(
    dict.fromkeys(
        source.saved_as.partition("/")[0] for source in SECTIONS.values() if "/" in source.saved_as
    )
)
ITEM_FOLDERS = ("pulls", "issues")
"""The folders in which a number's document may be. A pull request has no document as an issue."""


@dataclass
class RepositoryRead:
    """One reading of a repository.

    ``base`` is the number of saved items by section: as the last run counted them or, if everything
    is read again, as found in the documents. ``here`` is how much each section has grown since.
    ``touched`` are the numbers of the issues and pull requests that this reading has written.
    ``problems`` are those of sections that are read along with others, such as reviews with pull
    requests. ``pause`` says when this reading ends, to be continued by another.
    """

    rest: Rest
    graphql: GraphQL
    remote: RemoteRepository
    task: Task
    documents: Documents
    here: Counter[str] = field(default_factory=Counter)
    touched: set[int] = field(default_factory=set)
    problems: dict[str, Refused] = field(default_factory=dict)
    base: Mapping[str, int] = field(default_factory=dict)
    pause: Pause = field(default_factory=lambda: Pause(math.inf))

    @property
    def path(self) -> str:
        """The repository's path below the API's URL."""
        return f"/repos/{quote(self.remote.owner)}/{quote(self.remote.name)}"

    @property
    def name(self) -> dict[str, str]:
        """The variables of a GraphQL query that name the repository."""
        return {"owner": self.remote.owner, "name": self.remote.name}

    @property
    def account(self) -> str:
        """The account whose token is sent."""
        return self.remote.owner

    def for_purpose(self, purpose: str) -> "RepositoryRead":
        """The same reading, with its requests counted under ``purpose``."""
        return replace(
            self, rest=self.rest.for_purpose(purpose), graphql=self.graphql.for_purpose(purpose)
        )

    def before(self, section: str) -> Section | None:
        """A section as the last run left it; None if everything is to be read again."""
        return None if self.task.full else self.task.before.get(section)

    def pages(
        self,
        below: str,
        kind: str = "",
        *,
        shorten: Callable[[Json], Json] | None = None,
        **options: Any,
    ) -> Iterator[Page]:
        """The pages of a list, without the fields that are never saved. See ``Rest.pages``.

        ``shorten`` removes the useless parts of each item first.
        """
        for page in self.rest.pages(self.path + below, self.account, **options):
            items = [shorten(item) for item in page.items] if shorten else page.items
            yield replace(page, items=clean(items, kind))

    def get(self, below: str, kind: str = "") -> Json:
        """One document, without the fields that are never saved."""
        return clean(self.rest.get(self.path + below, self.account), kind)

    def is_at(self, url: str) -> bool:
        """Whether ``url`` is this repository's URL in the API, even after a rename.

        Raises RepositoryError.
        """
        if url.lower().endswith(self.path.lower()):
            return True
        now = self.get("")
        return isinstance(now, dict) and (now.get("id"), now.get("url")) == (self.remote.id, url)

    def nodes(
        self, query: str, ids: Sequence[str], size: int, fields: Mapping[str, str] | None = None
    ) -> Iterator[Node]:
        """The nodes with these ids, without fields that are never saved. See ``GraphQL.nodes``."""
        for node in self.graphql.nodes(query, self.account, ids, size, fields):
            yield replace(node, document=clean(node.document))

    def item(self, number: int) -> tuple[str, Json] | None:
        """The path and the document of an issue or a pull request; None if neither is saved."""
        for folder in ITEM_FOLDERS:
            path = f"{folder}/{number}.json"
            document = self.documents.get(path)
            if document is not None:
                return path, document
        return None

    def save(self, path: str, document: Json, before: Json | None) -> None:
        """Write a document that replaces ``before``, and update the counts."""
        if document == before and not self.documents.is_vanished(path):
            return
        if before is not None:
            self.here.subtract(self.counted(path, before))
        self.documents.put(path, document)
        self.here.update(self.counted(path, document))

    def mark_gone(self, path: str) -> None:
        """Mark a document as gone from GitHub."""
        if not self.documents.is_vanished(path):
            self.here.subtract(self.counted(path, self.documents.get(path)))
            self.documents.vanished(path)

    def mark_unlisted(
        self, folder: str, listed: Collection[str], is_hidden: Callable[[Json], bool] | None = None
    ) -> None:
        """Mark the documents in a folder that GitHub no longer lists.

        A document that ``is_hidden`` from this token, as drafts may be, is not marked: nothing
        shows whether it is gone.
        """
        for path in list(self.alive_paths(folder)):
            if path not in listed and not (is_hidden and is_hidden(self.documents.get(path))):
                self.mark_gone(path)

    def mark_parts_gone(self, path: str, document: Json, parts: Iterable[str]) -> None:
        """Mark parts of a document as gone from GitHub, each as ``LIST/ID``."""
        before = self.counted(path, document)
        for part in parts:
            self.documents.vanished(path, part)
        self.here.subtract(before)
        self.here.update(self.counted(path, document))

    def unmark_parts(self, path: str, document: Json, name: str, parts: Iterable[Json]) -> None:
        """Remove the marks of those parts in the list ``name`` that GitHub shows again."""
        places = (f"{name}/{key_of(part)}" for part in parts)
        back = [place for place in places if self.documents.is_vanished(path, place)]
        if not back:
            return
        before = self.counted(path, document)
        for place in back:
            self.documents.reappeared(path, place)
        self.here.subtract(before)
        self.here.update(self.counted(path, document))

    def counted_items(self, section: str) -> int | None:
        """GitHub's count of the items in a section's list; None if unknown. The list of issues also
        contains pull requests."""
        names = ("issues", "pulls") if section == "issues" else (section,)
        counts = [self.task.signature.counts.get(name) for name in names]
        return None if None in counts else sum(filter(None, counts))

    def lists_too_few(self, section: str, listed: int) -> bool:
        """Whether GitHub listed fewer items than it counts, so that unlisted ones may exist."""
        counted = self.task.signature.counts.get(section)
        return counted is not None and listed < counted

    def counted(self, path: str, document: Json) -> Counter[str]:
        """How many items a document adds to each section."""
        return counts_of(path, document, self.documents.is_vanished)

    def alive(self, path: str, document: Json, name: str) -> list[Json]:
        """The parts in the list ``name`` that are not marked as gone from GitHub."""
        return [
            part
            for part in document.get(name) or ()
            if not self.documents.is_vanished(path, f"{name}/{key_of(part)}")
        ]

    def alive_paths(self, folder: str) -> Iterator[str]:
        """The documents in a folder that are not marked as gone from GitHub."""
        for path in self.documents.paths(folder):
            if not self.documents.is_vanished(path):
                yield path

    def complete(
        self, section: str, *, newest: str | None = None, whole: bool, github: int | None = None
    ) -> Section:
        """A section that was read to its end; ``whole``: from its beginning."""
        before = self.task.before.get(section)
        return Section(
            "complete",
            here=self.count(section),
            github=github,
            newest=newest,
            read_at=iso(self.task.now) if whole or before is None else before.read_at,
        )

    def unread(
        self, section: str, why: Refused, after: str | None = None, *, github: int | None = None
    ) -> Section:
        """A section that was not read to its end; what earlier runs saved stays.

        ``after`` is where the next run continues. ``github`` is GitHub's count; for a section that
        is under way the default is the signature's, which shows how much is left.
        """
        before = self.task.before.get(section)
        if github is None and why.state == "under-way":
            github = self.task.signature.counts.get(section)
        return Section(
            why.state,
            here=self.count(section),
            github=github,
            newest=before.newest if before else None,
            read_at=before.read_at if before else None,
            reason=why.reason,
            after=after,
        )

    def count(self, section: str) -> int:
        """The present value of ``Section.here``."""
        return max(0, self.base.get(section, 0) + self.here[section])

    def count_base(self) -> None:
        """Set ``base``. The last run's counts include what a damaged archive has lost, so a full
        reading counts the documents instead."""
        if not self.task.full:
            self.base = {name: section.here for name, section in self.task.before.items()}
            return
        found: Counter[str] = Counter()
        for folder in FOLDERS:
            for path in self.documents.paths(folder):
                found.update(self.counted(path, self.documents.get(path)))
        self.base = found

    def along(self, section: str, error: RepositoryError) -> None:
        """Record a problem of a section that is read along with another; only the first counts."""
        why = refused(error)
        if isinstance(error, NoGraphQLError):
            why = Refused("not-permitted", f"only GraphQL, which is refused, has it: {error}")
        self.problems.setdefault(section, why)


def gone(name: str, known: Json, now: Iterable[Json]) -> list[str]:
    """The parts, as ``LIST/ID``, that were in the list ``name`` (``known``) but are no longer."""
    kept = {key_of(part) for part in now}
    return [f"{name}/{key_of(part)}" for part in known or () if key_of(part) not in kept]


def merged(
    before: Json | None, new: Mapping[str, Json], also: Iterable[str] = ()
) -> dict[str, Json]:
    """GitHub's new object, with the fields of the saved one that this program added.

    ``also`` are further saved fields to keep, which the new object does not have.
    """
    kept = {
        name: value for name, value in (before or {}).items() if name in also or name.endswith(_OWN)
    }
    return {**kept, **new}


def merged_parts(before: Json | None, new: Iterable[Json]) -> list[Json]:
    """The saved parts and the new ones, which replace saved ones with the same id; by id."""
    parts: dict[str, Json] = {key_of(part): part for part in before or ()}
    for part in new:
        known = parts.get(key_of(part))
        parts[key_of(part)] = merged(known, part)
    return sorted(parts.values(), key=_order)


def _order(part: Json) -> tuple[int, str, str]:
    number = part.get("id")
    known = number if isinstance(number, int) else 0
    return known, str(part.get("createdAt") or ""), key_of(part)
