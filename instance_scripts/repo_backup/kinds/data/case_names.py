"""Distinguishes restored names that differ only in case, which some file systems ignore.

The first digits of its SHA-256 are added to the later name, from which the original name can be
recovered. So a restored folder has the same names on every file system.
"""

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

_WITH_DIGITS = re.compile(r"(.+)~[0-9a-f]{12}", re.DOTALL)
_DOCUMENT = ".json"


def with_digits(name: str) -> str:
    """The name with the first digits of its SHA-256. Pure."""
    return f"{name}~{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def own_name(name: str) -> str:
    """The name without the digits that :func:`with_digits` added, if it did. Pure."""
    found = _WITH_DIGITS.fullmatch(name)
    return found[1] if found and with_digits(found[1]) == name else name


class FolderNames:
    """Assigns names in one folder; ``present`` are the names that it has."""

    def __init__(self, present: Iterable[str] = ()) -> None:
        plain = [name for name in present if own_name(name) == name]
        self._taken = {name.casefold(): name for name in plain}

    def place(self, name: str) -> str:
        """The name itself, or the name with digits if the folder has one that differs only in
        case."""
        return name if self._taken.setdefault(name.casefold(), name) == name else with_digits(name)


class DocumentPlaces:
    """Maps the documents of an archive to files in its unpacked folder ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: dict[str, FolderNames] = {}

    def place(self, path: str) -> Path:
        """The file for a document. Creates its folder. Raises OSError."""
        folder, slash, name = path.rpartition("/")
        parent = self._root / folder
        if folder not in self._names:
            parent.mkdir(parents=True, exist_ok=True)
            present = (each.name.removesuffix(_DOCUMENT) for each in parent.iterdir())
            self._names[folder] = FolderNames(present)
        if not slash:
            return parent / name
        return parent / f"{self._names[folder].place(name.removesuffix(_DOCUMENT))}{_DOCUMENT}"


def document_path(root: Path, file: Path) -> str:
    """The path in the archive of an unpacked document. Pure."""
    folder = file.parent.relative_to(root).as_posix()
    return f"{folder}/{own_name(file.stem)}{_DOCUMENT}"


def document_file(root: Path, folder: str, name: str) -> Path:
    """The file of the document with this name. It may not exist."""
    apart = root / folder / f"{with_digits(name)}{_DOCUMENT}"
    return apart if apart.exists() else root / folder / f"{name}{_DOCUMENT}"
