"""Unpacks the list of a repository's LFS objects into its mirror, and reads it there."""

import shutil
from pathlib import Path
from typing import IO

from backup_contract.documents.fields import DamagedError
from backup_contract.documents.lfs_list import LfsList, read_list, read_zip
from repo_backup.runtime.errors import RepositoryError


def unpack_list(file: IO[bytes], into: Path) -> Path:
    """Unpack the list into ``REPO.git/lfs``, which must not exist. Returns that folder.

    Raises RepositoryError.
    """
    try:
        top, found = read_zip(file)
    except DamagedError as error:
        raise RepositoryError(str(error)) from error
    folder = into / top / "lfs"
    if folder.exists() or folder.is_symlink():
        raise RepositoryError(f"{folder} exists already: remove it, or name another folder")
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
    try:
        with (folder / "objects.txt").open(encoding="utf-8", errors="replace") as objects:
            return read_list(objects)
    except DamagedError as error:
        raise RepositoryError(str(error)) from error
