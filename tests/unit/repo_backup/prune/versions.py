"""A destination that keeps what is replaced, and runs that leave manifests there."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import IO

from backup_contract import object_keys as layout
from backup_contract.documents.manifest import Entry, ItemResult, Manifest, OrphanedArchive
from backup_contract.documents.parts.entries import by_identity
from backup_contract.kinds import DATA, GIT
from repo_backup.runtime.errors import NotFoundError
from repo_backup.store.base import Blob, Capabilities, Stored, Version
from repo_backup.store.prunable_directory import PrunableDirectory
from tests.unit.repo_backup.kinds.data.host import HELLO, START, MemoryHost, Runs
from tests.unit.repo_backup.kinds.data.test_assets import RELEASE, asset, release


class Versions(PrunableDirectory):
    """A folder that remembers every version of what was written below ``github_backups/``.

    ``opened`` are the keys that were read.
    """

    capabilities = Capabilities(conditional_writes=True, versions=True, full_checksums=False)

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.known: dict[str, dict[str, bytes]] = {}
        self.opened: list[str] = []

    def put_archive(self, key: str, archive: Blob, *, new: bool = False) -> Stored:
        """Every version has a name."""
        stored = super().put_archive(key, archive, new=new)
        return replace(stored, version_id=self._remember(key))

    def write(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """A list has versions, too."""
        super().write(key, data, content_type)
        self._remember(key)

    def versions(self, key: str) -> list[Version]:
        """All that are known, newest first."""
        path = self._root / key
        now = path.read_bytes() if path.exists() else None
        known = [*self.known.get(key, {}).items()]
        return [Version(id, "", len(data), data == now) for id, data in reversed(known)]

    def hide(self, key: str) -> None:
        """What a delete marker does."""
        (self._root / key).unlink()

    def expire(self, key: str) -> None:
        """What a lifecycle rule does in time to all versions that were replaced or hidden."""
        path = self._root / key
        now = path.read_bytes() if path.exists() else None
        self.known[key] = {id: data for id, data in self.known[key].items() if data == now}

    def version_ids(self, prefix: str) -> dict[str, set[str]]:
        """All that was ever written, and has not expired."""
        return {key: set(ids) for key, ids in self.known.items() if key.startswith(prefix) and ids}

    @contextlib.contextmanager
    def open(self, key: str, version_id: str | None = None) -> Iterator[IO[bytes]]:
        """A version, or what is there now."""
        self.opened.append(key)
        if version_id is None:
            with super().open(key) as file:
                yield file
        elif version_id in self.known.get(key, {}):
            yield BytesIO(self.known[key][version_id])
        else:
            raise NotFoundError(f"there is no {key}")

    def _remember(self, key: str) -> str:
        name = f"v{sum(map(len, self.known.values())) + 1}"
        if key.startswith(layout.ARCHIVES):
            self.known.setdefault(key, {})[name] = (self._root / key).read_bytes()
        return name


def runs_of(store: PrunableDirectory, scratch: Path, *files: bytes) -> Runs:
    """Runs that save a release with these files; each call is a host of its own."""
    scratch.mkdir()
    found = MemoryHost(assets=dict(enumerate(files, 1)))
    runs = Runs(scratch, found, store)
    publish_release(runs, *files)
    return runs


def publish_release(runs: Runs, *files: bytes) -> None:
    """What the release at the host has from now on."""
    numbered = dict(enumerate(files, 1))
    runs.host.assets = {**numbered}
    made = (asset(number, data, f"{number}.zip") for number, data in numbered.items())
    runs.host.documents[RELEASE] = release(*made)


def write_manifest(
    store: PrunableDirectory,
    run_id: str,
    result: ItemResult,
    kind: str = DATA,
    *,
    kept: bool = False,
) -> None:
    """The manifest of a run that left this of ``octo/hello``; ``kept``: of what is not listed."""
    number = int(run_id.removeprefix("r"))
    moment = START.replace(year=2020 + number)
    entries, orphaned = list[Entry](), list[OrphanedArchive]()
    if kept:
        assert result.archive
        orphaned.append(OrphanedArchive(result.archive.key, 7, "octo", "hello", kind, result))
    else:
        results = {GIT: ItemResult("empty"), kind: result}
        entries.append(Entry(HELLO.id, "octo", "hello", False, False, False, results))
    manifest = Manifest(
        *(run_id, 1, ["octo"], moment, by_identity(entries)),
        listed=len(entries),
        finished_at=moment,
        complete=True,
        kept=orphaned,
    )
    store.write(layout.manifest(run_id), manifest.to_json())
