"""``REPO~data+<chain>.objects.json``: the binaries that a chain of archives refers to. Pure.

Each line is a JSON array with the SHA-256 (hex) and the size in bytes of an object below
``objects/sha256/``. With this list, these objects can be checked and counted without unpacking an
archive. Lines are only ever appended, so the list of an earlier run is a prefix of it. The run's
manifest has the length and the SHA-256 of that prefix.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from backup_contract.documents import fields
from backup_contract.documents.fields import DamagedError, Fields

MOST_BYTES = 64 << 20
"""The largest list, about 800,000 objects."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ObjectListRef:
    """A manifest's reference to a list: the ``length`` in bytes of the run's prefix of it, and the
    prefix's SHA-256 (hex)."""

    length: int
    sha256: str

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object in the manifest."""
        return {"bytes": self.length, "sha256": self.sha256}

    @classmethod
    def of(cls, data: bytes) -> "ObjectListRef":
        """The reference to a whole list."""
        return cls(len(data), hashlib.sha256(data).hexdigest())

    def confirms(self, data: bytes) -> bool:
        """Whether a list begins with the run's prefix."""
        mine = data[: self.length]
        return len(mine) == self.length and hashlib.sha256(mine).hexdigest() == self.sha256


def read_object_list_ref(document: Fields, name: str) -> ObjectListRef:
    """Read the reference in a field. Raises DamagedError."""

    def read(found: Fields) -> ObjectListRef:
        length = fields.count(found, "bytes")
        if not 1 <= length <= MOST_BYTES:
            raise DamagedError("bytes", f"is not a number from 1 to {MOST_BYTES}")
        return ObjectListRef(length, fields.sha256(found, "sha256"))

    return fields.inside(document, name, read)


def object_lines(sizes: Mapping[str, int]) -> bytes:
    """The lines for these objects, sorted by SHA-256."""
    return b"".join(
        json.dumps([sha256, size], separators=(",", ":")).encode() + b"\n"
        for sha256, size in sorted(sizes.items())
    )


def read_object_list(data: bytes) -> dict[str, int]:
    """Read the sizes in bytes by SHA-256 (hex). Raises DamagedError that names the line."""
    if len(data) > MOST_BYTES:
        raise DamagedError("", f"it has {len(data)} bytes, {MOST_BYTES} at most")
    return dict(_object(line, number) for number, line in enumerate(_lines(data), 1))


def legible_objects(data: bytes) -> Iterator[str]:
    """The SHA-256 (hex) in each valid line. Invalid lines are ignored."""
    for number, line in enumerate(data.splitlines(), 1):
        with suppress(DamagedError):
            yield _object(line, number)[0]


def _lines(data: bytes) -> Iterable[bytes]:
    lines = data.split(b"\n")
    if lines.pop():
        raise DamagedError(f"line {len(lines) + 1}:", "it has no end")
    return lines


def _object(line: bytes, number: int) -> tuple[str, int]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"line {number}:", "it is not JSON") from error
    match found:
        case [str() as sha256, int() as size] if (
            _SHA256.fullmatch(sha256) and type(size) is int and 0 <= size < fields.LIMIT
        ):
            return sha256, size
    raise DamagedError(f"line {number}:", "it is not a SHA-256 and a size")
