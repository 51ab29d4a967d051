"""What AWS asks its policies for each call that the code makes.

One call may need several permissions; what a launch needs is in :mod:`tools.iam.run_instances`.
Sources: the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/) and, for keys, the services'
own pages. What no call shows (which tags an instance has) is written here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tools.iam.deployed import ACCOUNT, REGION, STACK, Deployed, arn
from tools.iam.judge import Request
from tools.iam.run_instances import Asked, Parameters, run_instances

TAG = "online-backup:stack"
OUR_TAGS = {f"aws:ResourceTag/{TAG}": STACK, f"ec2:ResourceTag/{TAG}": STACK}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of botocore's: ``operation`` is ``service.Operation``."""

    who: str
    operation: str
    parameters: Parameters


class UnknownCallError(Exception):
    """The code calls something that is not described here."""


def requests(call: Call, stack: Deployed) -> list[Request]:
    """Everything that must be allowed for the call. Raises :class:`UnknownCallError`."""
    describe = _KNOWN.get(call.operation)
    if describe is None:
        raise UnknownCallError(f"{call.operation} by {call.who}: add it to {__name__}")
    return [
        Request(call.who, action, resource, context)
        for action, resource, context in describe(call.parameters, stack)
    ]


def _describe(action: str) -> Callable[[Parameters, Deployed], Asked]:
    def asked(_: Parameters, __: Deployed) -> Asked:
        yield action, "*", {}

    return asked


def _table(action: str) -> Callable[[Parameters, Deployed], Asked]:
    def asked(parameters: Parameters, _: Deployed) -> Asked:
        yield action, arn("dynamodb", f"table/{parameters['TableName']}"), {}

    return asked


def _tables(parameters: Parameters, _: Deployed) -> Asked:
    for name in parameters["RequestItems"]:
        yield "dynamodb:BatchGetItem", arn("dynamodb", f"table/{name}"), {}


def _bucket(action: str) -> Callable[[Parameters, Deployed], Asked]:
    def asked(parameters: Parameters, _: Deployed) -> Asked:
        yield action, f"arn:aws:s3:::{parameters['Bucket']}", {}

    return asked


def _get(parameters: Parameters, stack: Deployed) -> Asked:
    if "VersionId" in parameters:
        yield "s3:GetObjectVersion", _object(parameters), {}
    else:
        yield "s3:GetObject", _object(parameters), {}
        # Without it a missing object reads as a forbidden one.
        yield "s3:ListBucket", f"arn:aws:s3:::{parameters['Bucket']}", {}
    yield from _bucket_key(stack, "kms:Decrypt")


_HEADERS = {
    "ACL": "s3:PutObjectAcl",
    "Tagging": "s3:PutObjectTagging",
    "ObjectLockMode": "s3:PutObjectRetention",
    "ObjectLockLegalHoldStatus": "s3:PutObjectLegalHold",
}
"""What a PUT needs beyond PutObject for a header that it carries."""


def _put(parameters: Parameters, stack: Deployed) -> Asked:
    yield "s3:PutObject", _object(parameters), {}
    for header in _HEADERS.keys() & parameters.keys():
        yield _HEADERS[header], _object(parameters), {}
    # Parts of an upload are read again when they are put together.
    yield from _bucket_key(stack, "kms:GenerateDataKey", "kms:Decrypt")


def _abort(parameters: Parameters, _: Deployed) -> Asked:
    yield "s3:AbortMultipartUpload", _object(parameters), {}


def _delete(parameters: Parameters, _: Deployed) -> Asked:
    for each in parameters["Delete"]["Objects"]:
        # A VersionId in it would take s3:DeleteObjectVersion.
        action = "s3:DeleteObjectVersion" if "VersionId" in each else "s3:DeleteObject"
        yield action, _object({**parameters, **each}), {}


def _object(parameters: Parameters) -> str:
    return f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}"


def _bucket_key(stack: Deployed, *actions: str) -> Asked:
    if stack.parameters["KmsKeyArn"]:
        via = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
        for action in actions:
            yield action, stack.parameters["KmsKeyArn"], via


def _publish(parameters: Parameters, stack: Deployed) -> Asked:
    yield "sns:Publish", parameters["TopicArn"], {}
    key = stack.properties("BackupTopic").get("KmsMasterKeyId")
    if key:
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            yield action, key, {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}


def _invoke(parameters: Parameters, _: Deployed) -> Asked:
    yield "lambda:InvokeFunction", parameters["FunctionName"], {}


def _create_schedule(parameters: Parameters, stack: Deployed) -> Asked:
    yield "scheduler:CreateSchedule", _schedule(parameters), {}
    role = parameters["Target"]["RoleArn"]
    yield "iam:PassRole", role, {"iam:PassedToService": "scheduler.amazonaws.com"}


def _delete_schedule(parameters: Parameters, _: Deployed) -> Asked:
    yield "scheduler:DeleteSchedule", _schedule(parameters), {}


def _schedule(parameters: Parameters) -> str:
    return arn("scheduler", f"schedule/{parameters['GroupName']}/{parameters['Name']}")


def _parameter(parameters: Parameters, stack: Deployed) -> Asked:
    name = parameters["Name"]
    # Public parameters belong to no account, which the evaluator takes for a malformed ARN.
    account = "000000000000" if name.startswith("/aws/service/") else ACCOUNT
    resource = arn("ssm", f"parameter{name}", account=account)
    yield "ssm:GetParameter", resource, {}
    if parameters.get("WithDecryption") and stack.parameters["GitHubTokenKeyArn"]:
        via = {"kms:ViaService": f"ssm.{REGION}.amazonaws.com"}
        yield "kms:Decrypt", stack.parameters["GitHubTokenKeyArn"], via


def _settings(parameters: Parameters, _: Deployed) -> Asked:
    for name in parameters["Names"]:
        yield "ssm:GetParameters", arn("ssm", f"parameter{name}"), {}


def _function_tags(parameters: Parameters, _: Deployed) -> Asked:
    yield "lambda:ListTags", parameters["Resource"], {}


def _topic(action: str) -> Callable[[Parameters, Deployed], Asked]:
    def asked(parameters: Parameters, _: Deployed) -> Asked:
        yield action, parameters["TopicArn"], {}

    return asked


def _queue(action: str) -> Callable[[Parameters, Deployed], Asked]:
    def asked(parameters: Parameters, _: Deployed) -> Asked:
        name = parameters.get("QueueName") or parameters["QueueUrl"].rpartition("/")[2]
        yield action, arn("sqs", name), {}

    return asked


def _role(parameters: Parameters, _: Deployed) -> Asked:
    # While a service-linked role does not exist, its path is not known either.
    for path in ("aws-service-role/spot.amazonaws.com/", ""):
        yield "iam:GetRole", arn("iam", f"role/{path}{parameters['RoleName']}", region=""), {}


def _quota(parameters: Parameters, _: Deployed) -> Asked:
    name = f"{parameters['ServiceCode']}/{parameters['QuotaCode']}"
    yield "servicequotas:GetServiceQuota", arn("servicequotas", name), {}


def _get_schedule(parameters: Parameters, _: Deployed) -> Asked:
    yield "scheduler:GetSchedule", _schedule(parameters), {}


def _our_instance(action: str, of: Callable[[Parameters], str]) -> Callable[..., Asked]:
    def asked(parameters: Parameters, _: Deployed) -> Asked:
        yield action, arn("ec2", f"instance/{of(parameters)}"), dict(OUR_TAGS)

    return asked


_KNOWN: dict[str, Callable[[Parameters, Deployed], Asked]] = {
    "dynamodb.BatchGetItem": _tables,
    "dynamodb.GetItem": _table("dynamodb:GetItem"),
    "dynamodb.PutItem": _table("dynamodb:PutItem"),
    "dynamodb.Scan": _table("dynamodb:Scan"),
    "ec2.DescribeInstances": _describe("ec2:DescribeInstances"),
    "ec2.DescribeInstanceTypes": _describe("ec2:DescribeInstanceTypes"),
    "ec2.DescribeRouteTables": _describe("ec2:DescribeRouteTables"),
    "ec2.DescribeSpotPriceHistory": _describe("ec2:DescribeSpotPriceHistory"),
    "ec2.DescribeSubnets": _describe("ec2:DescribeSubnets"),
    "ec2.GetConsoleOutput": _our_instance("ec2:GetConsoleOutput", lambda p: p["InstanceId"]),
    "ec2.GetSpotPlacementScores": _describe("ec2:GetSpotPlacementScores"),
    "ec2.RunInstances": run_instances,
    "ec2.TerminateInstances": _our_instance(
        "ec2:TerminateInstances", lambda p: p["InstanceIds"][0]
    ),
    "freetier.GetAccountPlanState": _describe("freetier:GetAccountPlanState"),
    "iam.GetRole": _role,
    "lambda.Invoke": _invoke,
    "lambda.ListTags": _function_tags,
    "s3.AbortMultipartUpload": _abort,
    "s3.CompleteMultipartUpload": _put,
    "s3.CreateMultipartUpload": _put,
    "s3.DeleteObjects": _delete,
    "s3.GetBucketEncryption": _bucket("s3:GetEncryptionConfiguration"),
    "s3.GetBucketLifecycleConfiguration": _bucket("s3:GetLifecycleConfiguration"),
    "s3.GetBucketVersioning": _bucket("s3:GetBucketVersioning"),
    "s3.GetObject": _get,
    "s3.GetPublicAccessBlock": _bucket("s3:GetBucketPublicAccessBlock"),
    "s3.HeadObject": _get,
    "s3.ListMultipartUploads": _bucket("s3:ListBucketMultipartUploads"),
    "s3.ListObjectsV2": _bucket("s3:ListBucket"),
    "s3.ListObjectVersions": _bucket("s3:ListBucketVersions"),
    "s3.PutObject": _put,
    "s3.UploadPart": _put,
    "scheduler.CreateSchedule": _create_schedule,
    "scheduler.DeleteSchedule": _delete_schedule,
    "scheduler.GetSchedule": _get_schedule,
    "service-quotas.GetAWSDefaultServiceQuota": _describe(
        "servicequotas:GetAWSDefaultServiceQuota"
    ),
    "service-quotas.GetServiceQuota": _quota,
    "sns.ListSubscriptionsByTopic": _topic("sns:ListSubscriptionsByTopic"),
    "sns.Publish": _publish,
    "sqs.GetQueueAttributes": _queue("sqs:GetQueueAttributes"),
    "sqs.GetQueueUrl": _queue("sqs:GetQueueUrl"),
    "ssm.GetParameter": _parameter,
    "ssm.GetParameters": _settings,
}


def distinct(calls: list[Call], stack: Deployed) -> list[Request]:
    """The requests of all calls; of those that differ by nothing but an id in a key, one."""
    found: dict[str, Request] = {}
    for call in calls:
        for request in requests(call, stack):
            shape = re.sub(r"[0-9a-f]{16,}|\d{4}-\d\d-\d\d[T0-9Z-]*", "…", repr(request))
            found.setdefault(shape, request)
    return list(found.values())
