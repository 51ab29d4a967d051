"""What AWS asks its policies for a launch: the hardest call, judged for every resource it uses.

Sources: the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html) and, for
the key of an encrypted volume, EBS's own page. What no call shows (whose image an AMI is, which VPC
a subnet is in) is written here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tools.iam.deployed import ACCOUNT, REGION, Deployed, arn

Parameters = Mapping[str, Any]
Asked = Iterator[tuple[str, str, dict[str, Any]]]
"""Action, resource and context of each request that a policy must allow."""
VPC = "vpc-0123456789abcdef0"


def run_instances(parameters: Parameters, stack: Deployed) -> Asked:
    """All that must be allowed for one RunInstances."""
    metadata = parameters["MetadataOptions"]
    market = parameters.get("InstanceMarketOptions", {}).get("MarketType", "on-demand")
    (network,) = parameters["NetworkInterfaces"]
    (disk,) = parameters["BlockDeviceMappings"]
    shared = {"ec2:Region": REGION}
    vpc = {"ec2:Vpc": arn("ec2", f"vpc/{VPC}")}
    tags = {
        each["ResourceType"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        for each in parameters["TagSpecifications"]
    }

    def of(resource: str, context: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
        kind = resource.partition("/")[0]
        tagged = _request_tags(tags.get(kind, {}))
        account = "" if kind == "image" else ACCOUNT
        where = arn("ec2", resource, account=account)
        return "ec2:RunInstances", where, {**shared, **tagged, **context}

    yield of(
        "instance/i-0123456789abcdef0",
        {
            "ec2:InstanceType": parameters["InstanceType"],
            "ec2:InstanceMarketType": market,
            "ec2:InstanceProfile": parameters["IamInstanceProfile"]["Arn"],
            "ec2:MetadataHttpTokens": metadata["HttpTokens"],
            "ec2:MetadataHttpPutResponseHopLimit": str(metadata["HttpPutResponseHopLimit"]),
            "ec2:MetadataHttpEndpoint": metadata["HttpEndpoint"],
        },
    )
    yield of(f"image/{parameters['ImageId']}", {"ec2:Owner": "amazon", "ec2:Public": "true"})
    yield of(f"subnet/{network['SubnetId']}", {**vpc, "ec2:SubnetID": network["SubnetId"]})
    for group in network["Groups"]:
        yield of(f"security-group/{group}", {**vpc, "ec2:SecurityGroupID": group})
    subnet = {**vpc, "ec2:Subnet": arn("ec2", f"subnet/{network['SubnetId']}")}
    public = {"ec2:AssociatePublicIpAddress": str(network["AssociatePublicIpAddress"]).lower()}
    yield of("network-interface/eni-0123456789abcdef0", {**subnet, **public})
    yield of(
        "volume/vol-0123456789abcdef0",
        {
            "ec2:Encrypted": str(disk["Ebs"]["Encrypted"]).lower(),
            "ec2:VolumeSize": str(disk["Ebs"]["VolumeSize"]),
            "ec2:VolumeType": disk["Ebs"]["VolumeType"],
        },
    )
    if market == "spot":
        yield of("spot-instances-request/sir-01234567", {})
    if "KeyName" in parameters:
        yield of(f"key-pair/{parameters['KeyName']}", {"ec2:KeyPairName": parameters["KeyName"]})
    for kind, given in tags.items():
        resource = {"instance": "instance/i-0123456789abcdef0"}.get(kind, f"{kind}/vol-01234567")
        yield (
            "ec2:CreateTags",
            arn("ec2", resource),
            {"ec2:CreateAction": "RunInstances", **_request_tags(given)},
        )
    yield (
        "iam:PassRole",
        arn("iam", "role/InstanceRole", region=""),
        {"iam:PassedToService": "ec2.amazonaws.com"},
    )
    yield from _volume_key(stack)


def _request_tags(tags: Mapping[str, str]) -> dict[str, Any]:
    if not tags:
        return {}
    named: dict[str, Any] = {f"aws:RequestTag/{name}": value for name, value in tags.items()}
    return {**named, "aws:TagKeys": list(tags)}


def _volume_key(stack: Deployed) -> Asked:
    # https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
    key = stack.parameters["VolumeKeyArn"]
    via = {"kms:ViaService": f"ec2.{REGION}.amazonaws.com"}
    if key:
        for name in ("Decrypt", "DescribeKey", "GenerateDataKeyWithoutPlaintext"):
            yield f"kms:{name}", key, via
        for name in ("ReEncryptFrom", "ReEncryptTo"):
            yield f"kms:{name}", key, via
        yield "kms:CreateGrant", key, {**via, "kms:GrantIsForAWSResource": "true"}
