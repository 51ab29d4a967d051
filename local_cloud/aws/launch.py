"""Parses the parameters of RunInstances, and refuses invalid ones as AWS does.

Error codes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from local_cloud.aws.emulator import Emulator, Parameters, Profile, Subnet
from local_cloud.aws.pools import IMAGE_SIZE_GIB, IMAGES, InstanceType, instance_type, spot_price

USER_DATA_LIMIT_BYTES = 16 * 1024


class RefusedError(Exception):
    """EC2 refuses a request."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Create the error from AWS's code and message, and the HTTP status of the response."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class Launch:
    """One valid request for one instance."""

    image_id: str
    kind: InstanceType
    subnet: Subnet
    security_group_ids: tuple[str, ...]
    key_name: str
    user_data: bytes
    profile: Profile | None
    spot: bool
    terminates_on_shutdown: bool
    metadata_tags: bool
    metadata_token_required: bool
    public_ip: bool
    client_token: str
    tags: Mapping[str, str]
    fingerprint: frozenset[tuple[str, str]]

    @property
    def pool(self) -> str:
        """``type/zone``, the unit that capacity comes in."""
        return f"{self.kind.name}/{self.subnet.zone}"


def text(parameters: Parameters, name: str) -> str:
    """One scalar parameter of the Query API, ``""`` if absent."""
    values = parameters.get(name) or [""]
    return values[0] if isinstance(values, list) else str(values)


def members(parameters: Parameters, prefix: str) -> list[str]:
    """The list ``prefix.1``, ``prefix.2``, …"""
    found: list[str] = []
    while value := text(parameters, f"{prefix}.{len(found) + 1}"):
        found.append(value)
    return found


def parse_launch(parameters: Parameters, cloud: Emulator) -> Launch:
    """The launch that RunInstances' parameters describe.

    Raises :class:`RefusedError` where AWS would refuse them.
    """
    if any(name.startswith("LaunchTemplate.") for name in parameters):
        raise RefusedError("UnsupportedOperation", "The embedded cloud has no launch templates.")
    if not text(parameters, "MinCount") or not text(parameters, "MaxCount"):
        raise RefusedError(
            "MissingParameter", "The request must contain the parameter MinCount and MaxCount"
        )
    if text(parameters, "MaxCount") != "1":
        raise RefusedError("InstanceLimitExceeded", "The embedded cloud launches one at a time.")
    token = text(parameters, "ClientToken")
    if len(token) > 64 or not token.isascii():
        raise RefusedError("InvalidParameterValue", "Invalid value for clientToken: too long")
    image_id = _image(text(parameters, "ImageId"))
    kind = _kind(text(parameters, "InstanceType"), image_id)
    subnet, groups, public_ip = _network(parameters, cloud)
    _block_devices(parameters)
    key_name = text(parameters, "KeyName")
    if key_name and not cloud.has_key_pair(key_name):
        raise RefusedError("InvalidKeyPair.NotFound", f"The key pair '{key_name}' does not exist")
    metadata_tags = text(parameters, "MetadataOptions.InstanceMetadataTags") == "enabled"
    return Launch(
        image_id=image_id,
        kind=kind,
        subnet=subnet,
        security_group_ids=groups,
        key_name=key_name,
        user_data=_user_data(text(parameters, "UserData")),
        profile=_profile(parameters, cloud),
        spot=_spot(parameters, kind, subnet),
        terminates_on_shutdown=text(parameters, "InstanceInitiatedShutdownBehavior") == "terminate",
        metadata_tags=metadata_tags,
        metadata_token_required=text(parameters, "MetadataOptions.HttpTokens") != "optional",
        public_ip=public_ip,
        client_token=token,
        tags=_tags(parameters, in_metadata=metadata_tags),
        fingerprint=frozenset(
            (name, text(parameters, name))
            for name in parameters
            if name not in ("Action", "Version", "ClientToken", "DryRun")
        ),
    )


def _image(image_id: str) -> str:
    if not re.fullmatch(r"ami-[0-9a-f]{8,17}", image_id):
        raise RefusedError("InvalidAMIID.Malformed", f'Invalid id: "{image_id}"')
    if image_id not in IMAGES:
        raise RefusedError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    return image_id


def _kind(name: str, image_id: str) -> InstanceType:
    kind = instance_type(name)
    if kind is None:
        raise RefusedError("InvalidParameterValue", f"Invalid value '{name}' for InstanceType.")
    if kind.architecture != IMAGES[image_id]:
        raise RefusedError(
            "InvalidParameterValue",
            f"The architecture '{kind.architecture}' of the specified instance type does not"
            f" match the architecture '{IMAGES[image_id]}' of the specified AMI.",
        )
    return kind


def _network(parameters: Parameters, cloud: Emulator) -> tuple[Subnet, tuple[str, ...], bool]:
    prefix = "NetworkInterface.1."
    inside = any(name.startswith(prefix) for name in parameters)
    if inside and (text(parameters, "SubnetId") or members(parameters, "SecurityGroupId")):
        raise RefusedError(
            "InvalidParameterCombination",
            "Network interfaces and an instance-level subnet ID or security groups may not be"
            " specified on the same request",
        )
    at = prefix if inside else ""
    subnet_id = text(parameters, f"{at}SubnetId")
    subnet = cloud.subnet(subnet_id)
    if subnet is None:
        raise RefusedError(
            "InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist"
        )
    groups = members(parameters, f"{at}SecurityGroupId")
    for group in groups:
        vpc = cloud.security_group_vpc(group)
        if vpc is None:
            raise RefusedError(
                "InvalidGroup.NotFound", f"The security group '{group}' does not exist"
            )
        if vpc != subnet.vpc_id:
            raise RefusedError(
                "InvalidParameter",
                f"Security group {group} and subnet {subnet.subnet_id} belong to different"
                " networks.",
            )
    public = text(parameters, f"{at}AssociatePublicIpAddress")
    return subnet, tuple(groups), public != "false"


def _block_devices(parameters: Parameters) -> None:
    number = 1
    while device := text(parameters, f"BlockDeviceMapping.{number}.DeviceName"):
        size = text(parameters, f"BlockDeviceMapping.{number}.Ebs.VolumeSize")
        if device == "/dev/xvda" and size and int(size) < IMAGE_SIZE_GIB:
            raise RefusedError(
                "InvalidBlockDeviceMapping",
                f"Volume of size {size}GB is smaller than snapshot, expect size >="
                f" {IMAGE_SIZE_GIB}GB",
            )
        number += 1


def _user_data(encoded: str) -> bytes:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise RefusedError(
            "InvalidParameterValue", "Invalid BASE64 encoding of user data."
        ) from error
    if len(raw) > USER_DATA_LIMIT_BYTES:
        raise RefusedError(
            "InvalidParameterValue", f"User data is limited to {USER_DATA_LIMIT_BYTES} bytes"
        )
    return raw


def _profile(parameters: Parameters, cloud: Emulator) -> Profile | None:
    arn = text(parameters, "IamInstanceProfile.Arn")
    name = text(parameters, "IamInstanceProfile.Name")
    if not arn and not name:
        return None
    profile = cloud.profile(arn=arn, name=name)
    if profile is None:
        raise RefusedError(
            "InvalidParameterValue",
            f"Value ({arn or name}) for parameter iamInstanceProfile is invalid. Invalid IAM"
            " Instance Profile",
        )
    return profile


def _spot(parameters: Parameters, kind: InstanceType, subnet: Subnet) -> bool:
    if text(parameters, "InstanceMarketOptions.MarketType") != "spot":
        return False
    highest = text(parameters, "InstanceMarketOptions.SpotOptions.MaxPrice")
    if not highest:
        return True
    price = spot_price(kind, subnet.zone)
    if Decimal(highest) < Decimal("0.001"):
        raise RefusedError(
            "InvalidParameterValue", f"Invalid value '{highest}' for MaxPrice: below 0.001"
        )
    if Decimal(highest) < price:
        raise RefusedError(
            "SpotMaxPriceTooLow",
            f"Your Spot request price of {highest} is lower than the minimum required Spot"
            f" request fulfillment price of {price}.",
        )
    return True


def _tags(parameters: Parameters, *, in_metadata: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    number = 1
    while resource := text(parameters, f"TagSpecification.{number}.ResourceType"):
        at = f"TagSpecification.{number}.Tag"
        index = 1
        while key := text(parameters, f"{at}.{index}.Key"):
            if key.startswith("aws:"):
                raise RefusedError(
                    "InvalidParameterValue",
                    f"Tag keys starting with 'aws:' are reserved for internal use: {key}",
                )
            if resource == "instance":
                if in_metadata and (" " in key or "/" in key):
                    raise RefusedError(
                        "InvalidParameterValue",
                        f"'{key}' is not a valid tag key. Tag keys must match pattern"
                        " ([0-9a-zA-Z\\-_+=,.@:]{1,255}) while instance metadata tags are enabled",
                    )
                found[key] = text(parameters, f"{at}.{index}.Value")
            index += 1
        number += 1
    return found
