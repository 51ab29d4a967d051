"""Estimates the disk and memory that a first run needs, from its largest repository. Pure.

Measured, November 2026 (tools/bench/README.md, *The machine of a first run*): fetching a repository
takes its pack and the pack's index, 1.00 to 1.08 times GitHub's size; the restore drill takes the
archive and its unpacked copy, 2.00 times. Real histories have one object per 372 to 875 bytes of
pack. The restore drill uses the same figures (``restore.drill``, ``git.fsck``). The system's share
is assumed.
"""

import math
from dataclasses import dataclass

GIB = 2**30
VOLUME_GIB = 16
"""The default of VolumeSizeGiB."""
ROOM = 2.25
"""Disk bytes per byte of the largest repository: archive, unpacked copy and some slack."""
SYSTEM_DISK_GIB = 3
_PROGRAM_BYTES = 256 * 2**20
"""The program, at most 165 MB with 5,000 repositories, and git without its objects."""
_BYTES_PER_OBJECT, _PACK_BYTES_PER_OBJECT = 300, 370
"""Memory per object while git checks a pack; pack bytes per object."""
_SHARE = 0.8
"""The share of free memory that may be used."""
_SYSTEM_BYTES = 400 * 2**20
DEFAULT_TYPES = {
    "c7g.medium": 2,
    "m7g.medium": 4,
    "c6g.medium": 2,
    "m6g.medium": 4,
    "r7g.medium": 8,
    "r6g.medium": 8,
    "c7i-flex.large": 4,
    "m7i-flex.large": 8,
}
"""GiB of memory of the default InstanceTypes: https://aws.amazon.com/ec2/instance-types/"""
_LARGER_TYPES = {
    "r7g.large": 16,
    "r6g.large": 16,
    "r7g.xlarge": 32,
    "r6g.xlarge": 32,
    "r7g.2xlarge": 64,
    "r6g.2xlarge": 64,
}


@dataclass(frozen=True)
class MachineSize:
    """GiB of disk and memory, and the instance types with enough memory, smallest first."""

    disk_gib: int
    memory_gib: int
    instance_types: tuple[str, ...]

    @property
    def default_disk_is_enough(self) -> bool:
        """Whether the default of VolumeSizeGiB is enough."""
        return self.disk_gib <= VOLUME_GIB

    @property
    def default_types_are_enough(self) -> bool:
        """Whether all default InstanceTypes have enough memory."""
        return set(self.instance_types) == set(DEFAULT_TYPES)


def machine_size(largest_bytes: int) -> MachineSize:
    """The size for an account whose largest repository has ``largest_bytes``.

    ``instance_types`` are the default types with enough memory, else the smallest larger types;
    empty if no known type has enough.
    """
    disk = max(VOLUME_GIB, math.ceil(SYSTEM_DISK_GIB + largest_bytes * ROOM / GIB))
    checked = largest_bytes / _PACK_BYTES_PER_OBJECT * _BYTES_PER_OBJECT
    memory = (_PROGRAM_BYTES + checked) / _SHARE + _SYSTEM_BYTES
    types = _with_memory(DEFAULT_TYPES, memory) or _with_memory(_LARGER_TYPES, memory)[:2]
    return MachineSize(disk, max(2, math.ceil(memory / GIB)), types)


def machine_assumptions() -> list[str]:
    """The assumptions of the estimate, as text."""
    return [
        f"disk: {ROOM:g} times the largest repository, which the restore drill takes, and "
        f"{SYSTEM_DISK_GIB} GiB for the system",
        f"memory: {_BYTES_PER_OBJECT} bytes per object while git checks a repository, one object "
        f"per {_PACK_BYTES_PER_OBJECT} bytes of it",
    ]


def _with_memory(types: dict[str, int], memory: float) -> tuple[str, ...]:
    found = (name for name, gib in types.items() if gib * GIB >= memory)
    return tuple(sorted(found, key=lambda name: types[name]))
