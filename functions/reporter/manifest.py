"""The manifest as the reporter reads it: only what a verdict and a mail need. Pure.

``instance_scripts/repo_backup`` writes it; a test feeds the writer's output to this reader.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from shared.errors import OnlineBackupError
from visibility import Visibility
from visibility import read as read_visibility

KEPT = "kept"
"""The state of an archive of what GitHub does not list any more."""

_LFS = "it keeps files in Git LFS; those are not in the archive"


class ManifestError(OnlineBackupError):
    """The manifest is not what schema 1 promises."""


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
        """From the JSON document. Raises :class:`ManifestError`."""
        try:
            if document["schema"] != 1:
                raise ManifestError(f"schema {document['schema']} is unknown, 1 is expected")
            drill = document.get("drill") or {"checked": []}
            return cls(
                run_id=str(document["run_id"]),
                attempt=int(document["attempt"]),
                complete=document["complete"] is True,
                owners=tuple(map(str, document["owners"])),
                entries=tuple(_entries(document["repositories"])),
                token_expires_at=document.get("token_expires_at"),
                bytes_uploaded=int(document["totals"]["bytes_uploaded"]),
                bytes_stored=int(document["totals"]["bytes_stored"]),
                drilled=len(drill["checked"]),
                drill_failures=tuple(
                    f"{each['key']}: {each['reason']}"
                    for each in drill["checked"]
                    if each["ok"] is not None and not each["ok"]
                ),
                drill_undone=tuple(
                    f"{each['key']}: {each['reason']}"
                    for each in drill["checked"]
                    if each["ok"] is None
                ),
                never_drilled=drill.get("never_drilled"),
                notices=tuple(map(str, document.get("notices") or ())),
                only=tuple(map(str, document.get("only") or ())),
                errors=tuple(map(str, document.get("errors") or ())),
                kept=tuple(map(_kept, document["kept"])) if "kept" in document else None,
                visibility=read_visibility(document.get("visibility")),
            )
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise ManifestError(f"{type(error).__name__}: {error}") from error

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


def _entries(repositories: list[Mapping[str, Any]]) -> Iterator[Entry]:
    for each in repositories:
        name = f"{each['owner']}/{each['name']}"
        number, asked = int(each["id"]), each.get("asked") is not False
        yield _entry(each, number, name, is_wiki=False, asked=asked)
        if each.get("wiki"):
            yield _entry(each["wiki"], number, f"{name}.wiki", is_wiki=True, asked=asked)


def _kept(each: Mapping[str, Any]) -> Entry:
    """Its name tells it apart from a repository that has the same name now."""
    number, wiki = int(each["id"]), ".wiki" if each["wiki"] else ""
    name = f"{each['owner']}/{each['name']}{wiki} (kept, id {number})"
    return _entry({**each, "state": KEPT}, number, name, is_wiki=bool(wiki), asked=True)


def _entry(part: Mapping[str, Any], number: int, name: str, *, is_wiki: bool, asked: bool) -> Entry:
    archive, checksum = part.get("archive"), None
    if archive and archive.get("checksum"):
        checksum = (str(archive["checksum"]["algorithm"]), str(archive["checksum"]["value"]))
    return Entry(
        number,
        name,
        str(part["state"]),
        str(part.get("reason") or ""),
        (*map(str, part.get("warnings") or ()), *((_LFS,) if part.get("lfs") else ())),
        archive
        and Archive(
            str(archive["key"]),
            int(archive["bytes"]),
            str(archive["sha256"]),
            archive.get("version_id"),
            checksum,
        ),
        is_wiki,
        asked,
    )
