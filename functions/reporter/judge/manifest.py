"""The manifest as the reporter reads it: only what a verdict and a mail need. Pure.

``instance_scripts/repo_backup`` writes it; a test feeds the writer's output to this reader.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

from backup_contract.visibility import Visibility
from backup_contract.visibility import read as read_visibility
from reporter.documents import (
    DamagedError,
    part,
    part_or_none,
    parts,
    text,
    text_or_none,
    texts,
    whole,
)
from shared import layout

KEPT = "kept"
"""The state of an archive of what GitHub does not list any more."""

_KEY_BYTES = 1024
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

_LFS = "it keeps files in Git LFS; those are not in the archive"


@dataclass(frozen=True, slots=True)
class Archive:
    """One zip in the bucket as the backup left it. ``checksum`` is S3's own, by algorithm."""

    key: str
    bytes: int
    sha256: str
    version_id: str | None
    checksum: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one repository, or of its wiki (``octo/hello.wiki``), or what is kept of it.

    ``asked`` is False where a narrowed run passed it over: a failure is that of an earlier run.
    """

    id: int
    name: str
    state: str
    reason: str
    warnings: tuple[str, ...]
    archive: Archive | None
    is_wiki: bool
    asked: bool = True

    @property
    def unsaved(self) -> bool:
        """Whether a narrowed run passed it over though nothing of it is in the bucket."""
        passed_over = not self.asked and self.state == "skipped" and not self.is_wiki
        return passed_over and self.archive is None


@dataclass(frozen=True, slots=True)
class Manifest:
    """A run's manifest; ``notices`` tell what the token or the GitHub App lacks.

    ``drill_undone`` are archives that the machine could not read back, whatever they are worth.
    ``only`` are the name patterns that the run was narrowed to; none: it was asked for everything.
    ``kept`` are archives of what GitHub does not list any more (None: nobody wrote that down).
    ``errors`` are what kept the run from being complete. ``visibility`` is what the token could
    see, by owner; empty where nobody wrote that down.
    """

    run_id: str
    attempt: int
    complete: bool
    owners: tuple[str, ...]
    entries: tuple[Entry, ...]
    token_expires_at: str | None
    bytes_uploaded: int
    bytes_stored: int
    drilled: int
    drill_failures: tuple[str, ...]
    never_drilled: int | None
    notices: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    drill_undone: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    kept: tuple[Entry, ...] | None = None
    visibility: tuple[Visibility, ...] = ()

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """From the JSON document. Raises :class:`DamagedError`, which names the field."""
        if (schema := whole(document, "schema")) != 1:
            raise DamagedError(f"{schema} is unknown, 1 is expected.", "schema")
        uploaded, stored = part(document, "totals", _totals)
        checked, never_drilled = part_or_none(document, "drill", _drill) or ((), None)
        repositories = parts(document, "repositories", _repository, needed=True)
        return cls(
            run_id=text(document, "run_id"),
            attempt=whole(document, "attempt"),
            complete=document.get("complete") is True,
            owners=texts(document, "owners", needed=True),
            entries=tuple(chain.from_iterable(repositories)),
            token_expires_at=text_or_none(document, "token_expires_at"),
            bytes_uploaded=uploaded,
            bytes_stored=stored,
            drilled=len(checked),
            drill_failures=tuple(said for ok, said in checked if ok is False),
            drill_undone=tuple(said for ok, said in checked if ok is None),
            never_drilled=never_drilled,
            notices=texts(document, "notices"),
            only=texts(document, "only"),
            errors=texts(document, "errors"),
            kept=None if document.get("kept") is None else parts(document, "kept", _kept),
            visibility=read_visibility(document.get("visibility")),
        )

    @property
    def repositories(self) -> tuple[Entry, ...]:
        """The repositories without their wikis."""
        return tuple(entry for entry in self.entries if not entry.is_wiki)

    @property
    def archived(self) -> tuple[Entry, ...]:
        """All that must be in the bucket: what was listed, and what is kept."""
        return tuple(entry for entry in (*self.entries, *(self.kept or ())) if entry.archive)

    def in_state(self, state: str) -> tuple[Entry, ...]:
        """Repositories and wikis in this state, in the order of the listing."""
        return tuple(entry for entry in self.entries if entry.state == state)


def _totals(totals: Mapping[str, Any]) -> tuple[int, int]:
    return whole(totals, "bytes_uploaded"), whole(totals, "bytes_stored")


def _drill(drill: Mapping[str, Any]) -> tuple[tuple[tuple[bool | None, str], ...], int | None]:
    rest = None if drill.get("never_drilled") is None else whole(drill, "never_drilled")
    return parts(drill, "checked", _checked), rest


def _checked(each: Mapping[str, Any]) -> tuple[bool | None, str]:
    """Whether it is good, None where that could not be found out, and what was said of it."""
    ok = each.get("ok")
    if ok is not None and not isinstance(ok, bool):
        raise DamagedError("it is neither true, false nor null.", "ok")
    return ok, f"{text(each, 'key')}: {text_or_none(each, 'reason')}"


def _repository(each: Mapping[str, Any]) -> Iterator[Entry]:
    """The repository, and its wiki if it was considered."""
    name = f"{text(each, 'owner')}/{text(each, 'name')}"
    number, asked = whole(each, "id"), each.get("asked") is not False

    def wiki(part: Mapping[str, Any]) -> Entry:
        return _entry(part, number, f"{name}.wiki", is_wiki=True, asked=asked)

    found = (
        _entry(each, number, name, is_wiki=False, asked=asked),
        part_or_none(each, "wiki", wiki),
    )
    return filter(None, found)


def _kept(each: Mapping[str, Any]) -> Entry:
    """Its name tells it apart from a repository that has the same name now."""
    number, wiki = whole(each, "id"), ".wiki" if each.get("wiki") else ""
    name = f"{text(each, 'owner')}/{text(each, 'name')}{wiki} (kept, id {number})"
    return _entry({**each, "state": KEPT}, number, name, is_wiki=bool(wiki), asked=True)


def _entry(part: Mapping[str, Any], number: int, name: str, *, is_wiki: bool, asked: bool) -> Entry:
    return Entry(
        number,
        name,
        text(part, "state"),
        text_or_none(part, "reason") or "",
        (*texts(part, "warnings"), *((_LFS,) if part.get("lfs") else ())),
        part_or_none(part, "archive", _archive),
        is_wiki,
        asked,
    )


def _archive(archive: Mapping[str, Any]) -> Archive:
    return Archive(
        _key(archive),
        whole(archive, "bytes"),
        text(archive, "sha256"),
        text_or_none(archive, "version_id"),
        part_or_none(archive, "checksum", _checksum),
    )


def _checksum(checksum: Mapping[str, Any]) -> tuple[str, str]:
    return text(checksum, "algorithm"), text(checksum, "value")


def _key(archive: Mapping[str, Any]) -> str:
    """The archive's key, if it can be one: below the archives' prefix, with nothing that climbs."""
    key = text(archive, "key")
    names = key.removeprefix(layout.ARCHIVES).split("/")
    if (
        not key.startswith(layout.ARCHIVES)
        or not key.isprintable()
        or len(key.encode()) > _KEY_BYTES
        or any(name in ("", ".", "..") for name in names)
    ):
        raise DamagedError(f"it is no key below {layout.ARCHIVES}.", "key")
    return key
