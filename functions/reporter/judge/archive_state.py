"""Archives as the manifest has them, compared with a listing of the bucket. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Chain, ChainDocument, Link
from backup_contract.documents.manifest import Archive, Item, Manifest

Recorded = Archive | Link
"""What a document says of one object: key, size, and and what the store calls it."""

_NO_VERSION = ("", "null")
"""Of a bucket without versions, or with suspended ones: such an object is replaced in place."""


class Listed(NamedTuple):
    """A current version, as a listing has it; ``version_id`` is empty where it is not known.

    ``modified`` is S3's own text, ISO 8601 in UTC: of two the larger one is the later.
    """

    key: str
    version_id: str
    modified: str
    etag: str
    bytes: int


class Accepted(NamedTuple):
    """What the last accepted run named under a base archive's key.

    Accepted is a run that ended ``verified`` or ``partial``: every object that it named was there,
    with the checksum that it named. ``chain_id`` is the base's, even where ``links`` is 0.
    ``copied``: they lie here under other version ids, and their SHA-256 was as recorded.
    """

    version_id: str | None
    chain_id: str
    links: int
    digest: str
    copied: bool = False


@dataclass(frozen=True, slots=True)
class Superseded:
    """Overlays whose chain is not that of their present base; ``newest`` of them was put then.

    ``base_modified`` is when the present base was put.
    """

    base: str
    chain_id: str
    newest: str
    base_modified: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of comparing all archives with the bucket, a line each.

    ``problems`` concern what a run wrote that was not accepted yet, and bases; ``chain_problems``
    overlays that were accepted before, and the documents that list them. ``notices`` change no
    verdict. ``chains`` is how many there are, ``superseded`` which of them nobody needs any more,
    ``damaged_chains`` the keys of the lists of those that something is wrong with, or with their
    base, or with a binary that the archive refers to; ``copied_chains`` those of which something
    was found to be a copy. ``object_problems`` concern such binaries.
    """

    problems: tuple[str, ...] = ()
    chain_problems: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    chains: int = 0
    superseded: tuple[Superseded, ...] = ()
    damaged_chains: tuple[str, ...] = ()
    copied_chains: tuple[str, ...] = ()
    object_problems: tuple[str, ...] = ()

    def with_objects(self, other: "Checked") -> "Checked":
        """The same with what came of the binaries."""
        return replace(
            self,
            object_problems=other.object_problems,
            notices=(*self.notices, *other.notices),
            damaged_chains=tuple(dict.fromkeys((*self.damaged_chains, *other.damaged_chains))),
        )


@dataclass(frozen=True, slots=True)
class Vouched:
    """How many of a chain's links were accepted before, and what speaks against its document."""

    accepted: int
    objections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Objection:
    """What is wrong with one object; ``refused`` is whether S3 only did not let us look at it.

    ``replaced_by`` is the version that is there where another was recorded.
    """

    line: str
    refused: bool = False
    replaced_by: str = ""


def accepted_of(manifest: Manifest) -> dict[str, Accepted]:
    """What a run named, by the key of the base archive: as little as the next check needs."""
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
    """Whether the listing alone proves that an object is what was accepted before.

    A version never changes, so that its id is proof. ``by_etag`` takes the ETag where there are no
    versions; else it needs a question of its own. So does an object that was ``copied``: there is
    no such version, and nobody makes other bytes of the same ETag.
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
    """Whether an accepted run named this very version."""
    known = accepted.get(archive.key)
    return known is not None and bool(archive.version_id) and known[0] == archive.version_id


def vouch(chain: Chain, document: ChainDocument, known: Accepted | None) -> Vouched:
    """Compare a chain's document, its first lines, with the manifest and the last accepted run."""
    count = len(document.links)
    objections = []
    if count < chain.links:
        objections.append(f"{document.key} lists {count} of {chain.links} overlays")
    elif document.digest != chain.digest:
        objections.append(f"{document.key} is not what the manifest vouches for")
    if known is None or known.chain_id != chain.id or not known.links:
        return Vouched(0, tuple(objections))
    if count >= known.links and document.first(known.links).digest != known.digest:
        earlier = f"the {known.links} overlays that an earlier run was checked with"
        return Vouched(0, (*objections, f"{document.key} does not list {earlier}"))
    return Vouched(min(known.links, count), tuple(objections))


def dropped(item: Item, accepted: Mapping[str, Accepted]) -> str | None:
    """What is wrong if fewer overlays of the same base are named than an accepted run named."""
    if item.archive is None:
        return None
    known, chain = accepted.get(item.archive.key), item.result.chain
    if known is None or known.chain_id != layout.chain_id(item.archive.sha256):
        return None
    named = chain.links if chain else 0
    if named >= known.links:
        return None
    return f"{item.archive.key} had {known.links} overlays in an earlier run, and has {named} now"


def unnamed(item: Item, overlays: Iterable[Listed]) -> str | None:
    """The notice about overlays of the present chain that no manifest names."""
    keys = [each.key for each in overlays]
    if not keys:
        return None
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    verb = "are overlays" if more else "is an overlay"
    return f"{item.name}: {keys[0]}{more} {verb} that no run names; a killed run leaves such"


def in_one_line(objections: list[str]) -> str:
    """The first of what is wrong with a chain, and how much more there is."""
    more = len(objections) - 1
    return objections[0] + (f" (and {more} more of this chain)" if more else "")
