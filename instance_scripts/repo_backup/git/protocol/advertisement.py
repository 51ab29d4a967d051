"""A git server's ref advertisement, and the digest by which two of them are compared."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

BYTES_IN_MEMORY = 8
"""Per byte of an advertisement that is read and fetched: 7.7 (800,000 refs) to 8.6 (12,500)."""
_LINE_BYTES = 46
"""A ref's line without the name: length, object id, space, line feed."""
UNBORN_HEAD = "refs/heads/main"


@dataclass(frozen=True)
class Advertisement:
    """What a server advertises: ``refs`` and ``peeled`` (annotated tags), both by name.

    ``head`` is the ref that HEAD points to; ``detached`` its object id if it points to no ref.
    ``shallow`` are the commits whose parents the server lacks. ``head_known`` is False if ``head``
    is a guess: version 0 does not advertise a HEAD whose branch does not exist.
    """

    url: str
    refs: dict[str, str]
    peeled: dict[str, str]
    head: str | None
    detached: str | None
    object_format: str
    capabilities: frozenset[str]
    shallow: tuple[str, ...] = ()
    head_known: bool = True

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all that determines a mirror's refs. If it is equal, nothing changed."""
        return refs_digest(self.head or self.detached or "", self.refs, self.shallow)

    @property
    def memory_bytes(self) -> int:
        """Its approximate memory in bytes while its objects are fetched."""
        names = sum(map(len, self.refs)) + sum(map(len, self.peeled))
        lines = len(self.refs) + len(self.peeled)
        return (names + lines * _LINE_BYTES) * BYTES_IN_MEMORY

    @property
    def tips(self) -> list[str]:
        """The object ids that a complete mirror must contain, without duplicates."""
        heads = [self.detached] if self.detached else []
        return sorted({*self.refs.values(), *heads})

    def without(self, ids: Collection[str]) -> "Advertisement":
        """The advertisement without the refs that name one of these objects."""
        if not ids:
            return self
        refs = {name: oid for name, oid in self.refs.items() if oid not in ids}
        peeled = {name: oid for name, oid in self.peeled.items() if name in refs}
        if self.detached in ids:
            return replace(self, refs=refs, peeled=peeled, detached=None, head=UNBORN_HEAD)
        return replace(self, refs=refs, peeled=peeled)


def refs_digest(head: str, refs: Mapping[str, str], shallow: Collection[str] = ()) -> str:
    """SHA-256 (hex) over HEAD's target, all refs, and the ends of a shallow history."""
    lines = [head, *(f"{oid} {name}" for name, oid in sorted(refs.items()))]
    lines += [f"shallow {oid}" for oid in sorted(shallow)]
    return hashlib.sha256(encode("\n".join(lines))).hexdigest()


def mirror_digest(mirror: Path) -> str:
    """The ``refs_digest`` of a bare mirror that this program made."""
    cut = mirror / "shallow"
    return refs_digest(*mirror_refs(mirror), cut.read_text().split() if cut.exists() else ())


def mirror_refs(mirror: Path) -> tuple[str, dict[str, str]]:
    """HEAD's target and all refs of a bare mirror that this program made, with packed refs."""
    head = decode((mirror / "HEAD").read_bytes().rstrip(b"\n")).removeprefix("ref: ")
    return head, packed_refs((mirror / "packed-refs").read_bytes())


def packed_refs(data: bytes) -> dict[str, str]:
    """The refs in a file ``packed-refs``, by name."""
    refs = {}
    for line in data.splitlines():
        if line[:1] not in (b"#", b"^"):
            oid, _, name = decode(line).partition(" ")
            refs[name] = oid
    return refs


def peeled_refs(data: bytes) -> dict[str, str]:
    """The objects that the annotated tags in ``packed-refs`` name, by ref."""
    peeled, name = {}, ""
    for line in data.splitlines():
        if line.startswith(b"^"):
            peeled[name] = decode(line[1:])
        else:
            name = decode(line).partition(" ")[2]
    return peeled


def decode(data: bytes) -> str:
    """A ref's name as text. Bytes that are not UTF-8 survive in surrogates."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """A ref's name as git stores it: any bytes, usually UTF-8."""
    return text.encode("utf-8", "surrogateescape")
