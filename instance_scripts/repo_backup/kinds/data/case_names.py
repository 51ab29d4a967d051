"""Names in a restored folder that differ in case alone: not every file system tells them apart.

The later one ends with digits of its SHA-256, and its own name can be read from that again. So a
folder has the same names on every file system.
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
    """The name without the digits that :func:`with_digits` gave it, if it did. Pure."""
    found = _WITH_DIGITS.fullmatch(name)
    return found[1] if found and with_digits(found[1]) == name else name


class FolderNames:
    """Gives names in one folder; ``present`` are those that it has."""

    def __init__(self, present: Iterable[str] = ()) -> None:
        plain = [name for name in present if own_name(name) == name]
        self._taken = {name.casefold(): name for name in plain}

    def place(self, name: str) -> str:
        """The name itself, unless the folder has one that differs from it in case alone."""
        return name if self._taken.setdefault(name.casefold(), name) == name else with_digits(name)


class DocumentPlaces:
    """Where the documents of an archive are in its unpacked folder ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: dict[str, FolderNames] = {}

    def place(self, path: str) -> Path:
        """The file for a document; its folder exists then. Raises OSError."""
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
    """The path in its archive of a document that was unpacked. Pure."""
    folder = file.parent.relative_to(root).as_posix()
    return f"{folder}/{own_name(file.stem)}{_DOCUMENT}"


def document_file(root: Path, folder: str, name: str) -> Path:
    """The file of the document of this name. It may not exist."""
    apart = root / folder / f"{with_digits(name)}{_DOCUMENT}"
    return apart if apart.exists() else root / folder / f"{name}{_DOCUMENT}"
