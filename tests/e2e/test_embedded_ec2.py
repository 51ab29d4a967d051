"""The embedded cloud is as unkind as EC2 is."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.session import Session

ARM = "ami-0a64a1b2c3d4e5f60"
tokens = (f"token-{number}" for number in itertools.count())


@pytest.fixture
def ec2(cloud: Session) -> Any:
    return cloud.client("ec2")


def request(script: str = "shutdown -P now", **changes: Any) -> dict[str, Any]:
    """RunInstances' arguments for a spot instance that runs ``script``."""
    return {
        "ImageId": ARM,
        "InstanceType": "c7g.medium",
        "MinCount": 1,
        "MaxCount": 1,
        "SubnetId": "subnet-00000001",
        "InstanceMarketOptions": {"MarketType": "spot"},
        "InstanceInitiatedShutdownBehavior": "terminate",
        "UserData": f"#!/bin/bash\n{script}\n",
        **changes,
    }


def refusal(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code that a call meets."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def ended(cloud: Session, instance_id: str) -> dict[str, Any]:
    """The instance, once it is terminated."""

    def look() -> dict[str, Any] | None:
        found = next(each for each in cloud.get("instances") if each["id"] == instance_id)
        return found if found["state"] == "terminated" else None

    return cloud.wait_for(f"{instance_id} to end", look, seconds=60)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"DryRun": True}, "DryRunOperation"),
        ({"ImageId": "ami-0123456789abcdef1"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "al2023"}, "InvalidAMIID.Malformed"),
        ({"InstanceType": "c7g.enormous"}, "InvalidParameterValue"),
        ({"InstanceType": "c7i.large"}, "InvalidParameterValue"),  # another architecture
        ({"SubnetId": "subnet-0000000f"}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-0000000f"]}, "InvalidGroup.NotFound"),
        ({"KeyName": "lost"}, "InvalidKeyPair.NotFound"),
        ({"IamInstanceProfile": {"Name": "nobody"}}, "InvalidParameterValue"),
        ({"UserData": "x" * 16385}, "InvalidParameterValue"),
        ({"ClientToken": "x" * 65}, "InvalidParameterValue"),
        (
            {
                "InstanceMarketOptions": {
                    "MarketType": "spot",
                    "SpotOptions": {"MaxPrice": "0.002"},
                }
            },
            "SpotMaxPriceTooLow",
        ),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 4}}]},
            "InvalidBlockDeviceMapping",
        ),
        (
            {
                "MetadataOptions": {"InstanceMetadataTags": "enabled"},
                "TagSpecifications": [
                    {"ResourceType": "instance", "Tags": [{"Key": "a/b", "Value": "c"}]}
                ],
            },
            "InvalidParameterValue",
        ),
        (
            {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-00000001"}]},
            "InvalidParameterCombination",
        ),
    ],
)
def test_a_bad_launch_is_refused_with_awss_code(
    ec2: Any, changes: dict[str, Any], code: str
) -> None:
    assert refusal(ec2.run_instances, **request(**changes)) == code


def test_a_client_token_launches_once_in_each_zone(cloud: Session, ec2: Any) -> None:
    call = request(ClientToken=next(tokens))
    first, again = (ec2.run_instances(**call)["Instances"][0]["InstanceId"] for _ in range(2))
    elsewhere = ec2.run_instances(**{**call, "SubnetId": "subnet-00000002"})["Instances"][0]
    assert first == again
    assert elsewhere["InstanceId"] != first
    changed = {**call, "UserData": "#!/bin/bash\nshutdown -P now # changed\n"}
    assert refusal(ec2.run_instances, **changed) == "IdempotentParameterMismatch"
    ended(cloud, first)


def test_a_new_instance_cannot_be_seen_at_once_and_a_terminated_one_has_no_tags(
    cloud: Session, ec2: Any
) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "mine", "Value": "yes"}]}]
    token = next(tokens)
    launched = ec2.run_instances(**request("sleep 60", ClientToken=token, TagSpecifications=tags))[
        "Instances"
    ][0]["InstanceId"]
    by_token = {"Filters": [{"Name": "client-token", "Values": [token]}]}
    assert ec2.describe_instances(**by_token)["Reservations"] == []

    def seen() -> list[Any] | None:
        return ec2.describe_instances(**by_token)["Reservations"] or None

    cloud.wait_for("the instance to be seen", seen, seconds=20)
    by_tag = {"Filters": [{"Name": "tag:mine", "Values": ["yes"]}]}
    assert ec2.describe_instances(**by_tag)["Reservations"]
    ec2.terminate_instances(InstanceIds=[launched])
    assert ended(cloud, launched)["reason"] == "Client.UserInitiatedShutdown"
    assert ec2.describe_instances(**by_tag)["Reservations"] == []
    assert ec2.describe_instances(**by_token)["Reservations"]


def test_unknown_filters_are_refused(ec2: Any) -> None:
    filters = [{"Name": "colour", "Values": ["blue"]}]
    assert refusal(ec2.describe_instances, Filters=filters) == "InvalidParameterValue"


def test_a_shutdown_without_the_terminate_behaviour_leaves_a_stopped_instance(
    cloud: Session, ec2: Any
) -> None:
    call = request(InstanceMarketOptions={}, InstanceInitiatedShutdownBehavior="stop")
    launched = ec2.run_instances(**call)["Instances"][0]["InstanceId"]

    def stopped() -> bool | None:
        states = {each["id"]: each["state"] for each in cloud.get("instances")}
        return True if states[launched] == "stopped" else None

    cloud.wait_for("it to stop", stopped, seconds=60)


def test_a_pool_without_capacity_answers_with_a_server_error(cloud: Session, ec2: Any) -> None:
    code = "InsufficientInstanceCapacity"
    cloud.post("faults", {"pool": "c7g.large/eu-central-1b", "code": code})
    call = request(InstanceType="c7g.large", SubnetId="subnet-00000002")
    with pytest.raises(ClientError) as caught:
        ec2.run_instances(**call)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    ended(cloud, ec2.run_instances(**call)["Instances"][0]["InstanceId"])


def test_metadata_needs_a_token_and_gives_the_roles_rights_and_no_more(
    cloud: Session, ec2: Any
) -> None:
    iam = cloud.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
    iam.create_role(RoleName="guest", AssumeRolePolicyDocument=json.dumps(trust))
    iam.create_instance_profile(InstanceProfileName="guests")
    iam.add_role_to_instance_profile(InstanceProfileName="guests", RoleName="guest")
    script = r"""
python3.13 - <<'PYTHON'
import os, urllib.error, urllib.request
base = os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] + "/latest/"
def ask(path, method="GET", **headers):
    request = urllib.request.Request(base + path, method=method, headers=headers)
    try:
        return urllib.request.urlopen(request).read().decode()
    except urllib.error.HTTPError as error:
        return error.code
print("without", ask("meta-data/instance-id"))
ttl = "X-aws-ec2-metadata-token-ttl-seconds"
token = ask("api/token", "PUT", **{ttl: "60"})
with_token = {"X-aws-ec2-metadata-token": token}
print("no ttl", ask("api/token", "PUT"))
print("id", ask("meta-data/instance-id", **with_token))
print("notice", ask("meta-data/spot/instance-action", **with_token))
print("tag", ask("meta-data/tags/instance/mine", **with_token))
PYTHON
export AWS_DEFAULT_REGION=eu-central-1
aws s3api list-buckets 2>&1 | grep -o AccessDenied
aws sts get-caller-identity --query Arn --output text
shutdown -P now
"""
    launched = ec2.run_instances(
        **request(
            script,
            IamInstanceProfile={"Name": "guests"},
            MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": "mine", "Value": "yes"}]}
            ],
        )
    )["Instances"][0]["InstanceId"]
    printed = ended(cloud, launched)["console"].splitlines()
    assert printed[-7:-1] == [
        "without 401",
        "no ttl 400",
        f"id {launched}",
        "notice 404",
        "tag yes",
        "AccessDenied",
    ]
    assert printed[-1].endswith(f":assumed-role/guest/{launched}")


def test_a_policy_may_let_each_instance_put_below_its_own_id_alone(
    cloud: Session, ec2: Any
) -> None:
    iam, s3 = cloud.client("iam"), cloud.client("s3")
    service = {"Service": "ec2.amazonaws.com"}
    trust = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
    own = "arn:aws:s3:::of-writers/${aws:userid}/*"
    put = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": own}
    iam.create_role(RoleName="writer", AssumeRolePolicyDocument=json.dumps({"Statement": trust}))
    iam.put_role_policy(
        RoleName="writer", PolicyName="own", PolicyDocument=json.dumps({"Statement": [put]})
    )
    iam.create_instance_profile(InstanceProfileName="writers")
    iam.add_role_to_instance_profile(InstanceProfileName="writers", RoleName="writer")
    where = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket="of-writers", CreateBucketConfiguration=where)
    script = """
export AWS_DEFAULT_REGION=eu-central-1
echo hello >said
me="$(aws sts get-caller-identity --query UserId --output text)"
aws s3 cp --only-show-errors said "s3://of-writers/${me}/said"
aws s3 cp --only-show-errors said "s3://of-writers/${me}x/said" 2>&1 | grep -o AccessDenied
shutdown -P now
"""
    profile = {"Name": "writers"}
    launched = ec2.run_instances(**request(script, IamInstanceProfile=profile))["Instances"][0]
    assert ended(cloud, launched["InstanceId"])["console"].splitlines()[-1] == "AccessDenied"
    role_id = iam.get_role(RoleName="writer")["Role"]["RoleId"]
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="of-writers")["Contents"]]
    assert keys == [f"{role_id}:{launched['InstanceId']}/said"]


def test_a_reclaimed_instance_gets_notice_and_then_ends(cloud: Session, ec2: Any) -> None:
    script = r"""
python3.13 - <<'PYTHON'
import os, time, urllib.error, urllib.request
base = os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] + "/latest/"
print("watching", flush=True)
while True:
    try:
        print(urllib.request.urlopen(base + "meta-data/spot/instance-action").read(), flush=True)
        break
    except urllib.error.HTTPError:
        time.sleep(0.05)
PYTHON
sleep 60
"""
    options = {"HttpTokens": "optional"}
    launched = ec2.run_instances(**request(script, MetadataOptions=options))["Instances"][0]
    cloud.wait_for(
        "the guest to watch",
        lambda: any("watching" in each["console"] for each in cloud.get("instances")) or None,
        seconds=60,
    )
    cloud.post(f"instances/{launched['InstanceId']}/interrupt", {"notice_seconds": 1.5})
    instance = ended(cloud, launched["InstanceId"])
    assert instance["reason"] == "Server.SpotInstanceTermination"
    assert '"action": "terminate"' in instance["console"]


def test_console_output_and_user_data_can_be_read(cloud: Session, ec2: Any) -> None:
    launched = ec2.run_instances(**request("echo hello; shutdown -P now"))["Instances"][0]
    instance_id = launched["InstanceId"]
    ended(cloud, instance_id)
    cloud.wait_for(
        "the instance to be seen",
        lambda: (
            ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [instance_id]}])[
                "Reservations"
            ]
            or None
        ),
        seconds=20,
    )
    assert "hello" in ec2.get_console_output(InstanceId=instance_id)["Output"]
    kept = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
    assert kept["UserData"]["Value"]


def test_spot_prices_differ_by_zone_and_come_in_pages(ec2: Any) -> None:
    first = ec2.describe_spot_price_history(InstanceTypes=["c7g.medium", "c7i.large"])
    assert first["NextToken"]
    pages = ec2.get_paginator("describe_spot_price_history").paginate(
        InstanceTypes=["c7g.medium", "c7i.large"]
    )
    quotes = [quote for page in pages for quote in page["SpotPriceHistory"]]
    assert len({(q["InstanceType"], q["AvailabilityZone"]) for q in quotes}) == 6
    assert len({q["SpotPrice"] for q in quotes if q["InstanceType"] == "c7g.medium"}) > 3


def test_instance_types_have_their_architecture(ec2: Any) -> None:
    names = ["c7g.medium", "t4g.small", "m6gd.large", "c7i.large", "t3.small", "m5.large"]
    answer = ec2.describe_instance_types(InstanceTypes=names)["InstanceTypes"]
    kinds = {
        each["InstanceType"]: each["ProcessorInfo"]["SupportedArchitectures"] for each in answer
    }
    assert [name for name in names if kinds[name] == ["arm64"]] == names[:3]
    unknown = refusal(ec2.describe_instance_types, InstanceTypes=["c99.huge"])
    assert unknown == "InvalidInstanceType"


def test_a_filter_leaves_out_the_types_that_the_region_lacks(ec2: Any) -> None:
    names = ["c99.huge", "c7g.medium", "m7i-flex.large"]
    wanted = [{"Name": "instance-type", "Values": names}]
    answer = ec2.describe_instance_types(Filters=wanted)["InstanceTypes"]
    assert [each["InstanceType"] for each in answer] == names[1:]


def test_each_zone_has_a_placement_score(ec2: Any) -> None:
    answer = ec2.get_spot_placement_scores(
        InstanceTypes=["c7g.medium"],
        TargetCapacity=1,
        SingleAvailabilityZone=True,
        RegionNames=["eu-central-1"],
    )
    scored = {each["AvailabilityZoneId"] for each in answer["SpotPlacementScores"]}
    subnets = ec2.describe_subnets()["Subnets"]
    assert scored == {each["AvailabilityZoneId"] for each in subnets}
