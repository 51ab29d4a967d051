"""Unpacks the functions' code once for all their workers, so that these share its bytecode.

Each worker would compile the SDK anew: two seconds of processor time.
"""

import hashlib
import threading
import zipfile
from pathlib import Path
from typing import Any

_lock = threading.Lock()


def unpacking_once(folder: Path) -> type[zipfile.ZipFile]:
    """A zip that is unpacked into ``folder`` by its content; where it is asked for is a link."""

    class UnpackedOnce(zipfile.ZipFile):
        """Of a file with a name."""

        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            """Link the empty folder ``path`` to what is unpacked."""
            assert self.filename
            content = folder / hashlib.sha256(Path(self.filename).read_bytes()).hexdigest()
            with _lock:
                if not content.exists():
                    unpacked = content.with_suffix(".part")
                    super().extractall(unpacked, members, pwd)
                    unpacked.rename(content)
            Path(path).rmdir()
            Path(path).symlink_to(content, target_is_directory=True)

    return UnpackedOnce
