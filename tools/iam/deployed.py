"""The template as CloudFormation would deploy it: parameters filled in, conditions decided.

The transformed template is data with intrinsic functions in it; :func:`deploy` replaces each by
what CloudFormation would make of it, with invented names for what AWS names itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.iam.template import Template

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "999999999999"
REGION = "eu-central-1"
STACK = "stack"
BUCKET = "backups"
TOKEN_PARAMETER = "/onlinebackup/token"
KEY_NAME = "a-key-pair"
ROLE_ID = "AROAEXAMPLEOFAROLEID"
INSTANCE_ID = "i-0123456789abcdef0"
EVERYBODY = ("LauncherRole", "ReporterRole", "InstanceRole", "SchedulerRole")
"""Every role of the stack."""

PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
"""CloudFormation's own parameters."""
_NOTHING = object()


def arn(service: str, resource: str, *, region: str = REGION, account: str = ACCOUNT) -> str:
    """An ARN of this account and region unless said otherwise."""
    return f"arn:aws:{service}:{region}:{account}:{resource}"


KEYS = {
    name: arn("kms", f"key/{name}") for name in ("token-key", "bucket-key", "volume-key", "other")
}
"""KMS keys of the person's own, by name; their policies let the account's roles decide."""

_TOKEN = {"GitHubTokenParameter": TOKEN_PARAMETER}
_OWN_KEYS = {
    "GitHubTokenKeyArn": KEYS["token-key"],
    "KmsKeyArn": KEYS["bucket-key"],
    "VolumeKeyArn": KEYS["volume-key"],
    "EncryptTopic": "true",
}
_NETWORK = {"VpcId": "vpc-0123456789abcdef0", "KeyName": KEY_NAME, "SshCidr": "203.0.113.7/32"}
SHAPES: dict[str, dict[str, Any]] = {
    "default": {},
    "spot only": {"AllowOnDemand": "false"},
    "token": _TOKEN,
    "GitHub App": {"GitHubAppId": "1234", "GitHubAppKeyParameter": "/onlinebackup/app-key"},
    "keys of one's own": {**_TOKEN, **_OWN_KEYS},
    "object lock": {"ObjectLockDays": 30},
    "session manager": {"AllowSessionManager": "true"},
    "existing bucket": {"ExistingBucketName": BUCKET},
    "network of one's own": _NETWORK,
    "everything": {
        **_TOKEN,
        **_OWN_KEYS,
        **_NETWORK,
        "AllowOnDemand": "false",
        "AllowSessionManager": "true",
        "ObjectLockDays": 30,
    },
}
"""Stacks of every shape whose permissions differ, as their parameters."""

_REFERENCES = {
    "BackupBucket": BUCKET,
    "BackupTopic": arn("sns", "topic"),
    "RunTable": "runs",
    "ScheduleGroup": STACK,
}
_ATTRIBUTES = {
    "BackupBucket.Arn": f"arn:aws:s3:::{BUCKET}",
    "DeadLetterQueue.Arn": arn("sqs", "dead"),
    "DeadLetterQueue.QueueName": "dead",
    "InstanceRole.RoleId": ROLE_ID,
    "InstanceProfile.Arn": arn("iam", "instance-profile/profile", region=""),
    "InstanceSecurityGroup.GroupId": "sg-0123456789abcdef0",
    # CloudFormation has cut the stack's name, as it does with long ones.
    "ReporterFunctionSpotInterruption.Arn": arn("events", "rule/sta-ReporterFunctionSpot-2"),
    "ReporterFunctionTerminated.Arn": arn("events", "rule/sta-ReporterFunctionTerminated-1"),
    "RunTable.Arn": arn("dynamodb", "table/runs"),
    "SchedulerRole.Arn": arn("iam", "role/scheduler", region=""),
    "TopicKey.Arn": arn("kms", "key/topic-key"),
}


@dataclass(frozen=True, slots=True)
class Deployed:
    """What a stack consists of: each resource's type and properties by its name."""

    parameters: Mapping[str, Any]
    resources: Mapping[str, Mapping[str, Any]] = field(repr=False)
    made: Callable[[Any], Any] = field(repr=False)
    """Makes of another part of the template, an output say, what CloudFormation would."""

    def properties(self, name: str) -> Any:
        """A resource's properties."""
        return self.resources[name].get("Properties", {})

    @property
    def bucket(self) -> str:
        """The bucket's name, be it the stack's or an existing one."""
        return str(self.parameters["ExistingBucketName"] or BUCKET)

    @property
    def secret(self) -> str:
        """The name of the parameter that holds the token, or the App's private key, if any does."""
        given = self.parameters
        return str(given["GitHubAppKeyParameter"] or given["GitHubTokenParameter"])

    def roles(self) -> list[str]:
        """The names of all roles."""
        return [n for n, each in self.resources.items() if each["Type"] == "AWS::IAM::Role"]

    def policy(self, role: str) -> dict[str, Any]:
        """A role's inline policies as one document."""
        documents = [each["PolicyDocument"] for each in self.properties(role)["Policies"]]
        statements = [statement for each in documents for statement in each["Statement"]]
        return {"Version": "2012-10-17", "Statement": statements}

    def statements(self, role: str) -> list[dict[str, Any]]:
        """A role's statements."""
        found: list[dict[str, Any]] = self.policy(role)["Statement"]
        return found

    def trust(self, role: str) -> dict[str, Any]:
        """Who may take a role on."""
        found: dict[str, Any] = self.properties(role)["AssumeRolePolicyDocument"]
        return found

    def resource_policy(self, resource: str) -> dict[str, Any] | None:
        """The policy that is attached to the resource with this ARN, if any is."""
        if resource in KEYS.values():
            return _key_policy()
        role = re.match(r"arn:aws:iam::\d+:role/(.+)", resource)
        if role:
            name = {"scheduler": "SchedulerRole"}.get(role[1], role[1])
            return self.trust(name) if name in self.resources else None
        owner = {
            f"arn:aws:s3:::{BUCKET}": ("BackupBucketPolicy", "PolicyDocument"),
            _ATTRIBUTES["TopicKey.Arn"]: ("TopicKey", "KeyPolicy"),
            _REFERENCES["BackupTopic"]: ("BackupTopicPolicy", "PolicyDocument"),
            _ATTRIBUTES["DeadLetterQueue.Arn"]: ("DeadLetterQueuePolicy", "PolicyDocument"),
        }.get(re.sub(r"^(arn:aws:s3:::[^/]+)/.*", r"\1", resource))
        if owner is None or owner[0] not in self.resources:
            return None
        found: dict[str, Any] = self.properties(owner[0])[owner[1]]
        return found


def deploy(template: Template, **parameters: Any) -> Deployed:
    """The stack that these parameters make, the others at their defaults."""
    values = {
        name: parameters.get(name, each.get("Default", f"some-{name}"))
        for name, each in template.source["Parameters"].items()
    }
    assert set(parameters) <= set(values), set(parameters) - set(values)
    maker = _Maker({**PSEUDO, **values}, template.source["Conditions"])
    resources = {
        name: maker.made({k: v for k, v in each.items() if k in ("Type", "Properties")})
        for name, each in template.resources.items()
        if "Condition" not in each or maker.holds(each["Condition"])
    }
    return Deployed(values, resources, maker.made)


class _Maker:
    def __init__(self, values: Mapping[str, Any], conditions: Mapping[str, Any]) -> None:
        self._values = values
        self._conditions = conditions

    def holds(self, condition: str) -> bool:
        return bool(self.made(self._conditions[condition]))

    def made(self, part: Any) -> Any:
        """The part with every intrinsic function replaced; what is AWS::NoValue is left out."""
        if isinstance(part, list):
            return [each for each in map(self.made, part) if each is not _NOTHING]
        if not isinstance(part, Mapping):
            return part
        if len(part) == 1:
            (function, argument), *_ = part.items()
            make = getattr(self, "_" + function.replace("::", "_"), None)
            if make is not None:
                return make(argument)
            assert not function.startswith("Fn::"), function
        made = {key: self.made(value) for key, value in part.items()}
        return {key: value for key, value in made.items() if value is not _NOTHING}

    def _Ref(self, name: str) -> Any:  # noqa: N802 -- named as CloudFormation names it
        if name == "AWS::NoValue":
            return _NOTHING
        return self._values.get(name, _REFERENCES.get(name, name))

    def _Condition(self, name: Any) -> Any:  # noqa: N802
        return self.holds(name) if isinstance(name, str) else {"Condition": self.made(name)}

    def _Fn_GetAtt(self, path: Any) -> str:  # noqa: N802
        name, attribute = path if isinstance(path, list) else path.split(".")
        known = _ATTRIBUTES.get(f"{name}.{attribute}")
        return known or arn("iam", f"role/{name}", region="")

    def _Fn_Sub(self, argument: Any) -> str:  # noqa: N802
        text, extra = argument if isinstance(argument, list) else (argument, {})
        local = {name: self.made(value) for name, value in extra.items()}

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name in local:
                return str(local[name])
            return str(self._Fn_GetAtt(name) if "." in name else self._Ref(name))

        # ``${!aws:userid}`` is left to IAM, as ``${aws:userid}``.
        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", value, text).replace("${!", "${")

    def _Fn_If(self, argument: list[Any]) -> Any:  # noqa: N802
        condition, yes, no = argument
        return self.made(yes if self.holds(condition) else no)

    def _Fn_Equals(self, argument: list[Any]) -> bool:  # noqa: N802
        one, other = map(self.made, argument)
        return str(one) == str(other)

    def _Fn_Not(self, argument: list[Any]) -> bool:  # noqa: N802
        return not self.made(argument[0])

    def _Fn_And(self, argument: list[Any]) -> bool:  # noqa: N802
        return all(map(self.made, argument))

    def _Fn_Or(self, argument: list[Any]) -> bool:  # noqa: N802
        return any(map(self.made, argument))

    def _Fn_Split(self, argument: list[Any]) -> list[str]:  # noqa: N802
        separator, text = argument
        return str(self.made(text)).split(separator)

    def _Fn_Join(self, argument: list[Any]) -> str:  # noqa: N802
        separator, parts = argument
        return str(separator).join(map(str, self.made(parts)))


def _key_policy() -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": arn("iam", "root", region="")},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
