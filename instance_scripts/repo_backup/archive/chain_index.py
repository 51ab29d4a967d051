"""Reads which objects a stored chain contains, without its packs."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from backup_contract.text import one_line
from repo_backup.archive.overlay_reader import PACK_FILE
from repo_backup.archive.stored_zip import StoredZip
from repo_backup.git.packs.known_objects import KnownObjects, KnownPack
from repo_backup.git.packs.object_types import ObjectTypes
from repo_backup.git.packs.pack_history import PackHistory
from repo_backup.git.packs.pack_index import open_index
from repo_backup.runtime.errors import RepositoryError


class UncheckedPackError(RepositoryError):
    """The chain has no object types of a pack, because its links were never checked."""


@contextlib.contextmanager
def known_objects(
    links: Sequence[StoredZip],
    object_format: str,
    directory: Path,
    side_files: Mapping[str, bytes] | None = None,
) -> Iterator[KnownObjects]:
    """The objects of a chain, for the block. ``links`` are its base and overlays in order.

    The indexes are in ``directory``. ``side_files`` are those of ``increment.describe_pack`` for a
    base that was just read and has none stored. Raises UncheckedPackError, RepositoryError for
    damaged files, and what ``Store.read_range`` raises.
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
                    f"the chain does not have the object types of {one_line(stored.stem)}"
                )
            index = opened.enter_context(open_index(stored, object_format))
            known = None if history is None else PackHistory(history, index)
            packs.append(KnownPack(index, ObjectTypes(types, index), known))
        yield KnownObjects(packs)
