"""What a manifest says of one repository, its parts and archives, and how it is read. Pure.

A later version's fields are ignored. Its states are read as failures: what they mean is not known,
so that nothing is called good because of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from backup_contract import object_keys as layout
from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields

State = Literal["backed-up", "unchanged", "empty", "skipped", "failed", "absent", "kept"]
COUNTED: tuple[State, ...] = ("backed-up", "unchanged", "empty", "skipped", "failed")
_STATES: Mapping[str, State] = {state: state for state in COUNTED}
_STATES_OF_WIKI: Mapping[str, State] = {**_STATES, "absent": "absent"}


@dataclass(frozen=True)
class Archive:
    """One zip at the destination. ``checksum`` is the store's own; ``run_id`` who uploaded it.

    ``drilled_at`` is when a restore drill last read it back, None if never. ``remarks`` are what
    was found or left undone when it was made; they are with it for as long as it is named.
    """

    key: str
    bytes: int
    sha256: str
    run_id: str
    checksum: dict[str, str] | None = None
    version_id: str | None = None
    etag: str | None = None
    drilled_at: str | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class ItemResult:
    """What became of one git repository: a repository's own, or its wiki's.

    Where there is an archive, ``refs_digest``, ``refs`` and ``lfs`` tell what is in it, even if
    upstream has gone on since.
    """

    state: State
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    refs_digest: str | None = None
    refs: int = 0
    lfs: bool = False
    seconds: float = 0.0
    archive: Archive | None = None

    def keeping(self, earlier: "ItemResult | None") -> "ItemResult":
        """The same with the earlier archive, and what is in it."""
        if earlier is None or earlier.archive is None:
            return self
        return replace(
            self,
            refs_digest=earlier.refs_digest,
            refs=earlier.refs,
            lfs=earlier.lfs,
            archive=earlier.archive,
        )


@dataclass(frozen=True)
class Entry:
    """One repository that was listed; ``wiki`` is None when it was not considered.

    Where ``asked`` is False a run narrowed by ``--only`` passed it over: a failure is that of the
    last run that tried.
    """

    id: int
    owner: str
    name: str
    private: bool
    fork: bool
    archived: bool
    part: ItemResult
    wiki: ItemResult | None = None
    asked: bool = True

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"

    @property
    def failed(self) -> bool:
        """Whether the repository or its wiki failed."""
        return "failed" in (self.part.state, self.wiki and self.wiki.state)

    @property
    def unsaved(self) -> bool:
        """Whether it was passed over though there is nothing of it at the destination."""
        return not self.asked and self.part.state == "skipped" and self.part.archive is None

    @property
    def archives(self) -> list[Archive]:
        """The archives there are, at most two."""
        parts = [self.part] + ([self.wiki] if self.wiki else [])
        return [part.archive for part in parts if part.archive]


@dataclass(frozen=True)
class OrphanedArchive:
    """An archive that no listed repository's entry names any more: whose, and what is in it.

    The repository is gone from GitHub, or has another name now. ``part.archive`` is None when what
    lies there is not what was recorded: nobody vouches for it, and nobody else gets its key.
    """

    key: str
    id: int
    owner: str
    name: str
    is_wiki: bool
    part: ItemResult

    @property
    def full_name(self) -> str:
        """``owner/name``, as it was when the archive was its repository's newest."""
        return f"{self.owner}/{self.name}"

    @property
    def entry(self) -> Entry:
        """The same as an entry that has nothing else."""
        part, wiki = (ItemResult("kept"), self.part) if self.is_wiki else (self.part, None)
        return Entry(self.id, self.owner, self.name, False, False, False, part, wiki)


def _archive(document: Fields) -> Archive:
    return Archive(
        key=fields.key(document, "key", layout.ARCHIVES),
        bytes=fields.count(document, "bytes"),
        sha256=fields.sha256(document, "sha256"),
        run_id=fields.run_id(document, "run_id"),
        checksum=fields.optional(fields.named_texts, document, "checksum"),
        version_id=fields.optional(fields.text, document, "version_id"),
        etag=fields.optional(fields.text, document, "etag"),
        drilled_at=fields.optional(_date, document, "drilled_at"),
        remarks=tuple(fields.texts(document, "remarks")) if "remarks" in document else (),
    )


def _archive_in(document: Fields, name: str) -> Archive:
    return fields.inside(document, name, _archive)


def _date(document: Fields, name: str) -> str:
    """The text of a date, as it is."""
    fields.moment(document, name)
    return fields.text(document, name)


def _part(document: Fields, states: Mapping[str, State]) -> ItemResult:
    reason = fields.nullable(fields.text, document, "reason")
    word = fields.word(document, "state")
    state = states.get(word)
    if state is None:
        # Of a later version. What it means is not known, so that it is not called good.
        state, reason = "failed", "; ".join(filter(None, (f"its state {word} is unknown", reason)))
    return ItemResult(
        state=state,
        reason=reason,
        warnings=tuple(fields.texts(document, "warnings")) if "warnings" in document else (),
        refs_digest=fields.nullable(fields.text, document, "refs_digest"),
        refs=fields.count(document, "refs"),
        lfs="lfs" in document and fields.flag(document, "lfs"),
        seconds=fields.number(document, "seconds"),
        archive=fields.nullable(_archive_in, document, "archive"),
    )


def _wiki_in(document: Fields, name: str) -> ItemResult:
    return fields.inside(document, name, lambda wiki: _part(wiki, _STATES_OF_WIKI))


def read_entry(document: Fields) -> Entry:
    """An item of ``repositories``. Raises DamagedError."""
    return Entry(
        id=fields.count(document, "id"),
        owner=fields.text(document, "owner"),
        name=fields.text(document, "name"),
        private=fields.flag(document, "private"),
        fork=fields.flag(document, "fork"),
        archived=fields.flag(document, "archived"),
        part=_part(document, _STATES),
        wiki=fields.nullable(_wiki_in, document, "wiki"),
        asked="asked" not in document or fields.flag(document, "asked"),
    )


def read_kept(document: Fields) -> OrphanedArchive:
    """An item of ``kept``. Raises DamagedError."""
    part = ItemResult(
        "kept",
        lfs=fields.flag(document, "lfs"),
        refs_digest=fields.nullable(fields.text, document, "refs_digest"),
        refs=fields.count(document, "refs"),
        archive=fields.nullable(_archive_in, document, "archive"),
    )
    key = fields.key(document, "key", layout.ARCHIVES)
    if part.archive and part.archive.key != key:
        raise DamagedError("archive.key", "is not the key of what is kept")
    return OrphanedArchive(
        key=key,
        id=fields.count(document, "id"),
        owner=fields.text(document, "owner"),
        name=fields.text(document, "name"),
        is_wiki=fields.flag(document, "wiki"),
        part=part,
    )
