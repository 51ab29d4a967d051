"""The result of one item, such as a repository's git or its wiki, and its archive. Pure.

Fields of a later version are ignored. Its states count as failures, because their meaning is not
known.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from backup_contract import object_keys as layout
from backup_contract.documents import fields
from backup_contract.documents.chain import Chain
from backup_contract.documents.fields import DamagedError, Fields
from backup_contract.documents.object_list import ObjectListRef, read_object_list_ref
from backup_contract.documents.parts.data_state import DataState, read_data_state
from backup_contract.documents.parts.rewrites import Rewrites, read_rewrites

State = Literal["backed-up", "unchanged", "empty", "skipped", "failed", "absent", "kept"]
COUNTED: tuple[State, ...] = ("backed-up", "unchanged", "empty", "skipped", "failed")
STATES: Mapping[str, State] = {state: state for state in COUNTED}
STATES_BESIDE: Mapping[str, State] = {**STATES, "absent": "absent"}
"""The states of kinds that a repository need not have, such as a wiki."""
_ARCHIVE_FIELDS = [
    "key",
    "bytes",
    "sha256",
    "checksum",
    "version_id",
    "etag",
    "run_id",
    "drilled_at",
]


@dataclass(frozen=True, slots=True)
class Archive:
    """One zip at the destination.

    ``checksum`` is the store's, ``run_id`` the run that uploaded it. ``drilled_at`` is when a
    restore drill last read it back; None if never. ``remarks`` are about what was found or not
    checked when the archive was made. Later manifests that name the archive repeat them.
    """

    key: str
    bytes: int
    sha256: str
    run_id: str
    checksum: dict[str, str] | None = None
    version_id: str | None = None
    etag: str | None = None
    drilled_at: str | None = None
    remarks: tuple[str, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object in the manifest. The first version accepts no other fields here."""
        described = {name: getattr(self, name) for name in _ARCHIVE_FIELDS}
        return described | ({"remarks": list(self.remarks)} if self.remarks else {})


@dataclass(frozen=True, slots=True)
class Unserved:
    """Refs that upstream lists but cannot serve, so that the archive lacks them.

    ``upstream_digest`` is the digest of all refs that upstream listed, including these: while it
    stays the same, there is nothing new to fetch. ``reason`` names branches and tags, without which
    the backup is incomplete; ``warning`` names all others.
    """

    upstream_digest: str
    reason: str | None = None
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Referred:
    """The number and bytes of the binaries that an archive refers to, and of the saved ones."""

    count: int
    bytes: int
    saved: int
    saved_bytes: int

    @classmethod
    def of(cls, sizes: Mapping[str, int], saved: Collection[str]) -> "Referred":
        """Count from the sizes by SHA-256, and the SHA-256 of the saved ones."""
        kept = [size for sha256, size in sizes.items() if sha256 in saved]
        return cls(len(sizes), sum(sizes.values()), len(kept), sum(kept))


@dataclass(frozen=True, slots=True)
class LastListing:
    """The item's date ``updated_at`` in the host's list when its refs were last requested.

    Both are ISO 8601. ``asked_at``, the time of that request, is by this program's clock.
    """

    updated_at: str
    asked_at: str


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The result of one item of a repository.

    ``refs_digest``, ``refs``, ``lfs`` and ``unserved`` describe the content of the archive with all
    overlays of its ``chain``, even if upstream has changed since. ``rewrites`` is the history that
    upstream replaced or removed since the previous archive; None if there is none. ``data`` is the
    state of project data. ``objects`` counts the binaries that the archive refers to; None if its
    kind has none. ``object_list`` refers to the list of the saved binaries; None if there are none,
    if the archive is itself such a list, and in manifests of earlier versions. ``listing`` is for
    gists: while their list shows the same date, their refs are not requested.
    """

    state: State
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    refs_digest: str | None = None
    refs: int = 0
    lfs: bool = False
    seconds: float = 0.0
    archive: Archive | None = None
    unserved: Unserved | None = None
    chain: Chain | None = None
    rewrites: Rewrites | None = None
    data: DataState | None = None
    objects: Referred | None = None
    object_list: ObjectListRef | None = None
    listing: LastListing | None = None

    def keeping(self, earlier: "ItemResult | None") -> "ItemResult":
        """A copy with the earlier archive and the fields that describe its content."""
        if earlier is None or earlier.archive is None:
            return self
        return replace(
            self,
            refs_digest=earlier.refs_digest,
            refs=earlier.refs,
            lfs=earlier.lfs,
            archive=earlier.archive,
            unserved=earlier.unserved,
            chain=earlier.chain,
            data=self.data or earlier.data,
            objects=earlier.objects,
            object_list=earlier.object_list,
        )

    @property
    def bytes_stored(self) -> int:
        """The bytes of its archive and overlays."""
        return (self.archive.bytes if self.archive else 0) + (self.chain.bytes if self.chain else 0)

    @property
    def bytes_with_objects(self) -> int:
        """The bytes of its archive, overlays and saved large files."""
        return self.bytes_stored + (self.objects.saved_bytes if self.objects else 0)

    @property
    def stored_by(self) -> str | None:
        """The run that stored its archive or newest overlay; None if there is no archive."""
        if self.chain:
            return self.chain.run_id
        return self.archive.run_id if self.archive else None

    def bytes_put_by(self, run_id: str) -> int:
        """The bytes of its archive and overlays that a run stored.

        Of several overlays over an archive of another run, only the last is known.
        """
        chain = self.chain
        if self.archive and self.archive.run_id == run_id:
            return self.archive.bytes + (chain.bytes if chain else 0)
        return chain.last_bytes if chain and chain.run_id == run_id else 0

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON object. A program that does not know chains reads the fields of the base."""
        chain = self.chain
        return {
            "state": self.state,
            "reason": self.reason,
            "warnings": list(self.warnings),
            "lfs": self.lfs,
            "refs_digest": chain.base_refs_digest if chain else self.refs_digest,
            "refs": chain.base_refs if chain else self.refs,
            "seconds": round(self.seconds, 3),
            "archive": self.archive.document if self.archive else None,
            **({"chain": chain.document(self.refs_digest, self.refs)} if chain else {}),
            **({"unserved": asdict(self.unserved)} if self.unserved else {}),
            **({"rewrites": self.rewrites.document} if self.rewrites else {}),
            **(self.data.document if self.data else {}),
            **({"objects": asdict(self.objects)} if self.objects else {}),
            **({"object_list": self.object_list.document} if self.object_list else {}),
            **({"listing": asdict(self.listing)} if self.listing else {}),
        }


def short_document(result: ItemResult) -> dict[str, Any]:
    """A result's JSON object without empty fields that only the first version requires."""
    document = result.document
    for name in ("warnings", "lfs"):
        if not document[name]:
            del document[name]
    return document


def read_archive(document: Fields, name: str) -> Archive | None:
    """Read the archive in a field; None for null. Raises DamagedError."""
    return fields.inside(document, name, _archive) if document.get(name, 0) is not None else None


def read_result(document: Fields, states: Mapping[str, State] = STATES) -> ItemResult:
    """Read a result from an entry's fields. Raises DamagedError."""
    reason = fields.text_or_null(document, "reason")
    word = fields.word(document, "state")
    state = states.get(word)
    if state is None:
        # A state of a later version: its meaning is not known, so it does not count as good.
        state, reason = "failed", "; ".join(filter(None, (f"its state {word} is unknown", reason)))
    result = ItemResult(
        state,
        reason,
        tuple(fields.texts(document, "warnings")) if "warnings" in document else (),
        fields.text_or_null(document, "refs_digest"),
        fields.count(document, "refs"),
        "lfs" in document and fields.flag(document, "lfs"),
        fields.number(document, "seconds"),
        read_archive(document, "archive"),
        fields.optional(_unserved_in, document, "unserved"),
        rewrites=fields.optional(read_rewrites, document, "rewrites"),
        data=read_data_state(document),
        objects=fields.optional(read_referred, document, "objects"),
        object_list=fields.optional(read_object_list_ref, document, "object_list"),
        listing=fields.optional(_listing, document, "listing"),
    )
    return with_chain(result, document) if document.get("chain") is not None else result


def with_chain(result: ItemResult, document: Fields) -> ItemResult:
    """The result with the chain in the same JSON object, and with its refs.

    Raises DamagedError.
    """

    def chained(found: Fields) -> ItemResult:
        chain = Chain.read(found, document)
        if result.archive is None or chain.id != layout.chain_id(result.archive.sha256):
            raise DamagedError("id", "is not the beginning of the archive's SHA-256")
        digest, refs = fields.text_or_null(found, "refs_digest"), fields.count(found, "refs")
        return replace(result, chain=chain, refs_digest=digest, refs=refs)

    return fields.inside(document, "chain", chained)


def read_referred(document: Fields, name: str) -> Referred:
    """Read the counts of binaries in a field. Raises DamagedError."""
    return fields.inside(
        document,
        name,
        lambda found: Referred(
            *(fields.count(found, each) for each in ("count", "bytes", "saved", "saved_bytes"))
        ),
    )


def _listing(document: Fields, name: str) -> LastListing:
    return fields.inside(
        document,
        name,
        lambda found: LastListing(fields.text(found, "updated_at"), _date(found, "asked_at")),
    )


def _unserved_in(document: Fields, name: str) -> Unserved:
    return fields.inside(document, name, _unserved)


def _unserved(document: Fields) -> Unserved:
    return Unserved(
        fields.text(document, "upstream_digest"),
        fields.text_or_none(document, "reason"),
        fields.text_or_none(document, "warning"),
    )


def _archive(document: Fields) -> Archive:
    return Archive(
        fields.key(document, "key", layout.ARCHIVES),
        fields.count(document, "bytes"),
        fields.sha256(document, "sha256"),
        fields.run_id(document, "run_id"),
        fields.optional(fields.checksum, document, "checksum"),
        fields.text_or_none(document, "version_id"),
        fields.text_or_none(document, "etag"),
        fields.optional(_date, document, "drilled_at"),
        tuple(fields.texts(document, "remarks")) if "remarks" in document else (),
    )


def _date(document: Fields, name: str) -> str:
    """The original text of a date, after validation."""
    fields.moment(document, name)
    written: str = document[name]
    return written
