"""What a stored chain is known to hold, read from its zips without their packs."""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from repo_backup.archive.overlay_reader import PACK_FILE
from repo_backup.archive.stored_zip import StoredZip
from repo_backup.git.known_objects import KnownObjects, KnownPack
from repo_backup.git.object_types import ObjectTypes
from repo_backup.git.pack_index import open_index
from repo_backup.runtime.errors import RepositoryError, said


class UncheckedPackError(RepositoryError):
    """No zip of the chain tells the types of a pack's objects: its links were never checked."""


@contextlib.contextmanager
def known_objects(
    links: Sequence[StoredZip],
    object_format: str,
    directory: Path,
    types: dict[str, bytes] | None = None,
) -> Iterator[KnownObjects]:
    """All objects of a chain, for the block: ``links`` are its base and overlays in their order.

    The indexes lie in ``directory`` meanwhile. ``types`` are those of packs beside which the chain
    has none, by the pack's name without suffix: of a base that was just read and checked. Raises
    UncheckedPackError, RepositoryError for what is damaged, and what ``Store.read_range`` raises.
    """
    types = dict(types or {})
    indexes: dict[str, Path] = {}
    with contextlib.ExitStack() as opened:
        room = Path(opened.enter_context(tempfile.TemporaryDirectory(dir=directory)))
        for link in links:
            for name in link.names:
                path = PurePosixPath(name.partition("/")[2])
                if not PACK_FILE.fullmatch(str(path)) or path.suffix == ".pack":
                    continue
                if path.suffix == ".types":
                    types[path.stem] = link.read(name)
                elif path.stem not in indexes:
                    indexes[path.stem] = room / path.name
                    with indexes[path.stem].open("xb") as file:
                        link.extract(name, file)
        packs = []
        for stem, file_path in indexes.items():
            if stem not in types:
                raise UncheckedPackError(f"the chain does not tell the types of {said(stem)}")
            index = opened.enter_context(open_index(file_path, object_format))
            packs.append(KnownPack(index, ObjectTypes(types[stem], index)))
        yield KnownObjects(packs)
