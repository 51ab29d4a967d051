"""Unpacks a data archive and its overlays to a folder, and checks the result.

Anybody who can write to the bucket can put a zip there, so only names that this program gives are
accepted: one folder, and below it JSON documents in folders of their own.
"""

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from backup_contract.documents.data_index import DELETED, INDEX, Section, folder_of
from backup_contract.documents.manifest import ItemResult
from backup_contract.documents.parts.attached import Attached
from backup_contract.documents.release_assets import referred
from backup_contract.text import one_line
from repo_backup.archive.document_zip import file_blocks
from repo_backup.hosts.data_counts import counts_of
from repo_backup.kinds.data.asset_files import lists_in
from repo_backup.kinds.data.attached.files import attachment_lists_in
from repo_backup.kinds.data.case_names import DocumentPlaces, document_path
from repo_backup.kinds.data.data_archive import parsed_index, read_entries
from repo_backup.kinds.data.documents import (
    ContentDigest,
    is_document_path,
    place_of,
    read_marks,
)
from repo_backup.runtime.cancellation import CancellationToken
from repo_backup.runtime.errors import RepositoryError

WHOLE_DOCUMENTS = ("settings.", "account.")
"""The beginnings of the names of sections that are one document each, whose items are not
counted."""
_LISTS = (INDEX, DELETED)


def unpack(file: IO[bytes], into: Path) -> Path:
    """Unpack an archive. Returns its new folder in ``into``. Raises RepositoryError."""
    with tempfile.TemporaryDirectory(dir=into, prefix=".data-") as room:
        unpacked = _extract(file, Path(room))
        target = into / unpacked.name
        if target.exists() or target.is_symlink():
            raise RepositoryError(f"{target} exists already: remove it, or name another folder")
        return unpacked.rename(target)


def lay_over(file: IO[bytes], unpacked: Path) -> None:
    """Unpack an overlay: its documents replace those in the folder.

    Raises RepositoryError if the zip is not an overlay of this folder, or is truncated. In the
    latter case, the folder then has some of its documents.
    """
    paths = {path for _, path, _ in _files(file, unpacked.name)}
    if not paths.issuperset(_LISTS):
        raise RepositoryError("this zip does not contain an overlay of a data archive")
    file.seek(0)
    places = DocumentPlaces(unpacked)
    for _, path, text in _files(file, unpacked.name):
        place = places.place(path)
        room = place.with_name(f".{place.name}")
        room.write_bytes(text)
        room.replace(place)


def check(unpacked: Path, result: ItemResult | None, stop: CancellationToken) -> tuple[str, ...]:
    """Check that the folder has the documents that the index and the manifest name.

    Does not check the release assets and attachments. Returns remarks. Raises RepositoryError, and
    InterruptedRunError on cancellation.
    """
    index = parsed_index(_read(unpacked / INDEX))
    marks = read_marks(_read(unpacked / DELETED))
    counts: Counter[str] = Counter()
    items: Counter[str] = Counter()
    digest = ContentDigest()
    for path, document in _documents(unpacked):
        stop.check()
        text = document.read_bytes()
        counts[folder_of(path)] += 1
        digest.add(path, hashlib.sha256(text).digest())
        items.update(counts_of(path, _parsed(path, text), lambda *each: place_of(*each) in marks))
    if counts != dict(index.documents):
        raise RepositoryError(
            f"{INDEX} names {_counted(index.documents)}; there are {_counted(counts)}"
        )
    if result and result.refs_digest != digest.of(marks):
        raise RepositoryError("its documents differ from those that the manifest names")
    return (*_remarks(index.sections, items), *_unsaved(unpacked))


def _remarks(sections: Mapping[str, Section], items: Mapping[str, int]) -> Iterator[str]:
    """Remarks on incomplete sections, and on sections with another number of items than the index
    counts."""
    ordered = sorted(sections.items())
    if lacking := [f"{name} {each.state}" for name, each in ordered if each.state != "complete"]:
        yield f"not complete: {', '.join(lacking)}"
    for name, each in ordered:
        if not name.startswith(WHOLE_DOCUMENTS) and each.here != items.get(name, 0):
            yield f"{INDEX} counts {each.here} {name}, there are {items.get(name, 0)}"


def _unsaved(unpacked: Path) -> Iterator[str]:
    numbers = referred(each for _, assets in lists_in(unpacked) for each in assets)
    if missing := numbers.count - numbers.saved:
        yield f"{missing} of {numbers.count} release assets are not saved"
    lists = attachment_lists_in(unpacked)
    attached = Attached.of(each for _, attachments in lists for each in attachments)
    if attached.unsaved:
        yield f"{attached.unsaved} of {attached.count} attachments are not saved"


def _parsed(path: str, text: bytes) -> Any:
    """A document's content. Raises RepositoryError if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise RepositoryError(f"{path} is not JSON") from error


def _files(file: IO[bytes], top: str | None) -> Iterator[tuple[str, str, bytes]]:
    for folder, path, packed in read_entries(file_blocks(file), None, top, CancellationToken()):
        if path not in _LISTS and not is_document_path(path):
            raise RepositoryError(
                f"this zip contains a file that no data archive has: {one_line(repr(path))}"
            )
        yield folder, path, packed.text()


def _extract(file: IO[bytes], room: Path) -> Path:
    """Extract all files of an archive. Returns the folder that has them."""
    tops: dict[str, DocumentPlaces] = {}
    for top, path, text in _files(file, None):
        place = tops.setdefault(top, DocumentPlaces(room / top)).place(path)
        if place.exists():
            raise RepositoryError(f"this zip contains {one_line(path)} twice")
        place.write_bytes(text)
    found = [room / top for top in tops if (room / top / INDEX).exists()]
    if len(tops) != 1 or not found:
        raise RepositoryError("this zip does not contain a complete data archive")
    return found[0]


def _documents(unpacked: Path) -> list[tuple[str, Path]]:
    """Each document's path in the archive, and its file, sorted by path."""
    found = (each for each in unpacked.glob("*/*.json") if each.is_file())
    return sorted((document_path(unpacked, each), each) for each in found)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise RepositoryError(f"it has no {path.name}") from error


def _counted(counts: object) -> str:
    assert isinstance(counts, dict)  # noqa: S101 - made of JSON objects
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"
