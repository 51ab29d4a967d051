"""A repository with large files beside its archive, as a backup leaves them in the bucket."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from backup_contract import object_keys as layout
from backup_contract.documents.lfs_list import LfsList
from backup_contract.documents.manifest import Archive, Entry, Item, ItemResult
from backup_contract.documents.object_list import ObjectListRef, object_lines
from backup_contract.documents.parts.results import Referred
from backup_contract.kinds import DATA, GIT, LFS
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


@dataclass
class SavedAssets:
    """Project data whose files of releases are in the bucket, and the list of them beside it."""

    s3: Any
    contents: dict[str, bytes]
    archive: Archive
    git: SavedRepository
    key: str
    ref: ObjectListRef

    @classmethod
    def put(cls, s3: Any, *contents: bytes, name: str = "hello") -> Self:
        """Put archive, objects and list, as a backup does."""
        by_hash = {sha256(data).hexdigest(): data for data in contents}
        for each, data in by_hash.items():
            put_object(s3, each, data)
        archive = Archive(
            **_put(s3, "backups", layout.archive("octo", name, DATA), b"data"), run_id=EARLIER
        )
        key = layout.object_list(archive.key, layout.chain_id(archive.sha256))
        data = object_lines({each: len(data) for each, data in by_hash.items()})
        s3.put_object(Bucket="backups", Key=key, Body=data)
        git = SavedRepository.put(s3, name, links=0)
        return cls(s3, by_hash, archive, git, key, ObjectListRef.of(data))

    @property
    def entry(self) -> Entry:
        """The repository in a manifest."""
        total = sum(map(len, self.contents.values()))
        count = len(self.contents)
        numbers = Referred(count, total, count, total)
        result = ItemResult(
            "unchanged", refs=1, archive=self.archive, objects=numbers, object_list=self.ref
        )
        return self.git.entry().having(DATA, result)

    @property
    def item(self) -> Item:
        """Its project data."""
        return next(each for each in self.entry.items if each.kind == DATA)


def put_object(s3: Any, key_sha256: str, data: bytes, algorithm: str = "SHA256") -> None:
    """Put something under an object's key."""
    key = layout.content(key_sha256)
    s3.put_object(Bucket="backups", Key=key, Body=data, ChecksumAlgorithm=algorithm)
