"""The emulated region's machine images, instance types, zones and spot prices."""

import re
from dataclasses import dataclass
from decimal import Decimal

# The public AL2023 images, as the emulator's SSM parameters name them.
IMAGES = {"ami-0c2023a1b2c3d4e5f": "x86_64", "ami-0a64a1b2c3d4e5f60": "arm64"}
IMAGE_SIZE_GIB = 8

_SIZES = {  # vCPUs of the third generation and later; c7g.medium has one
    "nano": 2,
    "micro": 2,
    "small": 2,
    "medium": 1,
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "4xlarge": 16,
}
_GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8}
_BURSTABLE_GIB = {
    "nano": Decimal("0.5"),
    "micro": Decimal(1),
    "small": Decimal(2),
    "medium": Decimal(4),
    "large": Decimal(8),
    "xlarge": Decimal(16),
    "2xlarge": Decimal(32),
}
_TYPE = re.compile(
    r"(?P<family>[cmr][5-8](?:g|gd|gn|i|i-flex|a|id|ad|n)?|t[34](?:g|a)?)\.(?P<size>[0-9a-z]+)"
)
_GRAVITON = re.compile(r"[a-z]+[0-9]+g")


@dataclass(frozen=True, slots=True)
class InstanceType:
    """An instance type of the region."""

    name: str
    architecture: str
    vcpus: int
    memory_mib: int


def instance_type(name: str) -> InstanceType | None:
    """The type of this name; None if the region does not offer one."""
    match = _TYPE.fullmatch(name)
    if match is None or match["size"] not in _SIZES:
        return None
    family, size = match["family"], match["size"]
    graviton = _GRAVITON.match(family) is not None
    if family.startswith("t"):
        vcpus = 2 if size == "medium" else _SIZES[size]
        memory = _BURSTABLE_GIB.get(size)
    else:
        smallest = ("nano", "micro", "small") if graviton else ("nano", "micro", "small", "medium")
        vcpus = _SIZES[size]
        memory = None if size in smallest else Decimal(_GIB_PER_VCPU[family[0]] * vcpus)
    if memory is None:
        return None
    architecture = "arm64" if graviton else "x86_64"
    return InstanceType(name, architecture, vcpus, int(memory * 1024))


def spot_price(kind: InstanceType, zone: str) -> Decimal:
    """The current spot price in USD per hour: different in each zone, the last one cheapest."""
    per_vcpu = Decimal("0.0092") if kind.architecture == "arm64" else Decimal("0.0115")
    zone_factor = Decimal("1.20") - Decimal("0.15") * (ord(zone[-1]) - ord("a"))
    memory = Decimal(kind.memory_mib) / 1024 * Decimal("0.0011")
    return ((per_vcpu * kind.vcpus + memory) * zone_factor).quantize(Decimal("0.0001"))
