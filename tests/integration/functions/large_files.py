"""A repository with large files beside its archive, as a backup leaves them in the bucket."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from backup_contract import object_keys as layout
from backup_contract.documents.lfs_list import LfsList
from backup_contract.documents.manifest import Archive, Entry, Item, ItemResult
from backup_contract.kinds import GIT, LFS
from repo_backup.archive.zip_writer import TextsArchive
from tests.integration.functions.chains import EARLIER, SavedRepository, _put


@dataclass
class SavedFiles:
    """``contents`` are in the bucket by their SHA-256, and so is the list of them."""

    s3: Any
    contents: dict[str, bytes]
    archive: Archive
    listed: LfsList
    git: SavedRepository

    @classmethod
    def put(cls, s3: Any, *contents: bytes, name: str = "hello") -> Self:
        """Put the objects as a backup does, with their SHA-256, and their list."""
        by_hash = {sha256(data).hexdigest(): data for data in contents}
        for each, data in by_hash.items():
            put_object(s3, each, data)
        sizes = {each: len(data) for each, data in by_hash.items()}
        listed = LfsList(sizes, frozenset(sizes))
        zipped = b"".join(TextsArchive(listed.texts(f"{name}.git"), 1 << 20).blocks())
        put = _put(s3, "backups", layout.archive("octo", name, LFS), zipped)
        git = SavedRepository.put(s3, name, links=0)
        return cls(s3, by_hash, Archive(**put, run_id=EARLIER), listed, git)

    @property
    def entry(self) -> Entry:
        """The repository in a manifest."""
        entry = self.git.entry()
        result = ItemResult("unchanged", refs=1, archive=self.archive, objects=self.listed.referred)
        return entry.having(LFS, result).having(GIT, entry.git)

    @property
    def item(self) -> Item:
        """The list of large files."""
        return next(each for each in self.entry.items if each.kind == LFS)


def put_object(s3: Any, key_sha256: str, data: bytes, algorithm: str = "SHA256") -> None:
    """Put something under an object's key."""
    key = layout.content(key_sha256)
    s3.put_object(Bucket="backups", Key=key, Body=data, ChecksumAlgorithm=algorithm)
