"""What somebody would try who may launch: another instance than the stack's own."""

from dataclasses import replace

from tools.iam.calls import TAG
from tools.iam.deployed import ACCOUNT, OTHER_ACCOUNT, REGION, Deployed, arn
from tools.iam.judge import Intrusions, Request


def launches(needed: list[Request], stack: Deployed) -> Intrusions:
    """Launches with one thing changed, and launches by who launches nothing."""
    for request in needed:
        if request.action != "ec2:RunInstances":
            continue
        kind = request.resource.rsplit(":", 1)[1].partition("/")[0]
        elsewhere = request.resource.replace(REGION, "us-east-1")
        yield "another region", replace(request, resource=elsewhere)
        if kind == "instance":
            yield from _instance_launches(request, stack)
        elif kind == "image":
            for owner in (ACCOUNT, OTHER_ACCOUNT, "aws-marketplace", None):
                yield "an image not of Amazon's", request.having(ec2__Owner=owner)
        elif kind == "security-group":
            group = arn("ec2", "security-group/sg-0fedcba9876543210")
            yield "another security group", replace(request, resource=group)
        elif kind == "subnet" and stack.parameters["SubnetIds"]:
            other = replace(request, resource=arn("ec2", "subnet/subnet-0fedcba9876543210"))
            yield "another subnet", other.having(ec2__SubnetID="subnet-0fedcba9876543210")
    for resource in (
        *("key-pair/other", "snapshot/snap-0123456789abcdef0", "placement-group/other"),
        *("launch-template/lt-0123456789abcdef0", "capacity-reservation/cr-0123456789abcdef0"),
    ):
        where = arn("ec2", resource, account="" if resource.startswith("snapshot") else ACCOUNT)
        yield "with other parts", Request("LauncherRole", "ec2:RunInstances", where)
    tagged = [each for each in needed if each.action == "ec2:CreateTags"]
    for request in tagged:
        yield "tagging what exists", request.having(ec2__CreateAction=None)
        yield "tagging other creations", request.having(ec2__CreateAction="CreateVolume")
        for stack_name in ("other", None):
            yield "another's tag", _tagged(request, stack_name)
    for who in ("ReporterRole", "InstanceRole", "SchedulerRole"):
        for request in (each for each in needed if each.action == "ec2:RunInstances"):
            yield "who launches nothing", replace(request, who=who)


def _instance_launches(request: Request, stack: Deployed) -> Intrusions:
    for tokens in ("optional", None):
        yield "without IMDSv2", request.having(ec2__MetadataHttpTokens=tokens)
    for hops in ("2", "64", None):
        limit = request.having(ec2__MetadataHttpPutResponseHopLimit=hops)
        yield "metadata for containers", limit
    for stack_name in ("other", None):
        yield "without our tag", _tagged(request, stack_name)
    for profile in (arn("iam", "instance-profile/admin", region=""), None):
        yield "with another profile", request.having(ec2__InstanceProfile=profile)
    yield "a type not listed", request.having(ec2__InstanceType="p5.48xlarge")
    if stack.parameters["AllowOnDemand"] == "false":
        for market in ("on-demand", "capacity-block", None):
            yield "on demand", request.having(ec2__InstanceMarketType=market)


def _tagged(request: Request, stack_name: str | None) -> Request:
    kept = {k: v for k, v in request.context.items() if k != f"aws:RequestTag/{TAG}"}
    added = {f"aws:RequestTag/{TAG}": stack_name} if stack_name else {}
    return replace(request, context={**kept, **added})
