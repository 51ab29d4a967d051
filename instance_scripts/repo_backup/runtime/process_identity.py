"""Which process of which machine this is, so that another one can see whether it still runs.

Linux tells it: the boot's id, the process namespace, the process id and when the process began
(https://man7.org/linux/man-pages/man5/proc.5.html). Elsewhere nothing is known.
"""

import os
import re
from pathlib import Path

_IDENTITY = re.compile(r"([0-9a-f-]{36}:[0-9]{1,20}):([1-9][0-9]{0,9}):([0-9]{1,20})")
_ENDED = ("Z", "X")
"""A process that was killed, and that its parent has not been told of yet."""


def current() -> str | None:
    """This process; None where the system does not tell."""
    try:
        machine, began = _machine(), _began(os.getpid())
    except OSError:
        return None
    return f"{machine}:{os.getpid()}:{began}" if began else None


def is_alive(identity: str) -> bool | None:
    """Whether that process still runs; None for one of another machine, or where nobody knows."""
    known = _IDENTITY.fullmatch(identity)
    try:
        if known is None or known[1] != _machine():
            return None
        os.kill(int(known[2]), 0)
        return _began(int(known[2])) == known[3]
    except (ProcessLookupError, FileNotFoundError):
        return False
    except (OSError, OverflowError):  # another user's: there is one of this number
        return None


def _machine() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{Path('/proc/self/ns/pid').stat().st_ino}"


def _began(process_id: int) -> str | None:
    """When a process began, in ticks since the boot; None for one that has ended."""
    # The second field is the program's name in brackets, and may hold blanks and brackets.
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return None if fields[0] in _ENDED else fields[19]
