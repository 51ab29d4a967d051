"""The launcher's EC2 adapter: finds where an instance could be launched, and launches it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as UnreachedError
from botocore.parsers import ResponseParserError

from backup_contract.aws_refusal import code_and_message, whole_message
from launcher.launch.pools import Place
from launcher.launch.refusals import Kind, classify
from shared.errors import RefusedError
from shared.model.run import Instance, Market, Pool, PoolAnswer

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """The settings that all instances of this stack share."""

    security_group_id: str
    instance_profile_arn: str
    key_name: str
    max_spot_price: str
    volume_size_gib: int
    assign_public_ip: bool
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ec2:
    """The launcher's view of EC2.

    ``without_retries`` is a client that makes each request only once. botocore takes
    InsufficientInstanceCapacity for a server error, and would repeat the request to a pool without
    capacity.
    """

    client: "EC2Client"
    without_retries: "EC2Client"

    def places(self, subnet_ids: Sequence[str]) -> list[Place]:
        """The given subnets, or the default subnet of each zone.

        Raises :class:`RefusedError` if there are none.
        """
        try:
            answer = (
                self.client.describe_subnets(SubnetIds=list(subnet_ids))
                if subnet_ids
                else self.client.describe_subnets(
                    Filters=[{"Name": "default-for-az", "Values": ["true"]}]
                )
            )
        except ClientError as error:
            if error.response["Error"]["Code"].startswith("InvalidSubnet"):
                raise RefusedError(
                    "SubnetIds",
                    f"{', '.join(subnet_ids)} are not all subnets of this region "
                    f"({code_and_message(error.response)}).",
                    "Deploy with subnets of this region, or leave SubnetIds empty.",
                ) from error
            raise
        places = [
            Place(each["SubnetId"], each["AvailabilityZone"], each.get("AvailabilityZoneId", ""))
            for each in answer["Subnets"]
        ]
        if not places:
            raise RefusedError(
                "SubnetIds",
                "this region has no default VPC.",
                "Deploy with VpcId and SubnetIds, or run: aws ec2 create-default-vpc",
            )
        return sorted(places, key=lambda place: place.zone)

    def architectures(self, instance_types: Sequence[str]) -> dict[str, str]:
        """The processor architecture (``arm64`` or ``x86_64``) of each type that the region offers.

        Raises :class:`RefusedError` if it offers none. Uses a filter: the ``InstanceTypes``
        parameter fails as a whole if the region lacks one of the types.
        """
        pages = self.client.get_paginator("describe_instance_types").paginate(
            Filters=[{"Name": "instance-type", "Values": list(instance_types)}]
        )
        found = {
            str(each["InstanceType"]): each["ProcessorInfo"]["SupportedArchitectures"]
            for page in pages
            for each in page["InstanceTypes"]
        }
        if not found:
            raise RefusedError(
                "InstanceTypes",
                f"this region offers none of {', '.join(instance_types)}.",
                "List types that this region offers: aws ec2 describe-instance-type-offerings",
            )
        return {
            kind: "arm64" if "arm64" in found[kind] else "x86_64"
            for kind in instance_types
            if kind in found
        }

    def placement_scores(self, instance_types: Sequence[str]) -> dict[str, int]:
        """The spot placement score (1 to 10) of each zone, by the zone's id.

        Empty if AWS gives none. Never raises, because only the order of the pools depends on it:
        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-placement-score.html
        """
        try:
            answer = self.without_retries.get_spot_placement_scores(
                InstanceTypes=list(instance_types),
                TargetCapacity=1,
                TargetCapacityUnitType="units",
                SingleAvailabilityZone=True,
                RegionNames=[self.without_retries.meta.region_name],
            )
        except (ClientError, BotoCoreError, ResponseParserError):
            return {}
        return {each["AvailabilityZoneId"]: each["Score"] for each in answer["SpotPlacementScores"]}

    def spot_prices(self, instance_types: Iterable[str]) -> dict[tuple[str, str], str]:
        """The current spot prices by (type, zone), in USD per hour; empty if none is published."""
        now = datetime.now(UTC)
        pages = self.client.get_paginator("describe_spot_price_history").paginate(
            InstanceTypes=list(instance_types),  # type: ignore[arg-type]
            ProductDescriptions=["Linux/UNIX", "Linux/UNIX (Amazon VPC)"],
            StartTime=now,
            EndTime=now,
        )
        newest: dict[tuple[str, str], tuple[datetime, str]] = {}
        for page in pages:
            for each in page["SpotPriceHistory"]:
                key = (str(each["InstanceType"]), each["AvailabilityZone"])
                quote = (each["Timestamp"], each["SpotPrice"])
                newest[key] = max(newest.get(key, quote), quote)
        return {key: price for key, (_, price) in newest.items()}

    def launch(
        self, pool: Pool, token: str, settings: InstanceSettings, user_data: str, now: datetime
    ) -> Instance | PoolAnswer:
        """Request one instance. The same token and arguments never launch a second one."""
        answer = self._run(pool, token, settings, user_data)
        if isinstance(answer, PoolAnswer):
            return answer
        launched = answer["Instances"][0]
        return Instance(
            launched["InstanceId"],
            pool.instance_type,
            pool.zone,
            pool.market,
            pool.price,
            launched.get("LaunchTime", now),
        )

    def would_launch(
        self, pool: Pool, settings: InstanceSettings, user_data: str
    ) -> PoolAnswer | None:
        """Check a launch with AWS's ``DryRun``: None if it is permitted, else AWS's objection."""
        answer = self._run(pool, "", settings, user_data, dry_run=True)
        if isinstance(answer, PoolAnswer) and answer.code == "DryRunOperation":
            return None
        return answer if isinstance(answer, PoolAnswer) else None

    def find(self, token: str) -> Instance | None:
        """The instance that was launched with this client token, if EC2 shows it yet."""
        answer = self.client.describe_instances(
            Filters=[{"Name": "client-token", "Values": [token]}]
        )
        for reservation in answer["Reservations"]:
            for each in reservation["Instances"]:
                if each.get("ClientToken") == token:
                    return Instance(
                        each["InstanceId"],
                        str(each["InstanceType"]),
                        each["Placement"]["AvailabilityZone"],
                        Market.SPOT
                        if each.get("InstanceLifecycle") == "spot"
                        else Market.ON_DEMAND,
                        None,
                        each["LaunchTime"],
                    )
        return None

    def _run(
        self,
        pool: Pool,
        token: str,
        settings: InstanceSettings,
        user_data: str,
        *,
        dry_run: bool = False,
    ) -> Any:
        request = run_instances_request(pool, settings, user_data)
        if token:
            request["ClientToken"] = token
        try:
            return self.without_retries.run_instances(DryRun=dry_run, **request)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            explanation = error.response["Error"]["Message"]
            return _refusal(pool, code, classify(code, status, explanation), explanation)
        except (UnreachedError, HTTPClientError) as error:
            return _refusal(pool, type(error).__name__, Kind.AMBIGUOUS, str(error))


def client_token(stack: str, run_id: str, attempt: int, pool: Pool) -> str:
    """EC2's idempotency token for this pool of this attempt: 64 hexadecimal digits.

    It includes the pool, because EC2 scopes tokens to an Availability Zone if a subnet is named.
    """
    words = (stack, run_id, str(attempt), pool.instance_type, pool.subnet_id, pool.market)
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


def run_instances_request(pool: Pool, settings: InstanceSettings, user_data: str) -> dict[str, Any]:
    """The arguments of RunInstances for one pool. boto3 base64-encodes the user data."""
    tags = [{"Key": name, "Value": value} for name, value in settings.tags.items()]
    request: dict[str, Any] = {
        "MinCount": 1,
        "MaxCount": 1,
        "ImageId": pool.image_id,
        "InstanceType": pool.instance_type,
        "UserData": user_data,
        "IamInstanceProfile": {"Arn": settings.instance_profile_arn},
        # Otherwise an on-demand instance would only stop, and its volume would still be billed.
        "InstanceInitiatedShutdownBehavior": "terminate",
        "MetadataOptions": {
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 1,
            "HttpEndpoint": "enabled",
        },
        "NetworkInterfaces": [
            {
                "DeviceIndex": 0,
                "SubnetId": pool.subnet_id,
                "Groups": [settings.security_group_id],
                "AssociatePublicIpAddress": settings.assign_public_ip,
                "DeleteOnTermination": True,
            }
        ],
        "BlockDeviceMappings": [
            {
                "DeviceName": "/dev/xvda",
                "Ebs": {
                    "VolumeSize": settings.volume_size_gib,
                    "VolumeType": "gp3",
                    "Encrypted": True,
                    "DeleteOnTermination": True,
                },
            }
        ],
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")
        ],
    }
    if settings.key_name:
        request["KeyName"] = settings.key_name
    if pool.market is Market.SPOT:
        request["InstanceMarketOptions"] = {
            "MarketType": "spot",
            "SpotOptions": {
                "SpotInstanceType": "one-time",
                "InstanceInterruptionBehavior": "terminate",
                **({"MaxPrice": settings.max_spot_price} if settings.max_spot_price else {}),
            },
        }
    return request


def _refusal(pool: Pool, code: str, kind: Kind, message: str) -> PoolAnswer:
    return PoolAnswer(
        pool.instance_type,
        pool.zone,
        pool.market,
        code,
        kind,
        whole_message(message),
        pool.subnet_id,
    )
