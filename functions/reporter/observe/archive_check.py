"""Checks that every archive and overlay is in the bucket as it was recorded.

A listing of versions confirms what an accepted run recorded. Everything else, and what the listing
does not confirm, costs a HeadObject.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from time import monotonic

from botocore.exceptions import ClientError

from backup_contract import object_keys as layout
from backup_contract.documents.chain import MOST_BYTES, Chain, ChainDocument
from backup_contract.documents.fields import DamagedError
from backup_contract.documents.manifest import Item
from reporter.judge.archive_state import (
    Accepted,
    Checked,
    Listed,
    Objection,
    Recorded,
    check_document,
    confirms,
    shortened,
    unnamed_overlays,
    was_accepted,
)
from reporter.judge.key_ranges import KeyRange, key_ranges
from reporter.observe.bucket import CONCURRENT_CHECKS, Bucket
from reporter.observe.check_parts import MOST_SUPERSEDED, Part, combine
from reporter.observe.copied_objects import CopiedObjects
from reporter.observe.version_listing import VersionListing, version_listing
from shared.errors import UnreadableError

CHECK_TIME = timedelta(minutes=10)
"""The time for this check: the mail must be sent within the function's 15 minutes.
`make bench-functions` measures how long a hundred thousand archives take."""

_LINE_BYTES = 2048
"""How much of a chain's document is read per link; more than any line has."""

_LARGE_BYTES = 256 * 2**10
_LARGE = Lock()
"""A document that takes more than this is read alone: sixteen of the largest would need the memory
that the manifests have."""

Rows = Mapping[int, Listed]
"""The listed overlays of one chain, by number."""


def check(
    bucket: Bucket, entries: Iterable[Item], accepted: Mapping[str, Accepted] | None = None
) -> Checked:
    """Check the archives of these entries, and the overlays over them.

    ``accepted`` is what the last accepted run recorded, by base key. If time runs out, one line
    says how many archives were not checked.
    """
    items = [entry for entry in entries if entry.archive]
    known, until = accepted or {}, monotonic() + CHECK_TIME.total_seconds()
    with (
        version_listing(bucket.client, bucket.name) as listing,
        ThreadPoolExecutor(CONCURRENT_CHECKS) as pool,
    ):
        work = _Check(bucket, listing, known, _by_base(items), until)
        parts = [*pool.map(work.walk, key_ranges(items, known, CONCURRENT_CHECKS))]
        seen = set().union(*(part.bases for part in parts))
        rest = [item for item in items if item.archive and item.archive.key not in seen]
        parts += pool.map(work.ask, rest)
    return combine(items, known, parts)


@dataclass(frozen=True, slots=True)
class _Check:
    """The check of one run, shared by all threads. It ends at ``until`` (monotonic)."""

    bucket: Bucket
    listing: VersionListing
    accepted: Mapping[str, Accepted]
    items: Mapping[str, Sequence[Item]]
    until: float

    def walk(self, keys: KeyRange) -> Part:
        """Check all objects in this range, and look for missing chains."""
        part, met = Part(), set[str]()
        for base, chain, rows in self._groups(keys, part):
            part.chains += 1
            met.add(f"{base} {chain}")
            self._group(base, chain, rows, part)
        for item in keys.items:
            archive = item.archive
            if archive and item.result.chain:
                identity = f"{archive.key} {item.result.chain.id}"
                if identity not in met:
                    self._chain(item, item.result.chain, {}, part)
        return part

    def ask(self, item: Item) -> Part:
        """Check a base that the listing does not show."""
        part = Part()
        self._base(item, None, part)
        return part

    def _groups(self, keys: KeyRange, part: Part) -> Iterator[tuple[str, str, Rows]]:
        """The overlays of each chain over a known base. Bases are checked on the way."""
        current, rows = ("", ""), dict[int, Listed]()
        for row in self._listed(keys, part):
            overlay = layout.overlay_key(row.key)
            if overlay is None:
                for item in self.items.get(row.key, ()):
                    part.bases[row.key] = row.modified
                    self._base(item, row, part)
                continue
            if (overlay.base, overlay.chain) != current:
                if rows:
                    yield *current, rows
                current, rows = (overlay.base, overlay.chain), {}
            if overlay.base in self.items:
                rows[overlay.number] = row
        if rows:
            yield *current, rows

    def _listed(self, keys: KeyRange, part: Part) -> Iterator[Listed]:
        """List the range. If that is denied, add a notice and list it without versions."""
        listing = self.listing
        for listed, what in ((listing.current, "the versions"), (listing.objects, "what lies")):
            try:
                yield from listed(keys, self.until)
            except ClientError as error:
                if (refusal := self.bucket.refused(error)) is None:
                    raise
                where = f"s3://{self.bucket.name}/{keys.prefix}"
                part.notices.append(f"{what} below {where} could not be listed ({refusal})")
            else:
                return
        part.unlisted = True

    def _group(self, base: str, chain: str, rows: Rows, part: Part) -> None:
        for item in self.items[base]:
            archive, named = item.archive, item.result.chain
            if archive is None or layout.chain_id(archive.sha256) != chain:
                known = self.accepted.get(base)
                in_use = known is not None and known.links and known.chain_id == chain
                # Archives that GitHub no longer lists are never touched.
                if item.state != "kept" and not in_use and len(part.others) < MOST_SUPERSEDED:
                    part.others.append((base, chain, max(row.modified for row in rows.values())))
                continue
            links = named.links if named else 0
            if notice := unnamed_overlays(item, (rows[n] for n in sorted(rows) if n > links)):
                part.notices.append(notice)
            if named:
                self._chain(item, named, rows, part)

    def _base(self, item: Item, row: Listed | None, part: Part) -> None:
        archive = item.archive
        if archive is None:
            return
        accepted = item.state != "kept" and was_accepted(archive, self.accepted)
        listed = layout.chain_document(archive.key, layout.chain_id(archive.sha256))
        copied = accepted and self.accepted[archive.key].copied
        if accepted and confirms(row, archive, copied=copied):
            part.copied += [listed] if copied else []
        elif monotonic() >= self.until:
            part.late.add(id(item))
        elif objection := self._objection(item, archive, listed, part):
            part.problems.append(f"{item.name}: {objection.line}")
            if not objection.refused:
                part.damaged.append(listed)

    def _objection(
        self, item: Item, recorded: Recorded, listed: str, part: Part
    ) -> Objection | None:
        """What is wrong with an object that the listing does not confirm. A copy is as good."""
        found = self.bucket.objection(recorded, kept=item.state == "kept")
        if found is None or not found.replaced_by:
            return found
        copies = CopiedObjects(self.listing, self.until)
        match copies.is_copy(recorded, found.replaced_by):
            case None:
                part.late.add(id(item))
            case False:
                return found
            case True:
                part.copied.append(listed)
                part.copies += 1
        return None

    def _chain(self, item: Item, chain: Chain, rows: Rows, part: Part) -> None:
        """Compare each overlay with its line in the chain's document, and the document with the
        manifest and the last accepted run."""
        if item.archive is None or monotonic() >= self.until:
            part.late.add(id(item))
            return
        base, known = item.archive.key, self.accepted.get(item.archive.key)
        before = known.links if known and known.chain_id == chain.id else 0
        copied = known is not None and known.chain_id == chain.id and known.copied
        vouched, old = 0, list[Objection]()
        try:
            document = self._document(base, chain)
        except (DamagedError, UnreadableError) as error:
            old.append(Objection(str(error).rstrip("."), isinstance(error, UnreadableError)))
            document = ChainDocument(base, chain.id)
        else:
            found = check_document(chain, document, known)
            vouched, old = found.accepted, [*map(Objection, found.objections)]
        new: list[Objection] = []
        for number in range(1, chain.links + 1):
            if monotonic() >= self.until:
                part.late.add(id(item))
                return
            row, trusted = rows.get(number), number <= vouched
            if number > len(document.links):
                objection = None if part.unlisted else _unlisted(base, chain, number, row)
            elif trusted and confirms(row, document.links[number - 1], by_etag=True, copied=copied):
                objection = None
            else:
                link = document.links[number - 1]
                objection = self._objection(item, link, document.key, part)
            if objection:
                (old if number <= before else new).append(objection)
        part.copied += [document.key] if copied else []
        if old:
            part.chain_problems.append(f"{item.name}: {shortened([each.line for each in old])}")
        if new:
            part.problems.append(f"{item.name}: {shortened([each.line for each in new])}")
        if any(not each.refused for each in (*old, *new)):
            part.damaged.append(document.key)

    def _document(self, base: str, chain: Chain) -> ChainDocument:
        """The lines of a chain's document up to this run's last. Raises DamagedError."""
        key = layout.chain_document(base, chain.id)
        most = min(chain.links * _LINE_BYTES, MOST_BYTES)
        with _LARGE if most > _LARGE_BYTES else nullcontext():
            data = self.bucket.read(key, most, f"bytes=0-{most - 1}")
            if data is None:
                raise DamagedError("", "it is not in the bucket, or empty", key)
            return ChainDocument.from_bytes(data, base, chain.id, chain.links)


def _by_base(items: Iterable[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        if item.archive:
            found.setdefault(item.archive.key, []).append(item)
    return found


def _unlisted(base: str, chain: Chain, number: int, row: Listed | None) -> Objection | None:
    """What is wrong with an overlay that has no line in the document, by its key alone."""
    if row is None:
        return Objection(f"{layout.overlay(base, chain.id, number)} is not in the bucket")
    if number == chain.links and row.bytes != chain.last_bytes:
        return Objection(f"{row.key} has {row.bytes} bytes, not {chain.last_bytes}")
    return None
