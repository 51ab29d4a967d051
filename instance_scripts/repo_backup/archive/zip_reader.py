"""Unpacks a mirror's zip, and accepts only what this program writes.

Anyone who can write to a bucket can put a zip there. Only the names, sizes and configuration of
``archive`` are accepted: no hook, no alternates, no setting that runs a program, no path outside
the directory, and no file larger than declared.
"""

import re
import shutil
import struct
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import IO

from backup_contract.text import one_line
from repo_backup.git.mirror import CONFIGS
from repo_backup.git.restorable import is_head, is_object_id, is_packed_ref
from repo_backup.runtime.errors import RepositoryError

_TOP = re.compile(r"(?!\.{1,2}\.git$)[A-Za-z0-9._-]{1,110}\.git")
_PACK = re.compile(r"objects/pack/pack-(?:[0-9a-f]{40}|[0-9a-f]{64})\.(?:pack|idx)")
_TEXTS = {"HEAD": 4096, "config": 4096, "packed-refs": 256 << 20}
_SHALLOW = "shallow"
"""Of a mirror of a shallow repository."""
_MOST_BYTES = {**_TEXTS, _SHALLOW: 16 << 20}
_FOLDERS = ("", "refs/", "objects/", "objects/pack/")
BROKEN_ZIP = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    EOFError,
    ValueError,
    OverflowError,
    struct.error,
    zlib.error,
)
"""What zipfile raises for a malformed zip; RuntimeError is for an encrypted one."""
BLOCK_BYTES = 1024 * 1024
_LONGEST_LINE_BYTES = 64 << 10
_PACK_AND_INDEX = 2


def is_mirror_name(name: str) -> bool:
    """Whether an archive's top directory may have this name. Pure."""
    return bool(_TOP.fullmatch(name))


def unpack(file: IO[bytes], into: Path) -> Path:
    """Unpack a mirror's zip to a new directory in ``into``; returns it. Raises RepositoryError."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = _entries(archive, file.seek(0, 2))
            top = archive.namelist()[0].partition("/")[0]
            target = into / top
            if target.exists() or target.is_symlink():
                raise RepositoryError(f"{target} exists already: remove it, or name another folder")
            try:
                _extract(archive, entries, target)
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
            return target
    except BROKEN_ZIP as error:
        raise RepositoryError(f"this is not a complete zip: {one_line(str(error))}") from error


def _entries(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The zip's files by their names below its top directory, when it is one of ours."""
    files = own_files(archive, size, _PACK)
    packs = files.keys() - _MOST_BYTES.keys()
    stems = {PurePosixPath(name).stem for name in packs}
    if not files.keys() > _TEXTS.keys() or len(packs) != _PACK_AND_INDEX or len(stems) != 1:
        raise RepositoryError("this zip does not contain a complete mirror")
    return files


def own_files(
    archive: zipfile.ZipFile, size: int, packs: re.Pattern[str], deflated: Collection[str] = ()
) -> dict[str, zipfile.ZipInfo]:
    """The files of a zip of ``size`` bytes, if all of them are ones that this program writes.

    They are keyed by name below the top directory. ``packs`` matches those besides the small files;
    the ``deflated`` ones need not be stored. Raises RepositoryError.
    """
    tops = {name.partition("/")[0] for name in archive.namelist()}
    if len(tops) != 1 or not _TOP.fullmatch(top := tops.pop()):
        raise RepositoryError("this zip does not contain a mirror")
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        name = entry.orig_filename.removeprefix(f"{top}/")
        known = name in _FOLDERS or name in _MOST_BYTES or packs.fullmatch(name)
        if not known or name in entries or entry.orig_filename != entry.filename:
            raise RepositoryError(
                f"this zip contains a file that no mirror has: {one_line(name)!r}"
            )
        methods = (zipfile.ZIP_STORED, *[zipfile.ZIP_DEFLATED] * (name in deflated))
        if entry.compress_type not in methods or entry.flag_bits & 1:
            raise RepositoryError("this zip is not packed the way this program does it")
        if entry.file_size > _MOST_BYTES.get(name, size):
            raise RepositoryError(f"this zip has {name} too large")
        entries[name] = entry
    files = {name: entry for name, entry in entries.items() if name not in _FOLDERS}
    if sum(each.file_size for name, each in files.items() if name not in deflated) > size:
        raise RepositoryError("this zip claims to contain more than its size allows")
    return files


def check_refs(archive: zipfile.ZipFile, files: dict[str, zipfile.ZipInfo]) -> None:
    """Check that HEAD and ``packed-refs`` have git's format. Raises RepositoryError."""
    if not is_head(archive.read(files["HEAD"]).decode("utf-8", "surrogateescape")):
        raise RepositoryError("this zip's HEAD points nowhere")
    with archive.open(files["packed-refs"]) as lines:
        while line := lines.readline(_LONGEST_LINE_BYTES):
            shown = line.removesuffix(b"\n").decode("utf-8", "surrogateescape")
            if not is_packed_ref(shown):
                raise RepositoryError(f"this zip has a ref that git forbids: {one_line(shown)!r}")


def _extract(archive: zipfile.ZipFile, files: dict[str, zipfile.ZipInfo], target: Path) -> None:
    if archive.read(files["config"]).decode(errors="replace") not in CONFIGS:
        raise RepositoryError("this zip has a config that this program does not write")
    check_refs(archive, files)
    if _SHALLOW in files:
        cut = archive.read(files[_SHALLOW]).decode(errors="replace").splitlines()
        if not all(map(is_object_id, cut)):
            raise RepositoryError("this zip's shallow is not a list of commits")
    (target / "objects" / "pack").mkdir(parents=True)
    (target / "refs").mkdir()
    for name, entry in files.items():
        with archive.open(entry) as source, (target / name).open("xb") as file:
            shutil.copyfileobj(source, file, BLOCK_BYTES)
