"""The manifest: what a run listed and what became of each repository. Schema 1, JSON. Pure."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from repo_backup import __version__
from visibility import Visibility
from visibility import read as read_visibility

State = Literal["backed-up", "unchanged", "empty", "skipped", "failed", "absent", "kept"]
COUNTED: tuple[State, ...] = ("backed-up", "unchanged", "empty", "skipped", "failed")


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
class Part:
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

    def keeping(self, earlier: "Part | None") -> "Part":
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
    part: Part
    wiki: Part | None = None
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
class Kept:
    """An archive that no listed repository's entry names any more: whose, and what is in it.

    The repository is gone from GitHub, or has another name now. ``part.archive`` is None when what
    lies there is not what was recorded: nobody vouches for it, and nobody else gets its key.
    """

    key: str
    id: int
    owner: str
    name: str
    is_wiki: bool
    part: Part

    @property
    def full_name(self) -> str:
        """``owner/name``, as it was when the archive was its repository's newest."""
        return f"{self.owner}/{self.name}"

    @property
    def entry(self) -> Entry:
        """The same as an entry that has nothing else."""
        part, wiki = (Part("kept"), self.part) if self.is_wiki else (self.part, None)
        return Entry(self.id, self.owner, self.name, False, False, False, part, wiki)


@dataclass
class Manifest:
    """A run's manifest; ``listed`` counts also what a checkpoint does not hold yet.

    ``notices`` tell what the token or the App lacks, and what became of kept archives. ``only`` are
    the patterns that the run was narrowed to; none: it was asked for everything. ``kept`` is None
    in manifests that were written before there was such a list. ``visibility`` is what the token
    could see, by owner; empty where nobody wrote it down.
    """

    run_id: str
    attempt: int
    owners: list[str]
    started_at: datetime
    entries: dict[int, Entry] = field(default_factory=dict)
    listed: int = 0
    finished_at: datetime | None = None
    complete: bool = False
    token_expires_at: str | None = None
    drill: dict[str, Any] | None = None
    errors: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    only: list[str] = field(default_factory=list)
    kept: list[Kept] | None = None
    visibility: tuple[Visibility, ...] = ()

    @property
    def totals(self) -> dict[str, int]:
        """Counts by state, and bytes."""
        parts = list(self.entries.values())
        states = [entry.part.state for entry in parts]
        archives = [archive for entry in parts for archive in entry.archives]
        kept = [each.part.archive for each in self.kept or () if each.part.archive]
        return {
            "listed": self.listed,
            **{state: states.count(state) for state in COUNTED},
            "wikis": sum(bool(entry.wiki and entry.wiki.archive) for entry in parts),
            "bytes_uploaded": sum(a.bytes for a in archives if a.run_id == self.run_id),
            "bytes_stored": sum(a.bytes for a in (*archives, *kept)),
        }

    def to_json(self) -> bytes:
        """The document."""
        entries = sorted(self.entries.values(), key=lambda e: e.full_name.lower())
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
            "repositories": [_entry_document(entry) for entry in entries],
            "drill": self.drill,
        }
        if self.kept is not None:
            document["kept"] = [_kept_document(each) for each in self.kept]
        if self.visibility:
            document["visibility"] = [each.document for each in self.visibility]
        return json.dumps(document, indent=1, ensure_ascii=False).encode("utf-8", "replace")

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """Read a manifest or a checkpoint. Raises ValueError when it is no such document."""
        try:
            document = json.loads(data)
            if document["schema"] != 1:
                raise ValueError(f"schema {document['schema']}")
            finished = document["finished_at"]
            entries = [_checked(_entry(item)) for item in document["repositories"]]
            kept = document.get("kept")
            return cls(
                run_id=document["run_id"],
                attempt=document["attempt"],
                owners=document["owners"],
                started_at=_moment(document["started_at"]),
                entries={entry.id: entry for entry in entries},
                listed=document["totals"]["listed"],
                finished_at=_moment(finished) if finished else None,
                complete=document["complete"],
                token_expires_at=document["token_expires_at"],
                drill=document["drill"],
                errors=document.get("errors", []),
                notices=document.get("notices", []),
                only=[str(glob) for glob in document.get("only") or ()],
                kept=None if kept is None else [_kept(item) for item in kept],
                visibility=read_visibility(document.get("visibility")),
            )
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"this is no manifest: {error}") from error


def iso(moment: datetime) -> str:
    """``2026-11-27T17:02:03Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _checked(entry: Entry) -> Entry:
    """The entry when what is computed with is what it should be. Raises TypeError."""
    archives = entry.archives
    texts = (entry.owner, entry.name, *(text for a in archives for text in (a.key, a.run_id)))
    numbers = (entry.id, *(a.bytes for a in archives))
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a name is no text")
    if not all(isinstance(number, int) for number in numbers):
        raise TypeError("a number is none")
    return entry


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _archive_document(archive: Archive | None) -> dict[str, Any] | None:
    if archive is None:
        return None
    names = ("key", "bytes", "sha256", "checksum", "version_id", "etag", "run_id", "drilled_at")
    described = {name: getattr(archive, name) for name in names}
    return described | ({"remarks": list(archive.remarks)} if archive.remarks else {})


def _part_document(part: Part) -> dict[str, Any]:
    return {
        "state": part.state,
        "reason": part.reason,
        "warnings": list(part.warnings),
        "lfs": part.lfs,
        "refs_digest": part.refs_digest,
        "refs": part.refs,
        "seconds": round(part.seconds, 3),
        "archive": _archive_document(part.archive),
    }


def _entry_document(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "owner": entry.owner,
        "name": entry.name,
        "private": entry.private,
        "fork": entry.fork,
        "archived": entry.archived,
        **({} if entry.asked else {"asked": False}),
        **_part_document(entry.part),
        "wiki": _part_document(entry.wiki) if entry.wiki else None,
    }


def _part(document: dict[str, Any]) -> Part:
    archive = document["archive"]
    return Part(
        state=document["state"],
        reason=document["reason"],
        warnings=tuple(document.get("warnings", ())),
        refs_digest=document["refs_digest"],
        refs=document["refs"],
        lfs=document.get("lfs", False),
        seconds=document["seconds"],
        archive=_archive(archive) if archive else None,
    )


def _archive(document: dict[str, Any]) -> Archive:
    return Archive(**{**document, "remarks": tuple(document.get("remarks", ()))})


def _entry(document: dict[str, Any]) -> Entry:
    wiki = document["wiki"]
    return Entry(
        id=document["id"],
        owner=document["owner"],
        name=document["name"],
        private=document["private"],
        fork=document["fork"],
        archived=document["archived"],
        part=_part(document),
        wiki=_part(wiki) if wiki else None,
        asked=document.get("asked") is not False,
    )


def _kept_document(kept: Kept) -> dict[str, Any]:
    return {
        "key": kept.key,
        "id": kept.id,
        "owner": kept.owner,
        "name": kept.name,
        "wiki": kept.is_wiki,
        "lfs": kept.part.lfs,
        "refs_digest": kept.part.refs_digest,
        "refs": kept.part.refs,
        "archive": _archive_document(kept.part.archive),
    }


def _kept(document: dict[str, Any]) -> Kept:
    key, wiki, archive = document["key"], document["wiki"], document["archive"]
    if not isinstance(key, str) or not isinstance(wiki, bool):
        raise TypeError("a kept archive has no key, or is of nothing")
    part = Part(
        "kept",
        lfs=document["lfs"],
        refs_digest=document["refs_digest"],
        refs=document["refs"],
        archive=_archive(archive) if archive else None,
    )
    kept = Kept(key, document["id"], document["owner"], document["name"], wiki, part)
    _checked(kept.entry)
    return kept
