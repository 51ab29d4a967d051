"""The release assets of an unpacked data archive: their objects, and the paths to restore them to.

A release's assets go into ``releases/TAG``, beside ``releases/TAG.json``. The first digits of its
SHA-256 are added to the name of an asset that was later replaced or removed on GitHub, and of one
whose name differs from another's only in case, because some file systems ignore case. For tags that
differ only in case, see ``case_names``.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.release_assets import (
    ASSETS,
    RELEASES,
    ReleaseAsset,
    assets_of,
    read_assets,
)
from repo_backup.kinds.data.case_names import FolderNames, document_file, own_name
from repo_backup.runtime.errors import RepositoryError

_MOST_NAME_CHARACTERS = 150


def lists_in(unpacked: Path) -> Iterator[tuple[str, tuple[ReleaseAsset, ...]]]:
    """Each release's assets, with the name of its document. Raises RepositoryError."""
    for path in sorted((unpacked / ASSETS).glob("*.json")):
        try:
            yield own_name(path.stem), fields.decode(path.read_bytes(), read_assets)
        except DamagedError as error:
            raise RepositoryError(str(error.within(f"{ASSETS}/{path.name}"))) from error


def objects_in(unpacked: Path) -> dict[str, int]:
    """The size in bytes of each saved object, by SHA-256 (hex). Raises RepositoryError."""
    return {
        each.sha256: each.size
        for _, assets in lists_in(unpacked)
        for each in assets
        if each.sha256 is not None
    }


def places_in(unpacked: Path) -> Iterator[tuple[str, int, Path]]:
    """The SHA-256 (hex), size in bytes and path of each saved asset. Raises RepositoryError."""
    folders = FolderNames()
    for name, assets in lists_in(unpacked):
        document = document_file(unpacked, RELEASES, name)
        folder = unpacked / RELEASES / folders.place(folder_name(document.stem))
        there, taken = _at_github(document), set[str]()
        # Assets that are still on GitHub keep their names.
        for each in sorted(assets, key=lambda asset: asset.version not in there):
            if each.sha256 is None:
                continue
            file_name = safe_name(each.name)
            if each.version not in there or file_name.casefold() in taken:
                file_name = f"{file_name}~{each.sha256[:12]}"
            if file_name.casefold() in taken:
                file_name = f"{file_name}~{each.id}"
            taken.add(file_name.casefold())
            yield each.sha256, each.size, folder / file_name


def safe_name(name: str) -> str:
    """A safe file name, without path separators, for any name in an archive. Pure."""
    quoted = quote(name, safe="+@=, ()[]")[:_MOST_NAME_CHARACTERS]
    return quoted if quoted.strip(". ") else f"{quoted.strip()}~"


def folder_name(release: str) -> str:
    """The name of the folder for the files that belong to the document with this name. Pure.

    No release's document has the same name as the folder, because no tag contains ``~``.
    """
    safe = release.strip(".") and not release.endswith(".json")
    return release if safe else f"{release}~"


def _at_github(document: Path) -> set[tuple[int, str, str | None]]:
    """The assets that the release had when it was last read."""
    try:
        release = json.loads(document.read_bytes())
    except FileNotFoundError:
        return set()
    except ValueError as error:
        raise RepositoryError(f"{RELEASES}/{document.name} is not JSON") from error
    return {each.version for each in assets_of(release)}
