"""Interprets EC2's refusals: what each rules out, what to do, and why no pool launched. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.model.run import Outcome, PoolAnswer


class Kind(StrEnum):
    """What a refused request for one pool says about the others.

    ``UNSETTLED`` may pass in a minute: EC2 may not yet know resources that were just deployed. It
    is never stored: the same refusal after some minutes becomes ``ACCOUNT``.
    """

    POOL = "pool"
    SUBNET = "subnet"
    ZONE = "zone"
    TYPE = "type"
    SPOT = "spot"
    ON_DEMAND = "on-demand"
    ACCOUNT = "account"
    AMBIGUOUS = "ambiguous"
    UNSETTLED = "unsettled"


_SPOT_ROLE = "AuthFailure.ServiceLinkedRoleCreationNotPermitted"

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
_KINDS = {
    "InsufficientInstanceCapacity": Kind.POOL,
    "InsufficientCapacityOnHost": Kind.POOL,
    "InsufficientHostCapacity": Kind.POOL,
    "InsufficientReservedInstanceCapacity": Kind.POOL,
    "UnfulfillableCapacity": Kind.POOL,
    "SpotMaxPriceTooLow": Kind.POOL,
    "InsufficientFreeAddressesInSubnet": Kind.SUBNET,
    "InsufficientVolumeCapacity": Kind.ZONE,
    "VolumeTypeNotAvailableInZone": Kind.ZONE,
    "InvalidInstanceType": Kind.TYPE,
    "MaxSpotInstanceCountExceeded": Kind.SPOT,
    _SPOT_ROLE: Kind.SPOT,
    "VcpuLimitExceeded": Kind.ON_DEMAND,
    "InstanceLimitExceeded": Kind.ON_DEMAND,
    "RequestLimitExceeded": Kind.AMBIGUOUS,
    "Throttling": Kind.AMBIGUOUS,
    "ThrottlingException": Kind.AMBIGUOUS,
    "Unavailable": Kind.AMBIGUOUS,
    "ServiceUnavailable": Kind.AMBIGUOUS,
    "InternalError": Kind.AMBIGUOUS,
    "InternalFailure": Kind.AMBIGUOUS,
    "ServerInternal": Kind.AMBIGUOUS,
    "RequestTimeout": Kind.AMBIGUOUS,
    "IdempotentParameterMismatch": Kind.AMBIGUOUS,  # an earlier call of ours did launch
    "AuthFailure": Kind.ACCOUNT,
    "Blocked": Kind.ACCOUNT,
    "InvalidAMIID.NotFound": Kind.ACCOUNT,
    "InvalidBlockDeviceMapping": Kind.ACCOUNT,
    "InvalidKeyPair.NotFound": Kind.ACCOUNT,
    "InvalidParameter": Kind.ACCOUNT,
    "OptInRequired": Kind.ACCOUNT,
    "PendingVerification": Kind.ACCOUNT,
    "UnauthorizedOperation": Kind.ACCOUNT,
}

_ABOUT_THE_FREE_PLAN = ("free tier", "free plan")
_ABOUT_A_TYPE = ("instance type", *_ABOUT_THE_FREE_PLAN)

_REMEDIES = {
    "MaxSpotInstanceCountExceeded": (
        "Ask for a higher spot quota (Service Quotas, EC2, 'All Standard Spot Instance Requests')."
    ),
    "VcpuLimitExceeded": (
        "Ask for a higher on-demand quota (Service Quotas, EC2, "
        "'Running On-Demand Standard instances')."
    ),
    _SPOT_ROLE: (
        "For spot instances run once: "
        "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com"
    ),
    "InvalidKeyPair.NotFound": (
        "KeyName names no key pair of this region: create it here, or leave KeyName empty."
    ),
    "InvalidGroup.NotFound": (
        "Somebody deleted the stack's security group: delete the stack, and deploy it again with "
        "ExistingBucketName."
    ),
    "InvalidParameter": (
        "If it speaks of different networks, SubnetIds are not of VpcId (empty: of the default "
        "VPC): deploy with both."
    ),
    "InvalidSubnetID.NotFound": "Correct SubnetIds: this region has no such subnet.",
    "InvalidAMIID.NotFound": "Deploy the stack in the region that it is meant for.",
    "UnauthorizedOperation": (
        "The launcher's role or a policy of the organization forbids this launch."
    ),
    "InvalidParameterCombination": (
        "An account on AWS's free plan may launch few types only: upgrade the plan, or deploy with "
        "InstanceTypes=c7i-flex.large,m7i-flex.large."
    ),
    "InvalidInstanceType": (
        "List types that this region offers: aws ec2 describe-instance-type-offerings"
    ),
    "OptInRequired": "Finish the sign-up of this AWS account for EC2.",
    "PendingVerification": "AWS is still verifying this account; wait for its mail.",
    "Blocked": "AWS has blocked this account: see the mails of AWS, or open a support case.",
}


def classify(code: str, status: int, message: str = "") -> Kind:
    """What an EC2 error means. After an unknown server error the launch remains undecided.

    Some codes are ambiguous, so the message decides: the free plan's refusal and contradictory
    parameters have the same code, and an unsupported type is mostly "not supported in your
    requested Availability Zone". An unknown code may be temporary, too.
    """
    lowered = message.lower()
    if code == "InvalidParameterCombination":
        return Kind.TYPE if any(each in lowered for each in _ABOUT_A_TYPE) else Kind.ACCOUNT
    if code == "Unsupported":
        return Kind.POOL if "availability zone" in lowered else Kind.TYPE
    if code == "InvalidParameterValue":
        return Kind.UNSETTLED if "instance profile" in lowered else Kind.ACCOUNT
    return _KINDS.get(code, Kind.AMBIGUOUS if status >= 500 else Kind.UNSETTLED)


def remedy(code: str, message: str = "") -> str:
    """What a person can do about this error code, if the message leaves no doubt."""
    free_plan = any(each in message.lower() for each in _ABOUT_THE_FREE_PLAN)
    known = code != "InvalidParameterCombination" or free_plan
    return (_REMEDIES.get(code, "") if known else "") or (
        "See AWS's message and docs/troubleshooting.md."
    )


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How an attempt ended for which no pool was left. ``problem`` is None if only capacity was
    missing."""

    outcome: Outcome
    problem: str | None


def conclude(answers: Sequence[PoolAnswer]) -> Conclusion:
    """The conclusion once every pool has been requested from or ruled out.

    Another attempt may find capacity or a free quota. It would not find other permissions or
    another plan: if these were the only obstacles, the attempt is refused for good.
    """
    stopped = next((each for each in answers if each.kind == Kind.ACCOUNT), None)
    if stopped:
        return Conclusion(Outcome.REFUSED, _refusal_text(stopped))
    lasting = [each for each in answers if each.kind == Kind.TYPE or each.code == _SPOT_ROLE]
    if lasting and len(lasting) == len(answers):
        different = {each.code: each for each in lasting}
        return Conclusion(Outcome.REFUSED, " ".join(map(_refusal_text, different.values())))
    return Conclusion(Outcome.NO_CAPACITY, advice(answers) or None)


def advice(answers: Sequence[PoolAnswer]) -> str:
    """What a person can do so that no whole market is ruled out; empty if none was."""
    closing = [each for each in answers if each.kind in (Kind.SPOT, Kind.ON_DEMAND)]
    remedies = (remedy(each.code, each.message) for each in closing)
    return " ".join(dict.fromkeys(remedies))


def _refusal_text(answer: PoolAnswer) -> str:
    return f"{answer.code}: {answer.message} {remedy(answer.code, answer.message)}"
