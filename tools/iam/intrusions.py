"""What somebody would try who has taken over one part: every line of it must be refused.

Most are a needed request with one thing changed, so that it is this one thing that AWS refuses.
"""

from dataclasses import replace

from tools.iam.bucket_intrusions import ARCHIVE, history, objects_of_others
from tools.iam.calls import OUR_TAGS, TAG
from tools.iam.deployed import EVERYBODY, KEYS, OTHER_ACCOUNT, REGION, STACK, Deployed, arn
from tools.iam.judge import Intrusions, Request
from tools.iam.launch_intrusions import launches

FOREIGN_TAGS = {f"aws:ResourceTag/{TAG}": "other", f"ec2:ResourceTag/{TAG}": "other"}


def forbidden(needed: list[Request], stack: Deployed) -> Intrusions:
    """Each request with the reason why it must be refused."""
    yield from history(stack)
    yield from objects_of_others(stack)
    yield from launches(needed, stack)
    yield from _instances()
    yield from _roles(needed)
    yield from _parameters(stack)
    yield from _keys(needed)
    yield from _records()
    yield from _functions_and_schedules()
    yield from _messages()
    yield from _ways_in(stack)
    yield from _from_outside(needed, stack)


def _instances() -> Intrusions:
    instance = arn("ec2", "instance/i-0123456789abcdef0")
    for who in EVERYBODY:
        for action in ("ec2:TerminateInstances", "ec2:GetConsoleOutput"):
            yield "another's instance", Request(who, action, instance, FOREIGN_TAGS)
            yield "an untagged instance", Request(who, action, instance)
            if who != "ReporterRole":
                yield "the reporter's to do", Request(who, action, instance, OUR_TAGS)
        for action in (
            *("StopInstances", "StartInstances", "RebootInstances", "ModifyInstanceAttribute"),
            *("CreateTags", "DeleteTags", "ModifyInstanceMetadataOptions"),
            *("AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"),
        ):
            yield "not needed", Request(who, f"ec2:{action}", instance, OUR_TAGS)
        group = arn("ec2", "security-group/sg-0123456789abcdef0")
        yield "opening a port", Request(who, "ec2:AuthorizeSecurityGroupIngress", group)
        for action, resource in (
            ("ec2:RequestSpotInstances", "spot-instances-request/*"),
            ("ec2:RequestSpotFleet", "spot-fleet-request/*"),
            ("ec2:CreateFleet", "fleet/*"),
        ):
            yield "another way to launch", Request(who, action, arn("ec2", resource))
    yield "the instance sees no others", Request("InstanceRole", "ec2:DescribeInstances", "*")


def _roles(needed: list[Request]) -> Intrusions:
    for request in (each for each in needed if each.action == "iam:PassRole"):
        for service in ("lambda.amazonaws.com", "ec2.amazonaws.com", "scheduler.amazonaws.com"):
            if service != request.context["iam:PassedToService"]:
                yield "a role to another service", request.having(iam__PassedToService=service)
    services = ("ec2.amazonaws.com", "scheduler.amazonaws.com", "lambda.amazonaws.com")
    for who in EVERYBODY:
        for role in ("LauncherRole", "ReporterRole", "admin"):
            for service in services:
                resource, context = (
                    arn("iam", f"role/{role}", region=""),
                    {"iam:PassedToService": service},
                )
                yield "another role", Request(who, "iam:PassRole", resource, context)
        for role in ("InstanceRole", "LauncherRole", "admin"):
            resource = arn("iam", f"role/{role}", region="")
            for action in (
                "iam:PutRolePolicy",
                "iam:AttachRolePolicy",
                "iam:UpdateAssumeRolePolicy",
            ):
                yield "changing rights", Request(who, action, resource)
            yield "taking on another role", Request(who, "sts:AssumeRole", resource)
        yield "a new user", Request(who, "iam:CreateUser", arn("iam", "user/x", region=""))
    spot = arn(
        "iam", "role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot", region=""
    )
    for context in ({"iam:AWSServiceName": "spotfleet.amazonaws.com"}, {}):
        linked = Request("LauncherRole", "iam:CreateServiceLinkedRole", spot, context)
        yield "another service's role", linked


def _parameters(stack: Deployed) -> Intrusions:
    secret = stack.secret or "/onlinebackup/token"
    ours, other = arn("ssm", f"parameter{secret}"), arn("ssm", "parameter/other/secret")
    for who in EVERYBODY:
        for action in (
            "GetParameter",
            "GetParameters",
            "GetParameterHistory",
            "GetParametersByPath",
        ):
            yield "another parameter", Request(who, f"ssm:{action}", other)
        for action in ("GetParameters", "GetParameterHistory", "PutParameter", "DeleteParameter"):
            yield "more than reading the token", Request(who, f"ssm:{action}", ours)
        if not stack.secret or who not in (
            "LauncherRole",
            "InstanceRole",
        ):
            yield "the token", Request(who, "ssm:GetParameter", ours)
        secret = arn("secretsmanager", "secret:other")
        yield "secrets", Request(who, "secretsmanager:GetSecretValue", secret)


def _keys(needed: list[Request]) -> Intrusions:
    for request in (each for each in needed if each.action.startswith("kms:")):
        for via in (f"rds.{REGION}.amazonaws.com", "s3.us-east-1.amazonaws.com", None):
            yield "a key by another way", request.having(kms__ViaService=via)
        if "kms:GrantIsForAWSResource" in request.context:
            for grant in ("false", None):
                yield "a grant to somebody", request.having(kms__GrantIsForAWSResource=grant)
        yield "another key", replace(request, resource=KEYS["other"])
    for who in EVERYBODY:
        for name, key in KEYS.items():
            for action in ("ScheduleKeyDeletion", "PutKeyPolicy", "DisableKey", "Encrypt"):
                yield f"{name} is not ours to change", Request(who, f"kms:{action}", key)
            yield f"{name}, directly", Request(who, "kms:Decrypt", key)


def _records() -> Intrusions:
    ours, other = arn("dynamodb", "table/runs"), arn("dynamodb", "table/other")
    for who in EVERYBODY:
        for action in ("BatchGetItem", "GetItem", "PutItem", "Scan"):
            yield "another table", Request(who, f"dynamodb:{action}", other)
        for action in (
            "DeleteItem",
            "UpdateItem",
            "DeleteTable",
            "UpdateTable",
            "UpdateTimeToLive",
        ):
            yield "a run is never removed", Request(who, f"dynamodb:{action}", ours)
    for who in ("InstanceRole", "SchedulerRole"):
        for action in ("GetItem", "PutItem"):
            yield "runs are the functions'", Request(who, f"dynamodb:{action}", ours)


def _functions_and_schedules() -> Intrusions:
    launcher, reporter = (arn("lambda", f"function:{STACK}-{n}") for n in ("launcher", "reporter"))
    others = (arn("lambda", "function:other"), arn("lambda", f"function:{STACK}-other"))
    for who in EVERYBODY:
        for function in others:
            yield "another function", Request(who, "lambda:InvokeFunction", function)
        for function in (launcher, reporter):
            for action in ("UpdateFunctionCode", "UpdateFunctionConfiguration", "AddPermission"):
                yield "changing the functions", Request(who, f"lambda:{action}", function)
        other = arn("scheduler", "schedule/default/other")
        for action in ("CreateSchedule", "DeleteSchedule"):
            yield "another schedule group", Request(who, f"scheduler:{action}", other)
        ours = arn("scheduler", f"schedule/{STACK}/backup")
        yield "moving a schedule", Request(who, "scheduler:UpdateSchedule", ours)
        group = arn("scheduler", f"schedule-group/{STACK}")
        yield "all schedules", Request(who, "scheduler:DeleteScheduleGroup", group)
        for action in ("events:DisableRule", "events:DeleteRule"):
            yield "deafness", Request(who, action, arn("events", f"rule/{STACK}-x"))
    for function in (launcher, reporter):
        yield "it starts nothing", Request("InstanceRole", "lambda:InvokeFunction", function)
    yield "itself", Request("LauncherRole", "lambda:InvokeFunction", launcher)
    yield "itself", Request("ReporterRole", "lambda:InvokeFunction", reporter)
    for action in ("CreateSchedule", "DeleteSchedule"):
        for who in ("InstanceRole", "SchedulerRole"):
            ours = arn("scheduler", f"schedule/{STACK}/backup")
            yield "it keeps no schedule", Request(who, f"scheduler:{action}", ours)


def _messages() -> Intrusions:
    topic, queue = arn("sns", "topic"), arn("sqs", "dead")
    for who in EVERYBODY:
        yield "another topic", Request(who, "sns:Publish", arn("sns", "other"))
        for action in ("Subscribe", "DeleteTopic", "SetTopicAttributes", "AddPermission"):
            yield "who hears of it", Request(who, f"sns:{action}", topic)
        yield "another queue", Request(who, "sqs:SendMessage", arn("sqs", "other"))
        for action in ("ReceiveMessage", "DeleteMessage", "PurgeQueue", "DeleteQueue"):
            yield "dead letters stay", Request(who, f"sqs:{action}", queue)
        for name in ("launcher", "reporter"):
            group = arn("logs", f"log-group:/aws/lambda/{STACK}-{name}")
            yield "logs stay", Request(who, "logs:DeleteLogGroup", group)
            stream = f"{group}:log-stream:one"
            yield "logs stay", Request(who, "logs:DeleteLogStream", stream)
            if who != {"launcher": "LauncherRole", "reporter": "ReporterRole"}[name]:
                yield "another's log", Request(who, "logs:PutLogEvents", stream)
    for who in ("InstanceRole", "SchedulerRole"):
        yield "it mails nothing", Request(who, "sns:Publish", topic)
    yield "it fails by itself", Request("InstanceRole", "sqs:SendMessage", queue)


def _ways_in(stack: Deployed) -> Intrusions:
    instance = arn("ec2", "instance/i-0123456789abcdef0")
    for who in EVERYBODY:
        for action in ("ssm:StartSession", "ssm:SendCommand"):
            yield "a shell elsewhere", Request(who, action, instance)
        yield "what the managed policy adds", Request(who, "ec2messages:GetMessages", "*")
        if who != "InstanceRole" or stack.parameters["AllowSessionManager"] != "true":
            for action in ("ssmmessages:CreateControlChannel", "ssmmessages:OpenDataChannel"):
                yield "a shell that nobody asked for", Request(who, action, "*")
            update = "ssm:UpdateInstanceInformation"
            yield "a shell that nobody asked for", Request(who, update, instance)


def _from_outside(needed: list[Request], stack: Deployed) -> Intrusions:
    """Who has none of the roles, and who has one but speaks without TLS."""
    strangers = ("anonymous", f"account:{OTHER_ACCOUNT}")
    bucket = f"arn:aws:s3:::{stack.bucket}"
    existing = bool(stack.parameters["ExistingBucketName"])
    for who in strangers:
        for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObjectVersion"):
            yield "a stranger", Request(who, action, f"{bucket}/{ARCHIVE}")
        for action in ("s3:ListBucket", "s3:PutBucketPolicy"):
            yield "a stranger", Request(who, action, bucket)
        for action in ("sns:Publish", "sns:Subscribe"):
            yield "a stranger", Request(who, action, arn("sns", "topic"))
        for action in ("sqs:SendMessage", "sqs:ReceiveMessage"):
            yield "a stranger", Request(who, action, arn("sqs", "dead"))
        key = stack.properties("BackupTopic").get("KmsMasterKeyId")
        if key:
            yield "a stranger", Request(who, "kms:Decrypt", key)
    for service in ("events.amazonaws.com", "s3.amazonaws.com"):
        yield "a service that has no part", Request(service, "sns:Publish", arn("sns", "topic"))
    for service in ("cloudwatch.amazonaws.com", "sns.amazonaws.com"):
        yield "a service that has no part", Request(service, "sqs:SendMessage", arn("sqs", "dead"))
    for request in needed:
        protected = ("sns:Publish", "sqs:") if existing else ("s3:", "sns:Publish", "sqs:")
        if request.action.startswith(protected):
            yield "without TLS", request.having(aws__SecureTransport="false")
        if request.action == "s3:PutObject" and not existing:
            # SSE-C: the object can be read by nobody but whoever has the key.
            header = {"s3:x-amz-server-side-encryption-customer-algorithm": "AES256"}
            yield "a key of the caller's", replace(request, context={**request.context, **header})
