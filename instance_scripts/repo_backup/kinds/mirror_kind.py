"""How an archive that holds a bare mirror is read, checked and restored, whatever is in it."""

import shlex
from pathlib import Path
from typing import IO

from backup_contract.documents.manifest import ItemResult
from repo_backup.archive.overlay_reader import lay_over
from repo_backup.archive.zip_reader import unpack
from repo_backup.git.fsck import check_mirror
from repo_backup.git.pushing import push
from repo_backup.git.pushing.push_target import Target
from repo_backup.runtime.cancellation import Stop


class MirrorKind:
    """How an archive that holds a bare mirror is read, checked and restored."""

    def unpack(self, file: IO[bytes], into: Path) -> Path:
        """The bare mirror, new in ``into``. Raises RepositoryError."""
        return unpack(file, into)

    def lay_over(self, file: IO[bytes], unpacked: Path) -> None:
        """An overlay over the bare mirror. Raises RepositoryError."""
        lay_over(file, unpacked)

    def check(
        self,
        unpacked: Path,
        result: ItemResult | None,
        memory_bytes: int,
        stop: Stop,
        *,
        same_bytes: bool,
    ) -> tuple[str, ...]:
        """Let git check it: see :func:`repo_backup.git.fsck.check_mirror`."""
        return check_mirror(unpacked, result, memory_bytes, stop, same_bytes=same_bytes)

    def next_step(self, unpacked: Path) -> str:
        """A mirror is cloned."""
        return f"git clone {shlex.quote(str(unpacked))}"

    def check_target(self, target: Target) -> None:
        """Raise RepositoryError when the target has refs, or when its host does not list them."""
        push.check_empty(target)

    def restore(self, unpacked: Path, target: Target, *, force: bool) -> push.Pushed:
        """Push all refs that the host takes. Raises RepositoryError."""
        return push.push(unpacked, target, force=force)
