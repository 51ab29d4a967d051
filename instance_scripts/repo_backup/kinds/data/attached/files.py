"""The attachments of an unpacked data archive: their objects, and the paths to restore them to.

Those of ``issues/12.json`` go into ``attachments/issues~12``, beside their list, which names each
file. The first digits of its SHA-256 are added to a name that differs from another only in case.
"""

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.parts.attachments import (
    ATTACHMENTS,
    Attachment,
    read_attachments,
)
from repo_backup.kinds.data.asset_files import folder_name, safe_name
from repo_backup.runtime.errors import RepositoryError

_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/svg+xml": ".svg",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "text/plain": ".txt",
}
_MOST_SUFFIX_CHARACTERS = 10


def attachment_lists_in(unpacked: Path) -> Iterator[tuple[str, tuple[Attachment, ...]]]:
    """Each document's attachments, with the name of their list. Raises RepositoryError."""
    for path in sorted((unpacked / ATTACHMENTS).glob("*.json")):
        try:
            yield path.stem, fields.decode(path.read_bytes(), read_attachments)
        except DamagedError as error:
            raise RepositoryError(str(error.within(f"{ATTACHMENTS}/{path.name}"))) from error


def attached_objects_in(unpacked: Path) -> dict[str, int]:
    """The size in bytes of each saved object, by SHA-256 (hex). Raises RepositoryError."""
    return {
        each.sha256: each.size or 0
        for _, attachments in attachment_lists_in(unpacked)
        for each in attachments
        if each.sha256
    }


def attached_places_in(unpacked: Path) -> Iterator[tuple[str, int, Path]]:
    """The SHA-256 (hex), size in bytes and path of each saved file. Raises RepositoryError."""
    for name, attachments in attachment_lists_in(unpacked):
        folder, taken = unpacked / ATTACHMENTS / folder_name(name), set[str]()
        for each in attachments:
            if each.sha256 is None:
                continue
            file = safe_name(each.file)
            if file.casefold() in taken:
                file = f"{file}~{each.sha256[:12]}"
            taken.add(file.casefold())
            yield each.sha256, each.size or 0, folder / file


def file_name(url: str, suffix: str, taken: Collection[str]) -> str:
    """A file name for the attachment at a URL: its last part, with ``suffix`` if it has none. Pure.

    ``taken`` are the names of other files in the same folder, case-folded.
    """
    name = safe_name(unquote(urlsplit(url).path.rpartition("/")[2]))
    if "." not in name:
        name += suffix
    if name.casefold() in taken:
        name = f"{hashlib.sha256(url.encode()).hexdigest()[:12]}~{name}"
    return name


def suffix_of(content_type: str, address: str) -> str:
    """The suffix for a file name, by the media type, or else by the URL it came from. Pure.

    Empty if neither shows it.
    """
    if known := _SUFFIXES.get(content_type.partition(";")[0].strip().lower()):
        return known
    _, dot, suffix = urlsplit(address).path.rpartition("/")[2].rpartition(".")
    plain = suffix.isascii() and suffix.isalnum() and len(suffix) <= _MOST_SUFFIX_CHARACTERS
    return f".{suffix.lower()}" if dot and plain else ""
