"""The archive ``REPO~lfs.zip``: which large files a history points to, and which are saved.

It holds two texts, laid out so that they and the objects lie where Git LFS looks for them once a
person unpacks it over ``REPO.git``: ``REPO.git/lfs/objects.txt``, of each object a line with its
SHA-256, its size and ``saved`` or ``missing``; and ``REPO.git/lfs/scanned.txt``, the SHA-256 of
each archive of the repository that was looked through.
"""

import re
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from backup_contract.documents.parts.results import Referred
from repo_backup.archive.zip_reader import BROKEN_ZIP
from repo_backup.runtime.errors import RepositoryError, said

OBJECTS, SCANNED = "lfs/objects.txt", "lfs/scanned.txt"
_TOP = re.compile(r"(?!\.{1,2}\.git$)[A-Za-z0-9._-]{1,110}\.git")
_OBJECT = re.compile(r"([0-9a-f]{64}) ([0-9]{1,18}) (saved|missing)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_BYTES = 256 << 20
"""Some two million objects."""


@dataclass(frozen=True)
class LfsList:
    """Sizes in bytes by SHA-256 (hex), and which of these objects are at the destination."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    saved: frozenset[str] = frozenset()
    scanned: frozenset[str] = frozenset()

    @property
    def referred(self) -> Referred:
        """The numbers."""
        return Referred.of(self.sizes, self.saved)

    def texts(self, mirror_name: str) -> dict[str, bytes]:
        """The files of the archive by name; the same list makes the same bytes."""
        lines = (
            f"{oid} {self.sizes[oid]} {'saved' if oid in self.saved else 'missing'}\n"
            for oid in sorted(self.sizes)
        )
        scanned = (f"{each}\n" for each in sorted(self.scanned))
        return {
            f"{mirror_name}/{OBJECTS}": "".join(lines).encode(),
            f"{mirror_name}/{SCANNED}": "".join(scanned).encode(),
        }


def read_list(objects: Iterable[str], scanned: Iterable[str] = ()) -> LfsList:
    """The list in the lines of both files. Raises RepositoryError."""
    sizes: dict[str, int] = {}
    saved: set[str] = set()
    for line in objects:
        found = _OBJECT.fullmatch(line.rstrip("\n"))
        if found is None:
            raise RepositoryError(
                f"this list of LFS objects has a line of another form: {said(line)}"
            )
        sizes[found[1]] = int(found[2])
        if found[3] == "saved":
            saved.add(found[1])
    archives = frozenset(line.rstrip("\n") for line in scanned)
    if not all(map(_SHA256.fullmatch, archives)):
        raise RepositoryError("this list of LFS objects names archives that are none")
    return LfsList(sizes, frozenset(saved), archives)


def read_zip(file: IO[bytes]) -> tuple[str, LfsList]:
    """The name of the mirror's folder, and the list. Raises RepositoryError."""
    try:
        with zipfile.ZipFile(file) as archive:
            tops = {name.partition("/")[0] for name in archive.namelist()}
            top = tops.pop() if len(tops) == 1 else ""
            wanted = {f"{top}/{OBJECTS}", f"{top}/{SCANNED}"}
            names = [entry.orig_filename for entry in archive.infolist()]
            if not _TOP.fullmatch(top) or len(names) != len(wanted) or {*names} != wanted:
                raise RepositoryError("this zip holds no list of LFS objects")
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise RepositoryError("this zip's list of LFS objects is too long")
            return top, read_list(
                _lines(archive, f"{top}/{OBJECTS}"), _lines(archive, f"{top}/{SCANNED}")
            )
    except (*BROKEN_ZIP, RuntimeError) as error:
        raise RepositoryError(f"this is no whole zip: {said(str(error))}") from error


def unpack_list(file: IO[bytes], into: Path) -> Path:
    """Unpack it; ``REPO.git/lfs``, which must not be there yet. Raises RepositoryError."""
    top, found = read_zip(file)
    folder = into / top / "lfs"
    if folder.exists() or folder.is_symlink():
        raise RepositoryError(f"{folder} exists already")
    try:
        folder.mkdir(parents=True)
        for name, text in found.texts(top).items():
            (into / name).write_bytes(text)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def list_in(folder: Path) -> LfsList:
    """The list in an unpacked ``lfs`` folder. Raises RepositoryError."""
    with (folder / "objects.txt").open(encoding="utf-8", errors="replace") as objects:
        return read_list(objects)


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    with archive.open(name) as lines:
        for line in lines:
            yield line.decode("utf-8", "replace")
