"""An account with large files: objects that repositories share, one of 2 GB, and release assets."""

import random
from pathlib import Path

from local_cloud.github import Catalogue, Repository
from local_cloud.github.corpus import commit_files, init_repository
from local_cloud.github.storage.lfs import add_object
from tools.bench.corpus import OWNER, TOKEN

SHARED = ("shared-0", "shared-1", "shared-2")
LARGE, ASSET, OLD_ASSET = "large", "asset", "old-asset"
LARGE_BYTES = 2_000_000_000
"""GitHub's limit for a release asset is just above, as is that of an LFS object on most plans:
https://docs.github.com/repositories/working-with-files/managing-large-files/about-git-large-file-storage
"""
_ATTRIBUTES = {".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"}


def make_account(root: Path, count: int, object_bytes: int) -> int:
    """Three repositories that share ``count`` LFS objects, and others with one large file each.

    Returns the bytes of the shared objects, each counted once.
    """
    catalogue = Catalogue(tokens={TOKEN: OWNER})
    chance = random.Random(count)
    contents = [chance.randbytes(object_bytes) for _ in range(count)]
    large = random.Random(LARGE).randbytes(1 << 20) * (LARGE_BYTES >> 20)
    kept_in_lfs = {**dict.fromkeys(SHARED, contents), LARGE: [large]}
    for number, name in enumerate((*kept_in_lfs, ASSET, OLD_ASSET)):
        path = init_repository(root / OWNER / f"{name}.git")
        files = kept_in_lfs.get(name, ())
        pointers = {f"{index}.bin": add_object(path, data) for index, data in enumerate(files)}
        commit_files(path, {**_ATTRIBUTES, **pointers, "README.md": f"# {name}\n"})
        catalogue.add(Repository(number + 1, OWNER, name, size_kib=100))
    for name in (ASSET, OLD_ASSET):
        release = root / "releases" / name
        release.mkdir(parents=True)
        # Not the bytes of another object, which would be there already.
        (release / "program.zip").write_bytes(name.encode() + large)
    (root / "releases" / OLD_ASSET / "program.zip").rename(
        root / "releases" / OLD_ASSET / "program.zip.without-digest"
    )
    catalogue.save(root)
    return count * object_bytes
