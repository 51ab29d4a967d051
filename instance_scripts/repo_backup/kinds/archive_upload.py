"""Uploads what was fetched: a whole archive, or an overlay on a stored one."""

from dataclasses import dataclass, replace

from backup_contract.documents.chain import chain_of
from backup_contract.documents.manifest import Archive, ItemResult
from repo_backup.kinds.base import Fetched, HashedBlob, Resources
from repo_backup.kinds.item_results import result_of
from repo_backup.runtime.errors import RepositoryError, TransientError
from repo_backup.store.base import Stored
from repo_backup.store.chain_store import Overlay, StoredChain, put_overlay

_MOST_REMARKS = 20
"""The most remarks of an archive, because each overlay may add some."""


@dataclass(frozen=True)
class ArchiveUpload:
    """Uploads the archive of one item under ``key``."""

    key: str
    resources: Resources

    def put_whole(self, fetched: Fetched) -> ItemResult:
        """Upload a whole archive. Raises RepositoryError if the store fails in spite of retries."""
        return result_of(fetched, self._described(fetched, self._store(fetched.archive)))

    def put_overlay(self, fetched: Fetched, onto: StoredChain, earlier: ItemResult) -> ItemResult:
        """Upload the next overlay of the chain ``onto``, whose last known result is ``earlier``."""
        resources = self.resources
        overlay = Overlay(
            fetched.archive,
            fetched.archive.sha256,
            resources.run_id,
            fetched.fingerprint,
            fetched.count,
        )
        document = put_overlay(resources.store, resources.retry_policy, onto, overlay)
        chain = earlier.chain
        base = (
            (chain.base_refs_digest, chain.base_refs)
            if chain
            else (earlier.refs_digest, earlier.refs)
        )
        remarks = dict.fromkeys((*fetched.remarks, *onto.archive.remarks))
        archive = replace(onto.archive, remarks=tuple(remarks)[:_MOST_REMARKS])
        result = result_of(fetched, archive)
        lfs = fetched.lfs or earlier.lfs
        return replace(result, lfs=lfs, chain=chain_of(document, *base))

    def _store(self, archive: HashedBlob) -> Stored:
        """Upload with retries, so that an upload error does not cause another fetch."""
        store, retry_policy = self.resources.store, self.resources.retry_policy
        try:
            return retry_policy.call(lambda: store.put_archive(self.key, archive))
        except TransientError as error:
            raise RepositoryError(str(error)) from error

    def _described(self, fetched: Fetched, stored: Stored) -> Archive:
        return Archive(
            key=self.key,
            bytes=fetched.archive.size,
            sha256=fetched.archive.sha256,
            run_id=self.resources.run_id,
            checksum=stored.checksum,
            version_id=stored.version_id,
            etag=stored.etag,
            remarks=fetched.remarks,
        )
