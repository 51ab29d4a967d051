"""``python -m repo_backup``, and the command ``repo-backup``."""

import gc
import os
import sys
from typing import NoReturn

from backup_contract import exit_codes as exits


def run() -> NoReturn:
    """One command as a process of its own, from its imports to its exit code.

    What is imported stays for good, so that nobody looks there for garbage; and once all is said
    the process ends, without taking everything down first, piece by piece.
    """
    gc.disable()
    try:
        from repo_backup.cli import main

        command, options = main.load()
    except KeyboardInterrupt:  # imports take up to a second
        os._exit(exits.INTERRUPTED)
    gc.freeze()
    gc.enable()
    code = main.run(command, options)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
