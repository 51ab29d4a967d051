"""What a stored chain is known to hold, read from its zips without their packs."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from repo_backup.archive.overlay_reader import PACK_FILE
from repo_backup.archive.stored_zip import StoredZip
from repo_backup.git.packs.known_objects import KnownObjects, KnownPack
from repo_backup.git.packs.object_types import ObjectTypes
from repo_backup.git.packs.pack_history import PackHistory
from repo_backup.git.packs.pack_index import open_index
from repo_backup.runtime.errors import RepositoryError, said


class UncheckedPackError(RepositoryError):
    """No zip of the chain tells the types of a pack's objects: its links were never checked."""


@contextlib.contextmanager
def known_objects(
    links: Sequence[StoredZip],
    object_format: str,
    directory: Path,
    side_files: Mapping[str, bytes] | None = None,
) -> Iterator[KnownObjects]:
    """All objects of a chain, for the block: ``links`` are its base and overlays in their order.

    The indexes lie in ``directory`` meanwhile. ``side_files`` are what ``increment.describe_pack``
    makes of a base that was just read, where the chain does not tell of it. Raises
    UncheckedPackError, RepositoryError for what is damaged, and what ``Store.read_range`` raises.
    """
    beside = dict(side_files or {})
    indexes: list[Path] = []
    with contextlib.ExitStack() as opened:
        room = Path(opened.enter_context(tempfile.TemporaryDirectory(dir=directory)))
        for link in links:
            for name in link.names:
                path = PurePosixPath(name.partition("/")[2])
                if not PACK_FILE.fullmatch(str(path)) or path.suffix == ".pack":
                    continue
                if path.suffix != ".idx":
                    beside[path.name] = link.read(name)
                elif (target := room / path.name) not in indexes:
                    indexes.append(target)
                    with target.open("xb") as file:
                        link.extract(name, file)
        packs = []
        for stored in indexes:
            types, history = (beside.get(f"{stored.stem}.{each}") for each in ("types", "history"))
            if types is None:
                raise UncheckedPackError(
                    f"the chain does not tell the types of {said(stored.stem)}"
                )
            index = opened.enter_context(open_index(stored, object_format))
            told = None if history is None else PackHistory(history, index)
            packs.append(KnownPack(index, ObjectTypes(types, index), told))
        yield KnownObjects(packs)
