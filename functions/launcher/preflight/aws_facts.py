"""Reads the facts that the preflight needs from AWS. Changes nothing."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from backup_contract.aws_refusal import code_and_message
from launcher.preflight.account_plan import AccountPlan
from launcher.preflight.findings import EgressRoute, Quota, Subscriber
from shared.aws.dead_letters import DeadLetters
from shared.errors import RefusedError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_freetier import FreeTierClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_sns import SNSClient

SPOT_ROLE = "AWSServiceRoleForEC2Spot"
QUOTAS = {
    "spot": ("L-34B43A08", "MaxSpotInstanceCountExceeded"),
    "on-demand": ("L-1216C47A", "VcpuLimitExceeded"),
}
"""EC2's vCPU quotas for standard types, and the error of RunInstances when one is reached:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-limits.html,
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-on-demand-instances.html"""
_STANDARD = re.compile(r"(?!dl|hpc|inf|mac|trn)[acdhimrtz]")
"""The instance families that these quotas cover; all others have quotas of their own."""
_PENDING = "PendingConfirmation"
_EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, slots=True)
class AwsFacts:
    """Facts about the account.

    Methods raise botocore's errors; :class:`RefusedError` where noted.
    """

    sns: "SNSClient"
    iam: "IAMClient"
    ec2: "EC2Client"
    quotas: "ServiceQuotasClient"
    s3: "S3Client"
    scheduler: "EventBridgeSchedulerClient"
    freetier: "FreeTierClient"
    dead_letters: DeadLetters

    def subscribers(self, topic_arn: str) -> list[Subscriber]:
        """All subscribers, including those who have not confirmed."""
        pages = self.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
        return [
            Subscriber(each["Protocol"], each["Endpoint"], each["SubscriptionArn"] != _PENDING)
            for page in pages
            for each in page["Subscriptions"]
            if each["SubscriptionArn"] != "Deleted"
        ]

    def has_spot_role(self) -> bool:
        """Whether EC2's service-linked role for spot exists."""
        try:
            self.iam.get_role(RoleName=SPOT_ROLE)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchEntity":
                raise
            return False
        return True

    def egress_routes(self, subnet_ids: Sequence[str]) -> list[EgressRoute]:
        """The route from each of these subnets to the internet."""
        subnets = self.ec2.describe_subnets(SubnetIds=list(subnet_ids))["Subnets"]
        vpcs = sorted({subnet["VpcId"] for subnet in subnets})
        pages = self.ec2.get_paginator("describe_route_tables").paginate(
            Filters=[{"Name": "vpc-id", "Values": vpcs}]
        )
        gateways: dict[str, str] = {}
        for page in pages:
            for table in page["RouteTables"]:
                for each in table["Associations"]:
                    # A subnet without a table of its own uses its VPC's main one.
                    place = each.get("SubnetId") or (table["VpcId"] if each.get("Main") else "")
                    gateways[place] = _default_gateway(table["Routes"])
        return [
            EgressRoute(
                subnet["SubnetId"],
                gateways.get(subnet["SubnetId"], gateways.get(subnet["VpcId"], "")),
            )
            for subnet in subnets
        ]

    def quota(self, market: str, instance_types: Sequence[str]) -> Quota | None:
        """The quota for this market; None if it covers none of the types that the region offers."""
        standard = [kind for kind in instance_types if _STANDARD.match(kind)]
        if not standard:
            return None
        pages = self.ec2.get_paginator("describe_instance_types").paginate(
            Filters=[{"Name": "instance-type", "Values": standard}]
        )
        offered = [each for page in pages for each in page["InstanceTypes"]]
        if not offered:
            return None
        need = min(each["VCpuInfo"]["DefaultVCpus"] for each in offered)
        code, refusal = QUOTAS[market]
        asked: Any = {"ServiceCode": "ec2", "QuotaCode": code}
        try:
            found = self.quotas.get_service_quota(**asked)
        except ClientError as error:
            # An account whose quota was never changed has only the default.
            if error.response["Error"]["Code"] != "NoSuchResourceException":
                raise
            found = self.quotas.get_aws_default_service_quota(**asked)
        return Quota(code, market, refusal, int(found["Quota"]["Value"]), need)

    def versioning(self, bucket: str) -> str:
        """``Enabled``, ``Suspended``, or empty if versioning was never enabled."""
        return self.s3.get_bucket_versioning(Bucket=bucket).get("Status", "")

    def encryption(self, bucket: str) -> tuple[str, str]:
        """The default encryption: the algorithm, and the id, ARN or alias of the KMS key.

        The key is empty for S3's own encryption and for the account's ``aws/s3``.
        """
        try:
            answer = self.s3.get_bucket_encryption(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ServerSideEncryptionConfigurationNotFoundError":
                raise
            return "AES256", ""
        rule = answer["ServerSideEncryptionConfiguration"]["Rules"][0]
        default = rule["ApplyServerSideEncryptionByDefault"]
        return default["SSEAlgorithm"], default.get("KMSMasterKeyID", "")

    def public_access(self, bucket: str) -> Mapping[str, bool]:
        """The four settings of Block Public Access; empty if none is set."""
        try:
            answer: Any = self.s3.get_public_access_block(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchPublicAccessBlockConfiguration":
                raise
            return {}
        settings: Mapping[str, bool] = answer["PublicAccessBlockConfiguration"]
        return settings

    def lifecycle(self, bucket: str) -> Sequence[Mapping[str, Any]]:
        """The bucket's lifecycle rules, as S3 returns them."""
        try:
            answer: Any = self.s3.get_bucket_lifecycle_configuration(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
                raise
            return ()
        rules: Sequence[Mapping[str, Any]] = answer["Rules"]
        return rules

    def schedule(self, group: str) -> tuple[str, str, str]:
        """Expression, time zone and state of the stack's schedule.

        Raises :class:`RefusedError` if somebody has deleted it.
        """
        try:
            found = self.scheduler.get_schedule(GroupName=group, Name="backup")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise RefusedError(
                "ScheduleExpression",
                "the schedule is gone, so nothing runs by itself "
                f"({code_and_message(error.response)}).",
                "Deploy with ScheduleState=DISABLED, then with ENABLED, to create it again.",
            ) from error
        zone = found.get("ScheduleExpressionTimezone", "UTC")
        return found["ScheduleExpression"], zone, found["State"]

    def account_plan(self) -> AccountPlan | None:
        """The account's plan; None if AWS has none for it."""
        try:
            found = self.freetier.get_account_plan_state()
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None
        return AccountPlan(
            found["accountPlanType"],
            found["accountPlanStatus"],
            found.get("accountPlanExpirationDate"),
        )


def _default_gateway(routes: Sequence[Any]) -> str:
    """The id of the gateway to which the default route leads; empty if there is none."""
    names = ("GatewayId", "NatGatewayId", "TransitGatewayId", "NetworkInterfaceId", "InstanceId")
    for route in routes:
        if route.get("DestinationCidrBlock") == _EVERYWHERE and route.get("State") == "active":
            return next((str(route[name]) for name in names if route.get(name)), "other")
    return ""
