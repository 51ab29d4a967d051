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
    _prepare_streams()
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


def _prepare_streams() -> None:
    """Let no output fail because of the streams that the process was started with.

    A closed stream (``>&-``) becomes the null device: Python has None in its place, and a file that
    is opened later would take its number and receive the output. A character that the locale's
    encoding lacks is escaped.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))
        if number:
            getattr(sys, name).reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    run()
