"""``REPO~lfs.zip``: the LFS objects that a history refers to, and which of them are saved. Pure.

It contains two texts, in the folder in which Git LFS keeps objects, so that it can be unpacked over
``REPO.git``. ``REPO.git/lfs/objects.txt`` has a line for each object: its SHA-256, its size and
``saved`` or ``missing``. ``REPO.git/lfs/scanned.txt`` has the SHA-256 of each archive of the
repository that was searched for LFS pointers.
"""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

from backup_contract.documents.fields import DamagedError
from backup_contract.documents.parts.results import Referred
from backup_contract.text import one_line

OBJECTS, SCANNED = "lfs/objects.txt", "lfs/scanned.txt"
_TOP = re.compile(r"(?!\.{1,2}\.git$)[A-Za-z0-9._-]{1,110}\.git")
_OBJECT = re.compile(r"([0-9a-f]{64}) ([0-9]{1,18}) (saved|missing)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_BYTES = 256 << 20
"""The largest list, about two million objects."""
_BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, RuntimeError),
    *(ValueError, OverflowError, struct.error, zlib.error),
)
"""The errors that zipfile raises for a malformed zip."""


@dataclass(frozen=True)
class LfsList:
    """Sizes in bytes by SHA-256 (hex), which of the objects are saved, and the scanned archives."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    saved: frozenset[str] = frozenset()
    scanned: frozenset[str] = frozenset()

    @property
    def referred(self) -> Referred:
        """Counts and bytes of the objects, and of the saved ones."""
        return Referred.of(self.sizes, self.saved)

    def texts(self, mirror_name: str) -> dict[str, bytes]:
        """The files of the archive by name. The same list gives the same bytes."""
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
    """Read the list from the lines of both files. Raises DamagedError."""
    sizes: dict[str, int] = {}
    saved: set[str] = set()
    for line in objects:
        found = _OBJECT.fullmatch(line.rstrip("\n"))
        if found is None:
            raise DamagedError("", f"this list of LFS objects has a bad line: {one_line(line)}")
        sizes[found[1]] = int(found[2])
        if found[3] == "saved":
            saved.add(found[1])
    archives = frozenset(line.rstrip("\n") for line in scanned)
    if not all(map(_SHA256.fullmatch, archives)):
        raise DamagedError("", "this list of scanned archives has a line that is not a SHA-256")
    return LfsList(sizes, frozenset(saved), archives)


def read_zip(file: IO[bytes]) -> tuple[str, LfsList]:
    """Read the name of the mirror's folder, and the list, from the zip. Raises DamagedError."""
    try:
        with zipfile.ZipFile(file) as archive:
            return _read(archive)
    except DamagedError:
        raise
    except _BROKEN as error:
        raise DamagedError("", f"this is not a complete zip: {one_line(str(error))}") from error


def _read(archive: zipfile.ZipFile) -> tuple[str, LfsList]:
    tops = {name.partition("/")[0] for name in archive.namelist()}
    top = tops.pop() if len(tops) == 1 else ""
    objects, scanned = f"{top}/{OBJECTS}", f"{top}/{SCANNED}"
    names = sorted(entry.orig_filename for entry in archive.infolist())
    if not _TOP.fullmatch(top) or names != [objects, scanned]:
        raise DamagedError("", "this zip does not contain a list of LFS objects")
    if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
        raise DamagedError("", "this zip's list of LFS objects is too long")
    return top, read_list(_lines(archive, objects), _lines(archive, scanned))


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    with archive.open(name) as lines:
        for line in lines:
            yield line.decode("utf-8", "replace")
