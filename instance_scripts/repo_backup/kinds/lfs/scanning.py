"""Scans the stored archives of a repository for LFS pointers, each archive once.

The scan reads from the store, not from the host: usually a small overlay that the run stored a
minute ago. So a killed run loses nothing, and archives of earlier runs are scanned too.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from backup_contract.documents.manifest import ItemResult
from repo_backup.archive.stored_zip import StoredZip, open_stored
from repo_backup.git.lfs.pointers import Pointer, pointers_in
from repo_backup.git.mirror import CONFIGS
from repo_backup.kinds.base import Resources
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.chains import ChainListError, read_chain

_PACK = re.compile(r"[^/]+/objects/pack/(pack-[0-9a-f]{40,64}\.(?:pack|idx))")
_ID_BYTES = (20, 32)


@dataclass(frozen=True)
class GitZip:
    """One zip of a repository's chain: the base, or an overlay."""

    key: str
    size: int
    sha256: str
    version_id: str | None


def git_zips(git: ItemResult, resources: Resources) -> list[GitZip]:
    """The base and all overlays, in order. Raises RepositoryError, and what the store raises."""
    archive, chain, store = git.archive, git.chain, resources.store
    assert archive  # noqa: S101 - checked by the caller
    zips = [GitZip(archive.key, archive.bytes, archive.sha256, archive.version_id)]
    if chain:
        try:
            document = resources.retry_policy.call(lambda: read_chain(store, archive.key, chain))
        except ChainListError as error:
            raise RepositoryError(f"its archives cannot be scanned: {error}") from error
        links = document.links[: chain.links]
        zips += [GitZip(each.key, each.bytes, each.sha256, each.version_id) for each in links]
    return zips


def scan(zips: list[GitZip], base: GitZip, resources: Resources, room: Path) -> set[Pointer]:
    """The pointers among the objects of these zips. ``base`` determines the format of object ids.

    Raises RepositoryError, and what the store raises.
    """
    found: set[Pointer] = set()
    sha256 = False
    for number, each in enumerate([base, *zips]):
        stored = open_stored(resources.store, each.key, each.size, each.version_id)
        if not number:
            sha256 = _config(stored) == CONFIGS[True]
            continue
        repository = room / "scanned.git"
        try:
            if _lay_out(stored, repository, CONFIGS[sha256], resources):
                found |= pointers_in(repository, _ID_BYTES[sha256], resources.stop)
        finally:
            shutil.rmtree(repository, ignore_errors=True)
    return found


def _config(stored: StoredZip) -> str:
    for name in stored.names:
        if PurePosixPath(name).name == "config" and name.count("/") == 1:
            return stored.read(name).decode(errors="replace")
    raise RepositoryError("an archive has no config, so it is not a mirror")


def _lay_out(stored: StoredZip, repository: Path, config: str, resources: Resources) -> bool:
    """Create a bare repository with the zip's packs and no refs. Returns whether it has a pack."""
    packs = repository / "objects" / "pack"
    packs.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "HEAD").write_text("ref: refs/heads/none\n")
    (repository / "config").write_text(config)
    names = [*_packs(stored)]
    for name, file_name in names:
        resources.stop.check()
        with (packs / file_name).open("xb") as file:
            stored.extract(name, file)
    return bool(names)


def _packs(stored: StoredZip) -> Iterator[tuple[str, str]]:
    for name in stored.names:
        if found := _PACK.fullmatch(name):
            yield name, found[1]
