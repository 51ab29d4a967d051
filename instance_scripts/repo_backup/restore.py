"""The way back: find an archive, download it, check it, unpack it."""

import hashlib
import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from repo_backup import layout
from repo_backup.checking import check_mirror
from repo_backup.errors import FatalError, NotFoundError, RepositoryError
from repo_backup.manifest import Archive, Entry, Manifest, Part
from repo_backup.retry import Patience
from repo_backup.store import Store
from repo_backup.unpacking import unpack

_BLOCK_BYTES = 1024 * 1024
_KEPT = ("kept of a repository that GitHub does not list any more, or not under this name",)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """An archive at the destination; ``part`` is None when no manifest names it."""

    name: str
    key: str
    version_id: str | None
    part: Part | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Restored:
    """A bare mirror that was unpacked and checked; ``remarks`` are what a person should know."""

    mirror: Path
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Reader:
    """Brings archives back. ``memory_bytes`` is what git may take to check them."""

    store: Store
    patience: Patience
    memory_bytes: int

    def fetch_mirror(self, found: Found, into: Path) -> Restored:
        """Download, check against the manifest and unpack to a bare mirror below ``into``.

        Raises RepositoryError when the archive is not what the manifest says, or not whole.
        """
        into = into.expanduser().resolve()  # git is run elsewhere
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=into) as file:
            self._download(found, file)
            mirror = unpack(file, into)
        stop = self.patience.stop
        remarks = check_mirror(mirror, found.part, self.memory_bytes, stop)
        return Restored(mirror, (*found.remarks, *remarks))

    def _download(self, found: Found, file: IO[bytes]) -> None:
        """The version that the manifest names; in a copied bucket versions have other names.

        Raises RepositoryError when the SHA-256 is not the manifest's.
        """
        expected = found.part.archive if found.part else None
        try:
            digest = self._read(found.key, found.version_id, file)
        except NotFoundError:
            if not (expected and found.version_id):
                raise
            digest = self._read(found.key, None, file)
        if expected and digest != expected.sha256:
            raise RepositoryError(f"{found.key} is not what the manifest says (SHA-256 differs)")

    def _read(self, key: str, version_id: str | None, file: IO[bytes]) -> str:
        """An object into a file; its SHA-256 (hex). A read that breaks off is begun again."""

        def read() -> str:
            file.seek(0)
            file.truncate()
            digest = hashlib.sha256()
            with self.store.open(key, version_id) as source:
                while block := source.read(_BLOCK_BYTES):
                    digest.update(block)
                    file.write(block)
            return digest.hexdigest()

        digest = self.patience.call(read)
        file.seek(0)
        return digest


def manifests(store: Store, run_id: str | None = None) -> Iterator[Manifest]:
    """The manifests at the destination, newest first, or the one of a run.

    One that cannot be read is left out with a warning: the others still lead to their archives.
    Raises FatalError when it is that of the run that was asked for.
    """
    for each in [run_id] if run_id else store.run_ids():
        data = store.read(layout.manifest(each))
        if data is None:
            if run_id:
                raise FatalError(f"there is no manifest of run {run_id}")
            continue
        try:
            yield Manifest.from_json(data)
        except ValueError as error:
            if run_id:
                raise FatalError(f"the manifest of run {run_id} is unreadable") from error
            log.warning("the manifest of run %s is unreadable and left out", each)


def key_of(full_name: str, *, wiki: bool = False) -> str:
    """The key of ``owner/name``'s archive."""
    owner, _, name = full_name.partition("/")
    return layout.archive(owner, name, wiki=wiki)


def find(
    store: Store,
    full_name: str,
    *,
    wiki: bool,
    run_id: str | None = None,
    version_id: str | None = None,
) -> Found:
    """The archive of a repository (or its wiki): of a run, of a version, by default the newest.

    A name is taken as it is written before it is taken in any case; what is listed under it before
    what is kept of it. ``OWNER/REPO~ID`` is the repository of that name with this id. Without a
    manifest that names it, whatever lies under its key will do. Raises FatalError.
    """
    key = key_of(full_name, wiki=wiki)
    name, _, number = full_name.partition("~")
    alike: Found | None = None
    for manifest in manifests(store, run_id):
        for entry, part in _parts(manifest, wiki=wiki):
            if entry.full_name.lower() != name.lower() or number not in ("", str(entry.id)):
                continue
            archive = part.archive
            if archive and version_id in (None, archive.version_id):
                remarks = _KEPT if part.state == "kept" else ()
                found = Found(entry.full_name, archive.key, archive.version_id, part, remarks)
                if entry.full_name == name:
                    return found
                alike = alike or found
    if alike:
        return alike
    if run_id is None and any(version_id in (None, each.id) for each in store.versions(key)):
        return Found(full_name, key, version_id, None)
    where = f"of run {run_id}" if run_id else "at this destination"
    which = f", version {version_id}," if version_id else ""
    wanted = f"{full_name}{' (wiki)' if wiki else ''}{which}"
    raise FatalError(f"there is no archive of {wanted} {where}")


def entries_with_archives(store: Store, run_id: str | None) -> list[tuple[Entry, Part, Archive]]:
    """Every archive that a run's manifest names, or else all that there are at the destination.

    A run may have listed less than an earlier one (other owners, no token): manifests are read,
    newest first, until each archive that is there has been named. Raises FatalError.
    """
    unnamed = None if run_id else set(_zips(store))
    found: dict[str, tuple[Entry, Part, Archive]] = {}
    for manifest in manifests(store, run_id):
        for wiki in (False, True):
            for entry, part in _parts(manifest, wiki=wiki):
                if part.archive:
                    found.setdefault(part.archive.key, (entry, part, part.archive))
        if unnamed is not None and unnamed <= found.keys():
            break
    if not found:
        raise FatalError("there is no backup at this destination")
    return [found[key] for key in sorted(found, key=str.lower)]


def _parts(manifest: Manifest, *, wiki: bool) -> Iterator[tuple[Entry, Part]]:
    """Of each repository that was listed, and then of what is kept of others."""
    for entry in (*manifest.entries.values(), *(each.entry for each in manifest.kept or ())):
        part = entry.wiki if wiki else entry.part
        if part:
            yield entry, part


def _zips(store: Store) -> list[str]:
    return [key for key in store.objects(layout.ARCHIVES) if key.endswith(".zip")]
