"""The manifest: the repositories that a run listed, and the result of each. Schema 1. Pure."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime

from backup_contract import __version__
from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.documents.json_text import short_json
from backup_contract.documents.parts.accounts import account_document, read_account
from backup_contract.documents.parts.common_sections import (
    documents_in_common,
    entry_document,
    in_common,
    with_sections,
)
from backup_contract.documents.parts.entries import (
    Entry,
    Identity,
    Item,
    by_identity,
    by_kind,
    items_of,
    read_entry,
)
from backup_contract.documents.parts.gists import gist_document, read_gist
from backup_contract.documents.parts.objects_put import NO_OBJECTS_PUT, ObjectsPut, read_objects_put
from backup_contract.documents.parts.orphaned import OrphanedArchive, read_orphaned
from backup_contract.documents.parts.restore_drill import Drill, DrilledArchive, read_drill
from backup_contract.documents.parts.results import COUNTED, Archive, ItemResult, State, Unserved
from backup_contract.kinds import GIT, WIKI, further_kinds
from backup_contract.moments import iso
from backup_contract.visibility import Visibility
from backup_contract.visibility import read as read_visibility

__all__ = [
    "COUNTED",
    "Archive",
    "Drill",
    "DrilledArchive",
    "Entry",
    "Identity",
    "Item",
    "ItemResult",
    "Manifest",
    "OrphanedArchive",
    "State",
    "Unserved",
    "by_identity",
    "by_kind",
    "iso",
]

_FIRST_KINDS = (GIT, WIKI)
"""The kinds that the first version reads in ``kept``. Others are in ``kept_further``."""
_LISTS = ("errors", "notices", "only", "damaged_chains", "copied_chains", "accounts", "gists")
_NUMBERED = "sections_in_common"
_LATER: Fields = {
    **{name: [] for name in _LISTS},
    _NUMBERED: [],
    "kept": None,
    "api_requests": {},
    "objects_put": {"count": 0, "bytes": 0},
}
"""The defaults of fields that earlier versions did not write."""


@dataclass
class Manifest:
    """A run's manifest.

    ``listed`` counts all listed repositories, including those that a checkpoint does not contain
    yet. ``notices`` are about missing permissions and retained archives. ``only`` are the patterns
    of a narrowed run; a run of everything has none. ``kept`` are the archives of repositories that
    are no longer listed; None in manifests of versions without this list. ``visibility`` is what
    the token could see, by owner; empty if it was not recorded.

    A published manifest has two lists of keys of chain documents: ``damaged_chains`` for archives
    that differ from the run's record, with or without overlays, and ``copied_chains`` for archives
    that are copies with other version ids. The chain's id in the key identifies the base.

    ``accounts`` have data that belongs to no repository. ``gists`` are listed separately from
    repositories. ``api_requests`` counts the requests for project data by purpose. ``objects_put``
    are the large files that the run stored. It lacks those that a killed attempt stored after its
    last checkpoint, because the next attempt cannot distinguish them from those of earlier runs.
    ``unknown_kinds`` are kinds that the writing program did not know, so that the manifest lacks
    what an earlier run saved of them.
    """

    run_id: str
    attempt: int
    owners: list[str]
    started_at: datetime
    entries: dict[Identity, Entry] = field(default_factory=dict)
    listed: int = 0
    finished_at: datetime | None = None
    complete: bool = False
    token_expires_at: str | None = None
    drill: Drill | None = None
    errors: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    only: list[str] = field(default_factory=list)
    kept: list[OrphanedArchive] | None = None
    visibility: tuple[Visibility, ...] = ()
    damaged_chains: list[str] = field(default_factory=list)
    copied_chains: list[str] = field(default_factory=list)
    accounts: dict[Identity, Entry] = field(default_factory=dict)
    gists: dict[Identity, Entry] = field(default_factory=dict)
    api_requests: dict[str, int] = field(default_factory=dict)
    objects_put: ObjectsPut = NO_OBJECTS_PUT
    unknown_kinds: tuple[str, ...] = field(default=(), compare=False)

    @property
    def items(self) -> list[Item]:
        """All results of all listed repositories, accounts and gists."""
        return [*items_of(self.all_entries)]

    @property
    def all_entries(self) -> dict[Identity, Entry]:
        """Repositories, accounts and gists."""
        return {**self.entries, **self.accounts, **self.gists}

    def add(self, entry: Entry) -> None:
        """Add an entry of any kind, or replace the one with the same identity."""
        places = {"repository": self.entries, "account": self.accounts, "gist": self.gists}
        places[entry.of][entry.identity] = entry

    @property
    def repositories(self) -> list[Item]:
        """The git result of each listed repository."""
        return [Item(entry, GIT, entry.git) for entry in self.entries.values()]

    @property
    def orphaned(self) -> list[Item]:
        """The retained items, of repositories no longer listed, that have an archive."""
        return [each.item for each in self.kept or () if each.result.archive]

    @property
    def archived(self) -> list[Item]:
        """All items with an archive, which must be at the destination."""
        return [item for item in (*self.items, *self.orphaned) if item.archive]

    def in_state(self, state: str) -> list[Item]:
        """The items in this state."""
        return [item for item in self.items if item.state == state]

    @property
    def totals(self) -> dict[str, int]:
        """Counts of repositories by state and of archives by kind, and bytes."""
        entries = list(self.entries.values())
        states = [entry.git.state for entry in entries]
        everything = self.all_entries.values()
        results = [result for entry in everything for result in entry.results.values()]
        kept = [each.result for each in self.kept or ()]
        archives = Counter(
            kind for each in everything for kind in each.results if each.results[kind].archive
        )
        return {
            "listed": self.listed,
            **{state: states.count(state) for state in COUNTED},
            **{kind.total: archives[kind.name] for kind in further_kinds()},
            "bytes_uploaded": sum(result.bytes_put_by(self.run_id) for result in results),
            "bytes_stored": sum(result.bytes_stored for result in (*results, *kept)),
        }

    def to_json(self) -> bytes:
        """The document."""
        entries = sorted(self.entries.values(), key=lambda e: e.full_name.lower())
        common = in_common(entries)
        document = {
            "schema": 1,
            "run_id": self.run_id,
            "attempt": self.attempt,
            "program": {"version": __version__},
            "owners": self.owners,
            "only": self.only,
            "started_at": iso(self.started_at),
            "finished_at": iso(self.finished_at) if self.finished_at else None,
            "complete": self.complete,
            "token_expires_at": self.token_expires_at,
            "errors": self.errors,
            "notices": self.notices,
            "totals": self.totals,
            "repositories": [entry_document(entry, common) for entry in entries],
            "drill": self.drill.document if self.drill else None,
        }
        if self.kept is not None:
            document["kept"] = [each.document for each in self.kept if each.kind in _FIRST_KINDS]
            if further := [each.document for each in self.kept if each.kind not in _FIRST_KINDS]:
                document["kept_further"] = further
        if common:
            document[_NUMBERED] = documents_in_common(common)
        if self.accounts:
            accounts = sorted(self.accounts.values(), key=lambda e: e.owner.lower())
            document["accounts"] = [account_document(entry) for entry in accounts]
        if self.gists:
            gists = sorted(self.gists.values(), key=lambda e: e.full_name.lower())
            document["gists"] = [gist_document(entry) for entry in gists]
        if self.api_requests:
            document["api_requests"] = dict(sorted(self.api_requests.items()))
        if self.objects_put.count:
            document["objects_put"] = asdict(self.objects_put)
        if self.visibility:
            document["visibility"] = [each.document for each in self.visibility]
        return short_json(document)

    @classmethod
    def from_json(cls, data: bytes, most_values: int | None = None) -> "Manifest":
        """Read a manifest or a checkpoint. Known fields are validated, unknown ones ignored.

        Raises DamagedError that names the field, as in ``repositories[0].archive.bytes is …``, also
        for a document that may have more than ``most_values`` values.
        """
        return fields.decode(data, cls.read, most_values)

    @classmethod
    def read(cls, document: Fields) -> "Manifest":
        """Read the manifest from its JSON object. Raises DamagedError that names the field."""
        document = {**_LATER, **document}
        fields.schema(document, 1)
        common = fields.items(document, _NUMBERED)
        found = fields.each(
            document, "repositories", lambda each: read_entry(with_sections(each, common))
        )
        entries = by_identity(found)
        if len(entries) < len(found):
            raise DamagedError("repositories", "has the same id twice")
        listed = fields.inside(document, "totals", _listed)
        complete = fields.flag(document, "complete")
        finished_at = fields.nullable(fields.moment, document, "finished_at")
        if complete and finished_at is None:
            raise DamagedError("finished_at", "is null in a complete manifest")
        read = cls(
            run_id=fields.run_id(document, "run_id"),
            attempt=fields.count(document, "attempt"),
            owners=fields.texts(document, "owners"),
            started_at=fields.moment(document, "started_at"),
            entries=entries,
            listed=listed,
            finished_at=finished_at,
            complete=complete,
            # The first version wrote the text of GitHub's header here.
            token_expires_at=fields.text_or_null(document, "token_expires_at"),
            drill=fields.nullable(read_drill, document, "drill"),
            errors=fields.texts(document, "errors"),
            notices=fields.texts(document, "notices"),
            only=fields.texts(document, "only"),
            kept=_kept(document),
            visibility=read_visibility(document.get("visibility")),
            damaged_chains=fields.texts(document, "damaged_chains"),
            copied_chains=fields.texts(document, "copied_chains"),
            api_requests=fields.inside(document, "api_requests", _counts),
            objects_put=read_objects_put(document, "objects_put"),
            accounts=by_identity(fields.each(document, "accounts", read_account)),
            gists=by_identity(fields.each(document, "gists", read_gist)),
            unknown_kinds=fields.inside(document, "totals", _unknown_kinds),
        )
        everything = read.all_entries.values()
        results = (result for entry in everything for result in entry.results.values())
        kept = (each.result for each in read.kept or ())
        if sum(result.bytes_stored for result in (*results, *kept)) >= fields.LIMIT:
            raise DamagedError("totals", "would be 2^63 bytes or more")
        return read


def _kept(document: Fields) -> list[OrphanedArchive] | None:
    """The retained archives of all kinds; None if they were not recorded."""
    if document["kept"] is None:
        return None
    names = ("kept", "kept_further") if "kept_further" in document else ("kept",)
    return [each for name in names for each in fields.each(document, name, read_orphaned)]


def _unknown_kinds(totals: Fields) -> tuple[str, ...]:
    """The kinds without a total."""
    return tuple(kind.name for kind in further_kinds() if kind.total not in totals)


def _counts(document: Fields) -> dict[str, int]:
    return {name: fields.count(document, name) for name in document}


def _listed(document: Fields) -> int:
    """The number of listed repositories. The other totals are validated, but computed again."""
    further = (kind.total for kind in further_kinds())
    for name in document.keys() & {*COUNTED, *further, "bytes_uploaded", "bytes_stored"}:
        fields.count(document, name)
    return fields.count(document, "listed")
