"""Overlays of project data that no manifest proves: a killed run stored them, or somebody else did.

Nothing in the bucket shows which, so their documents are not used. The run continues from the last
manifest, reads the host, and compares the result with these overlays. If they contain no document
that the run does not have, the chain can grow: the next overlay contains everything that differs.
Otherwise everything goes into a new base.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from backup_contract import object_keys as layout
from backup_contract.documents.chain import Link
from backup_contract.documents.data_index import DELETED, INDEX
from backup_contract.documents.manifest import ItemResult
from backup_contract.text import one_line
from repo_backup.archive.document_zip import Packed, file_blocks, write_zip
from repo_backup.kinds.base import Resources
from repo_backup.kinds.data.data_archive import (
    INCONCLUSIVE,
    LoadedChain,
    download,
    load_overlay,
    read_entries,
)
from repo_backup.kinds.data.documents import WorkingCopy, read_marks
from repo_backup.runtime.errors import RepositoryError
from repo_backup.store.base import Stored
from repo_backup.store.chain_store import StoredChain

Admit = Callable[[str], bool]
"""Whether an overlay may hold the document with this path."""


@dataclass
class _Contents:
    """The combined content of some overlays: the newest SHA-256 of each document, and the last
    dates of deletion (``marks``)."""

    digests: dict[str, bytes] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class UnprovenOverlays:
    """The unproven overlays of one chain in one run. ``room`` is for temporary files."""

    copy: WorkingCopy
    resources: Resources
    room: Path

    def load_named(self, loaded: LoadedChain, result: ItemResult) -> LoadedChain:
        """Load the overlays that the manifest counts, although their list is lost.

        The manifest has a digest of all documents after the last of them, which proves them
        together. If it differs, none of them is used, and the chain has a fault. Raises the errors
        in ``INCONCLUSIVE``.
        """
        chain = loaded.stored
        named = chain.unlisted[: chain.named]
        if chain.document.links or not named or len(named) < chain.named:
            return loaded
        try:
            links = self._read_as_named(loaded, named, result)
            index = loaded.index
            for link in links:
                index = load_overlay(self.resources, link, self.copy, self.room)
        except INCONCLUSIVE:
            raise
        except RepositoryError as error:
            fault = chain.fault or f"the overlays of {chain.archive.key} are not proven: {error}"
            return replace(loaded, stored=chain.first(0, fault))
        return replace(loaded, index=index, proven=chain.named, unlisted=tuple(links))

    def _read_as_named(
        self, loaded: LoadedChain, named: Sequence[Stored], result: ItemResult
    ) -> list[Link]:
        """The list entries of these overlays. Raises RepositoryError if their combined content does
        not have the digest in the manifest."""
        contents, admit = _Contents(), self._at_most(result.refs)
        links = [
            self._read(loaded.stored, number, stored, loaded.top, contents, admit)
            for number, stored in enumerate(named, 1)
        ]
        if self.copy.digest_with(contents.digests, contents.marks) != result.refs_digest:
            raise RepositoryError("their content does not match the manifest")
        return links

    def compare(self, loaded: LoadedChain) -> tuple[StoredChain, tuple[str, ...]]:
        """The chain with a list entry for each overlay that may stay, and warnings.

        It has a fault if one may not stay. The working copy's next overlay will omit documents that
        these overlays have too. Raises the errors in ``INCONCLUSIVE``.
        """
        chain, listed = loaded.stored, loaded.proven - len(loaded.unlisted)
        if chain.needs_base:
            return chain.first(listed, chain.fault), ()
        contents, links = _Contents(), [*loaded.unlisted]
        for number, stored in self._unproven(loaded):
            try:
                links.append(self._read(chain, number, stored, loaded.top, contents, self.copy.has))
            except INCONCLUSIVE:
                raise
            except RepositoryError as error:
                key = layout.overlay(chain.archive.key, chain.document.id, number)
                return chain.first(listed, f"no run recorded {key}, and {error}"), ()
        document = chain.document.first(listed)
        for link in links:
            document = document.with_link(link)
        if len(document.links) == loaded.proven:
            return replace(chain, document=document, unlisted=()), ()
        differing = self.copy.follow(contents.digests, contents.marks)
        warning = (
            f"{links[-1].key}, which no run recorded, differs from GitHub in {differing} "
            "documents: the next overlay has GitHub's"
        )
        return replace(chain, document=document, unlisted=()), (warning,) if differing else ()

    def _unproven(self, loaded: LoadedChain) -> Iterator[tuple[int, Stored]]:
        """The overlays after the proven ones that are in the store now, whatever a list says."""
        chain = loaded.stored
        if chain.links <= loaded.proven:
            return
        prefix = layout.overlays_of(chain.archive.key).removesuffix("*")
        there = self.resources.store.objects(prefix)
        for number in range(loaded.proven + 1, chain.links + 1):
            key = layout.overlay(chain.archive.key, chain.document.id, number)
            if key in there:
                yield number, there[key]

    @staticmethod
    def _at_most(count: int) -> Admit:
        """Admits no more documents than the manifest counts."""
        seen: set[str] = set()

        def admit(path: str) -> bool:
            seen.add(path)
            return len(seen) <= count

        return admit

    def _read(
        self,
        chain: StoredChain,
        number: int,
        stored: Stored,
        top: str,
        contents: _Contents,
        admit: Admit,
    ) -> Link:
        """Add an overlay's content to ``contents``. Returns its list entry.

        Raises RepositoryError if the zip is not byte for byte what this program would write for its
        documents: ``unzip`` might find other documents in it.
        """
        key = layout.overlay(chain.archive.key, chain.document.id, number)
        resources = self.resources
        with tempfile.TemporaryFile(dir=self.room) as file:
            sha256 = download(resources.store, key, stored.version_id, None, file)
            again = self.room / "again.zip"
            entries = self._entries(file, top, contents, admit)
            made = write_zip(again, entries, resources.store.part_bytes).sha256
            again.unlink()
        if made != sha256:
            raise RepositoryError("it is not packed the way this program does it")
        return Link(
            *(key, stored.bytes, sha256, resources.run_id, None, 0),
            version_id=stored.version_id,
            etag=stored.etag,
        )

    def _entries(
        self, file: IO[bytes], top: str, contents: _Contents, admit: Admit
    ) -> Iterator[tuple[str, Packed]]:
        lists = set()
        for _, path, packed in read_entries(file_blocks(file), None, top, self.resources.stop):
            text = packed.text()
            if path in (INDEX, DELETED):
                lists.add(path)
                contents.marks = read_marks(text) if path == DELETED else contents.marks
            elif admit(path):
                contents.digests[path] = hashlib.sha256(text).digest()
            else:
                raise RepositoryError(f"it has {one_line(path)}, which this run did not find")
            yield f"{top}/{path}", Packed.of(text)
        if lists != {INDEX, DELETED}:
            raise RepositoryError("it is not a complete overlay of project data")
