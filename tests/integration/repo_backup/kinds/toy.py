"""A kind of a test's own: a note, a small text that a repository may have. It is no git."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from backup_contract.documents.manifest import ItemResult
from backup_contract.kinds import KindNames
from repo_backup.git.pushing.push import Pushed
from repo_backup.git.pushing.push_target import Target
from repo_backup.hosts.base import RemoteRepository
from repo_backup.kinds.base import CurrentState, Fetched, Resources
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import AbsentError, RepositoryError, TransientError

NAMES = KindNames("note", "note", "notes", suffix=".note", key_suffix="~note")
_FILE = "note.txt"


@dataclass
class Notes:
    """The kind. ``texts`` are the notes at their host by ``owner/name``."""

    texts: dict[str, str] = field(default_factory=dict)
    trouble: RepositoryError | None = None
    name = NAMES.name
    optional = True
    is_late = False

    def absence(self, remote: RemoteRepository) -> str | None:
        return "notes switched off" if remote.private else None

    def disk_bytes(self, remote: RemoteRepository) -> int:
        return 1 << 10

    def upstream(self, remote: RemoteRepository, resources: Resources) -> "Note":
        return Note(self, remote, resources)

    def unpack(self, file: IO[bytes], into: Path) -> Path:
        try:
            with zipfile.ZipFile(file) as archive:
                (name,) = archive.namelist()
                target = into / Path(name).parent.name
                target.mkdir()
                (target / _FILE).write_bytes(archive.read(name))
        except (zipfile.BadZipFile, ValueError) as error:
            raise RepositoryError(f"this zip holds no note: {error}") from error
        return target

    def lay_over(self, file: IO[bytes], unpacked: Path) -> None:
        raise RepositoryError("notes have no overlays")

    def check(
        self,
        unpacked: Path,
        result: ItemResult | None,
        memory_bytes: int,
        stop: CancellationToken,
        *,
        same_bytes: bool,
    ) -> tuple[str, ...]:
        text = (unpacked / _FILE).read_text()
        if result and fingerprint(text) != result.refs_digest:
            raise RepositoryError("it is not the manifest's note")
        return ()

    def next_step(self, unpacked: Path) -> str:
        return f"cat {unpacked / _FILE}"

    def check_target(self, target: Target) -> None:
        if any(Path(target.url).iterdir()):
            raise RepositoryError("--push-to: there is something already")

    def restore(self, unpacked: Path, target: Target, *, force: bool) -> Pushed:
        (Path(target.url) / _FILE).write_bytes((unpacked / _FILE).read_bytes())
        return Pushed({}, ())


@dataclass(frozen=True)
class Note:
    """One repository's."""

    kind: Notes
    remote: RemoteRepository
    resources: Resources

    @contextmanager
    def find(self) -> Iterator[CurrentState]:
        if self.kind.trouble:
            raise self.kind.trouble
        if (text := self.kind.texts.get(self.remote.full_name)) is None:
            raise AbsentError("there is no note")

        def fetch(room: Path) -> Fetched:
            archive = TextArchive(f"{self.remote.name}.note", text, self.resources.store.part_bytes)
            return Fetched(archive, fingerprint(text), 1)

        yield CurrentState(fingerprint(text), 1, is_empty=not text, fetch=fetch)

    def after(self, error: TransientError) -> RepositoryError:
        return error


class TextArchive:
    """A zip of one text in memory."""

    def __init__(self, name: str, text: str, part_bytes: int) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(zipfile.ZipInfo(f"{name}/{_FILE}"), text)
        self._data = file.getvalue()
        self.part_bytes = part_bytes
        self.size = len(self._data)
        self.sha256 = hashlib.sha256(self._data).hexdigest()
        self.crc32 = zlib.crc32(self._data)
        self.part_crc32s = [self.crc32]

    def part(self, start: int) -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(self._data[start:]))

    def blocks(self) -> Iterator[bytes]:
        yield self._data


def fingerprint(text: str) -> str:
    """That of a note."""
    return hashlib.sha256(text.encode()).hexdigest()
