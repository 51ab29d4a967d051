"""The files of releases in a data archive that is unpacked: which objects, and where they go.

A release's files go into ``releases/TAG`` beside ``releases/TAG.json``. One that was replaced or
removed at GitHub later has the beginning of its SHA-256 at the end of its name, and so has one
whose name differs from another's in case alone: not every file system tells these apart. Of two
tags that differ in case alone one is told apart likewise: see ``case_names``.
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
    """Each release's files, with its name as that of its document. Raises RepositoryError."""
    for path in sorted((unpacked / ASSETS).glob("*.json")):
        try:
            yield own_name(path.stem), fields.decode(path.read_bytes(), read_assets)
        except DamagedError as error:
            raise RepositoryError(str(error.within(f"{ASSETS}/{path.name}"))) from error


def objects_in(unpacked: Path) -> dict[str, int]:
    """Size in bytes of each object by its SHA-256 (hex). Raises RepositoryError."""
    return {
        each.sha256: each.size
        for _, assets in lists_in(unpacked)
        for each in assets
        if each.sha256 is not None
    }


def places_in(unpacked: Path) -> Iterator[tuple[str, int, Path]]:
    """SHA-256 (hex), size and place of each file that is saved. Raises RepositoryError."""
    folders = FolderNames()
    for name, assets in lists_in(unpacked):
        document = document_file(unpacked, RELEASES, name)
        folder = unpacked / RELEASES / folders.place(folder_name(document.stem))
        there, taken = _at_github(document), set[str]()
        # Those that are still there have the better right to their name.
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
    """A file's name that leads nowhere else, whatever stands in an archive. Pure."""
    quoted = quote(name, safe="+@=, ()[]")[:_MOST_NAME_CHARACTERS]
    return quoted if quoted.strip(". ") else f"{quoted.strip()}~"


def folder_name(release: str) -> str:
    """The folder for what belongs to the document of this name. Pure.

    No other release's document is called like that, as ``~`` is in no tag.
    """
    safe = release.strip(".") and not release.endswith(".json")
    return release if safe else f"{release}~"


def _at_github(document: Path) -> set[tuple[int, str, str | None]]:
    """The files that a release had when it was last read."""
    try:
        release = json.loads(document.read_bytes())
    except FileNotFoundError:
        return set()
    except ValueError as error:
        raise RepositoryError(f"{RELEASES}/{document.name} is no JSON") from error
    return {each.version for each in assets_of(release)}
