"""Caches bytecode by the content of its source. A copy is ``sitecustomize`` on each machine.

Every instance unpacks the program into a folder of its own, so Python's cache, which goes by path
and date, would compile it and the SDK anew: a second of processor time. The standard library only.
"""

import _imp
import hashlib
import marshal
import os
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any


def keep(folder: str) -> None:
    """Make later imports use the bytecode in this folder, and add what is missing there."""
    compiled: Any = SourceFileLoader.source_to_code

    def source_to_code(loader: SourceFileLoader, data: bytes, path: str) -> CodeType:
        kept = Path(folder, hashlib.sha256(data).hexdigest())
        try:
            code: CodeType = marshal.loads(kept.read_bytes())
        except (OSError, EOFError, ValueError):
            code = compiled(loader, data, path)
            written = kept.with_suffix(f".{os.getpid()}")
            written.write_bytes(marshal.dumps(code))
            written.replace(kept)
        fix: Any = getattr(_imp, "_fix_co_filename")  # noqa: B009
        fix(code, path)
        return code

    setattr(SourceFileLoader, "source_to_code", source_to_code)  # noqa: B010


if __name__ == "sitecustomize" and sys.pycache_prefix:
    keep(sys.pycache_prefix)
