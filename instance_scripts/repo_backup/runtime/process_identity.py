"""Identifies this process and machine, so that another process can check whether it still runs.

On Linux: boot id, process namespace, process id and start time
(https://man7.org/linux/man-pages/man5/proc.5.html). Unknown on other systems.
"""

import os
import re
from pathlib import Path

_IDENTITY = re.compile(r"([0-9a-f-]{36}:[0-9]{1,20}):([1-9][0-9]{0,9}):([0-9]{1,20})")
_ENDED = ("Z", "X")
"""States of a process that has ended but that its parent has not reaped yet."""


def current() -> str | None:
    """The identity of this process; None if the system does not provide one."""
    try:
        machine, began = _machine(), _began(os.getpid())
    except OSError:
        return None
    return f"{machine}:{os.getpid()}:{began}" if began else None


def is_alive(identity: str) -> bool | None:
    """Whether that process still runs; None if it is on another machine, or unknown."""
    known = _IDENTITY.fullmatch(identity)
    try:
        if known is None or known[1] != _machine():
            return None
        os.kill(int(known[2]), 0)
        return _began(int(known[2])) == known[3]
    except (ProcessLookupError, FileNotFoundError):
        return False
    except (OSError, OverflowError):  # the id is another user's process
        return None


def _machine() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{Path('/proc/self/ns/pid').stat().st_ino}"


def _began(process_id: int) -> str | None:
    """A process's start time in clock ticks since boot; None if it has ended."""
    # The second field is the program's name in brackets; it may contain spaces and brackets.
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return None if fields[0] in _ENDED else fields[19]
