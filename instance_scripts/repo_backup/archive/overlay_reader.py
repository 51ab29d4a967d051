"""Unpacks an overlay's zip over the mirror of the archives before it.

As strict as :mod:`repo_backup.archive.zip_reader`: an existing file is never replaced by a
different one, and refs are written after the objects that they name.
"""

import re
import shutil
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from backup_contract.text import one_line
from repo_backup.archive.zip_reader import BLOCK_BYTES, BROKEN_ZIP, check_refs, own_files
from repo_backup.runtime.errors import RepositoryError

PACK_FILE = re.compile(
    r"objects/pack/pack-(?:[0-9a-f]{40}|[0-9a-f]{64})\.(?:pack|idx|types|history)"
)
_REFS = ("packed-refs", "HEAD")
_DEFLATED = ("packed-refs",)
_PACK_AND_INDEX = ("pack", "idx")


def lay_over(file: IO[bytes], mirror: Path) -> None:
    """Unpack an overlay's zip over a mirror: its pack, then its refs. Each file appears atomically.

    The other files beside the index are skipped, as git does not use them. Raises RepositoryError
    if the zip is not an overlay of this mirror; then nothing has changed, except that its pack may
    exist.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            files = overlay_files(archive, file.seek(0, 2), mirror.name)
            check_refs(archive, files)
            packs = [each for each in files if each.endswith(_PACK_AND_INDEX)]
            # The index last: git ignores a pack without one.
            for name in [*sorted(packs, reverse=True), *_REFS]:
                _extract(archive, files[name], mirror / name, replace=name in _REFS)
    except BROKEN_ZIP as error:
        raise RepositoryError(f"this is not a complete zip: {one_line(str(error))}") from error


def overlay_files(archive: zipfile.ZipFile, size: int, top: str) -> dict[str, zipfile.ZipInfo]:
    """The files of an overlay's zip of ``size`` bytes, by name below its ``top`` directory.

    Raises RepositoryError if this program did not write it.
    """
    files = own_files(archive, size, PACK_FILE, _DEFLATED)
    if archive.namelist()[0].partition("/")[0] != top:
        raise RepositoryError(f"this overlay is not one of {one_line(top)}")
    if not set(_REFS) <= files.keys() or files.keys() & {"config", "shallow"}:
        raise RepositoryError("this zip does not contain an overlay")
    packs = [PurePosixPath(name) for name in files if name.endswith(_PACK_AND_INDEX)]
    if packs and (len(packs) != len(_PACK_AND_INDEX) or packs[0].stem != packs[1].stem):
        raise RepositoryError("this overlay does not contain a complete pack")
    return files


def _extract(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, *, replace: bool
) -> None:
    if target.exists() and not replace:
        if not _same(target, entry):
            raise RepositoryError(f"this overlay has another {target.name} than the mirror")
        return
    with (
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".overlay-") as room,
        archive.open(entry) as source,
    ):
        whole = Path(room, target.name)
        with whole.open("xb") as file:
            shutil.copyfileobj(source, file, BLOCK_BYTES)
        whole.replace(target)


def _same(path: Path, entry: zipfile.ZipInfo) -> bool:
    crc32 = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            crc32 = zlib.crc32(block, crc32)
    return (path.stat().st_size, crc32) == (entry.file_size, entry.CRC)
