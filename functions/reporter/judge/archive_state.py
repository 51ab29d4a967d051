"""Compares the archives in the manifest with a listing of the bucket. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain, ChainDocument, Link
from backup_contract.documents.manifest import Archive, Item, Manifest
from backup_contract.judgement.object_problems import NO_OBJECT_PROBLEMS, ObjectProblems

Recorded = Archive | Link
"""A document's record of one object: key, size, version id and ETag."""

_NO_VERSION = ("", "null")
"""The version id in a bucket without versioning, or with suspended versioning."""


class Listed(NamedTuple):
    """A current version in a listing. ``version_id`` is empty if it is not known.

    ``modified`` is S3's own text, ISO 8601 in UTC, so that the larger of two is the later.
    """

    key: str
    version_id: str
    modified: str
    etag: str
    bytes: int


class Accepted(NamedTuple):
    """What the last accepted run recorded at a base archive's key.

    A run is accepted if it ended ``verified`` or ``partial``: then every object existed with the
    recorded checksum. ``chain_id`` is the base's, even if ``links`` is 0. ``copied``: the objects
    have other version ids here, and their SHA-256 was as recorded.
    """

    version_id: str | None
    chain_id: str
    links: int
    digest: str
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Superseded:
    """Overlays over an earlier base of the same key. The latest was stored at ``newest``.

    ``base_modified`` is when the current base was stored.
    """

    base: str
    chain_id: str
    newest: str
    base_modified: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of comparing all archives with the bucket; a line for each finding.

    ``problems`` are about bases, and about objects of this run that were never accepted.
    ``chain_problems`` are about overlays that were accepted before, and their documents.
    ``notices`` do not change the verdict. ``chains`` is the number of chains, ``superseded`` those
    that are no longer needed. ``damaged_chains`` are the keys of the documents of damaged chains
    or bases; if binaries of project data are wrong, the key of their list. ``copied_chains`` are
    those of chains with a copied object. ``object_problems`` are about binaries and their lists.
    """

    problems: tuple[str, ...] = ()
    chain_problems: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    chains: int = 0
    superseded: tuple[Superseded, ...] = ()
    damaged_chains: tuple[str, ...] = ()
    copied_chains: tuple[str, ...] = ()
    object_problems: ObjectProblems = NO_OBJECT_PROBLEMS

    def with_objects(self, other: "Checked") -> "Checked":
        """The result including that of the check of the binaries."""
        return replace(
            self,
            object_problems=other.object_problems,
            notices=(*self.notices, *other.notices),
            damaged_chains=tuple(dict.fromkeys((*self.damaged_chains, *other.damaged_chains))),
        )


@dataclass(frozen=True, slots=True)
class DocumentCheck:
    """How many of a chain's links were accepted before, and what is wrong with its document."""

    accepted: int
    objections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Objection:
    """What is wrong with one object. ``refused``: S3 only denied access to it.

    ``replaced_by`` is the current version if another was recorded.
    """

    line: str
    refused: bool = False
    replaced_by: str = ""


def accepted_of(manifest: Manifest) -> dict[str, Accepted]:
    """What a run recorded, by base key: no more than the next check needs."""
    found, copied = {}, set(manifest.copied_chains)
    for item in manifest.archived:
        if item.archive:
            chain = item.result.chain
            links, digest = (chain.links, chain.digest) if chain else (0, "")
            identity = layout.chain_id(item.archive.sha256)
            found[item.archive.key] = Accepted(
                item.archive.version_id,
                identity,
                links,
                digest,
                layout.chain_document(item.archive.key, identity) in copied,
            )
    return found


def confirms(
    listed: Listed | None, recorded: Recorded, *, by_etag: bool = False, copied: bool = False
) -> bool:
    """Whether the listing alone proves that an object is the accepted one.

    A version never changes, so its id is proof. With ``by_etag`` an equal ETag is proof if there
    are no versions; otherwise the object needs a request of its own. For a ``copied`` object, which
    has another version id, the ETag is proof: nobody can make other bytes with the same ETag.
    """
    if listed is None or listed.bytes != recorded.bytes:
        return False
    if recorded.etag and listed.etag != recorded.etag:
        return False
    if copied and recorded.etag:
        return True
    if recorded.version_id and not {recorded.version_id, listed.version_id} & {*_NO_VERSION}:
        return listed.version_id == recorded.version_id
    return by_etag and bool(recorded.etag)


def was_accepted(archive: Archive, accepted: Mapping[str, Accepted]) -> bool:
    """Whether an accepted run recorded this very version."""
    known = accepted.get(archive.key)
    return known is not None and bool(archive.version_id) and known[0] == archive.version_id


def check_document(chain: Chain, document: ChainDocument, known: Accepted | None) -> DocumentCheck:
    """Compare the first lines of a chain's document with the manifest and the last accepted run."""
    count = len(document.links)
    objections = []
    if count < chain.links:
        objections.append(f"{document.key} lists {count} of {chain.links} overlays")
    elif document.digest != chain.digest:
        objections.append(f"{document.key} is not what the manifest records")
    if known is None or known.chain_id != chain.id or not known.links:
        return DocumentCheck(0, tuple(objections))
    if count >= known.links and document.first(known.links).digest != known.digest:
        earlier = f"the {known.links} overlays that an earlier run was checked with"
        return DocumentCheck(0, (*objections, f"{document.key} does not list {earlier}"))
    return DocumentCheck(min(known.links, count), tuple(objections))


def lost_overlays(item: Item, accepted: Mapping[str, Accepted]) -> str | None:
    """The problem if a run names fewer overlays of the same base than an accepted run did."""
    if item.archive is None:
        return None
    known, chain = accepted.get(item.archive.key), item.result.chain
    if known is None or known.chain_id != layout.chain_id(item.archive.sha256):
        return None
    named = chain.links if chain else 0
    if named >= known.links:
        return None
    return f"{item.archive.key} had {known.links} overlays in an earlier run, and has {named} now"


def unnamed_overlays(item: Item, overlays: Iterable[Listed]) -> str | None:
    """A notice about overlays of the current chain that no manifest names."""
    keys = [each.key for each in overlays]
    if not keys:
        return None
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    verb = "are overlays" if more else "is an overlay"
    return f"{item.name}: {keys[0]}{more} {verb} that no run names; a killed run leaves such"


def shortened(objections: list[str]) -> str:
    """The first objection to a chain, and the number of further ones."""
    more = len(objections) - 1
    return objections[0] + (f" (and {more} more of this chain)" if more else "")
