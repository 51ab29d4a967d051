"""What EC2 answers is read as AWS documents it, and closes no more than it says."""

import pytest

from launcher.launch.refusals import Kind, advice, classify, conclude, remedy
from shared.model.run import Market, Outcome, PoolAnswer

NOT_ELIGIBLE = "The specified instance type is not eligible for Free Tier."
NO_ZONE = (
    "Your requested instance type (c7g.medium) is not supported in your requested Availability "
    "Zone (us-east-1e)."
)
NO_PROFILE = (
    "Value (p) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile"
)
SPOT_ROLE = "AuthFailure.ServiceLinkedRoleCreationNotPermitted"


def answer(code: str, kind: Kind, market: Market = Market.SPOT) -> PoolAnswer:
    return PoolAnswer("c7g.medium", "eu-1a", market, code, kind, "AWS's words.", "subnet-a")


@pytest.mark.parametrize(
    ("code", "status", "message", "kind"),
    [
        ("InsufficientInstanceCapacity", 500, "", Kind.POOL),
        ("SpotMaxPriceTooLow", 400, "", Kind.POOL),
        ("Unsupported", 400, NO_ZONE, Kind.POOL),
        ("Unsupported", 400, "The requested configuration is not supported.", Kind.TYPE),
        ("InvalidParameterCombination", 400, NOT_ELIGIBLE, Kind.TYPE),
        ("InvalidParameterCombination", 400, "ENA is required for this instance type.", Kind.TYPE),
        ("InvalidParameterCombination", 400, "It is not part of the Free plan.", Kind.TYPE),
        ("InvalidParameterCombination", 400, "Contradictory.", Kind.ACCOUNT),
        ("InsufficientFreeAddressesInSubnet", 400, "", Kind.SUBNET),
        ("InsufficientVolumeCapacity", 500, "", Kind.ZONE),
        ("VolumeTypeNotAvailableInZone", 400, "", Kind.ZONE),
        ("MaxSpotInstanceCountExceeded", 400, "", Kind.SPOT),
        (SPOT_ROLE, 403, "", Kind.SPOT),
        ("VcpuLimitExceeded", 400, "", Kind.ON_DEMAND),
        ("RequestLimitExceeded", 503, "", Kind.AMBIGUOUS),
        ("InternalError", 500, "", Kind.AMBIGUOUS),
        ("NeverHeardOf", 502, "", Kind.AMBIGUOUS),
        ("IdempotentParameterMismatch", 400, "", Kind.AMBIGUOUS),
        ("NeverHeardOf", 400, "", Kind.UNSETTLED),
        ("InvalidParameterValue", 400, NO_PROFILE, Kind.UNSETTLED),
        ("InvalidSubnetID.NotFound", 400, "", Kind.UNSETTLED),
        ("InvalidGroup.NotFound", 400, "", Kind.UNSETTLED),
        ("InvalidParameterValue", 400, "Invalid value for MaxPrice", Kind.ACCOUNT),
        ("AuthFailure", 401, "", Kind.ACCOUNT),
        ("UnauthorizedOperation", 403, "", Kind.ACCOUNT),
        ("InvalidAMIID.NotFound", 400, "", Kind.ACCOUNT),
    ],
)
def test_errors_mean_what_aws_documents(code: str, status: int, message: str, kind: Kind) -> None:
    assert classify(code, status, message) is kind


def test_a_refusal_of_the_account_is_final_whatever_else_was_said() -> None:
    ended = conclude([answer("Full", Kind.POOL), answer("OptInRequired", Kind.ACCOUNT)])
    assert ended.outcome is Outcome.REFUSED
    assert ended.problem == (
        "OptInRequired: AWS's words. Finish the sign-up of this AWS account for EC2."
    )


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ([answer("InvalidParameterCombination", Kind.TYPE)], Outcome.REFUSED),
        ([answer(SPOT_ROLE, Kind.SPOT)], Outcome.REFUSED),
        (
            [answer(SPOT_ROLE, Kind.SPOT), answer("Full", Kind.POOL, Market.ON_DEMAND)],
            Outcome.NO_CAPACITY,
        ),
        ([answer("Unsupported", Kind.TYPE), answer("Full", Kind.POOL)], Outcome.NO_CAPACITY),
        ([answer("MaxSpotInstanceCountExceeded", Kind.SPOT)], Outcome.NO_CAPACITY),
        ([answer("Full", Kind.POOL)], Outcome.NO_CAPACITY),
    ],
)
def test_only_what_another_attempt_would_meet_again_is_refused_for_good(
    answers: list[PoolAnswer], outcome: Outcome
) -> None:
    assert conclude(answers).outcome is outcome


def test_mere_capacity_is_no_problem_to_be_mended() -> None:
    assert conclude([answer("Full", Kind.POOL)]).problem is None


def test_what_closed_a_whole_market_is_advised_once() -> None:
    output = advice([answer(SPOT_ROLE, Kind.SPOT), answer(SPOT_ROLE, Kind.SPOT)])
    assert output == remedy(SPOT_ROLE)
    assert "create-service-linked-role --aws-service-name spot.amazonaws.com" in output


def test_the_wrong_region_errors_of_the_seed_page_have_their_remedy() -> None:
    assert "KeyName" in remedy("InvalidKeyPair.NotFound")
    assert "region" in remedy("InvalidAMIID.NotFound")


def test_the_free_plan_is_advised_about_only_where_the_message_names_it() -> None:
    code = "InvalidParameterCombination"
    assert "free plan" in remedy(code, NOT_ELIGIBLE)
    assert "free plan" not in remedy(code, "ENA is required for this instance type.")


def test_subnets_of_another_network_than_the_security_group_have_their_remedy() -> None:
    """EC2's code for "Security group ... and subnet ... belong to different networks"."""
    assert "SubnetIds" in remedy("InvalidParameter")
