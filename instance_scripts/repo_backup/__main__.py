"""``python -m repo_backup``, and the command ``repo_backup``."""

import gc
import os
import sys
from typing import NoReturn


def run() -> NoReturn:
    """One command as a process of its own, from its imports to its exit code.

    What is imported stays for good, so that nobody looks there for garbage; and once all is said
    the process ends, without taking everything down first, piece by piece.
    """
    gc.disable()
    from repo_backup.cli.main import main

    gc.freeze()
    gc.enable()
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
